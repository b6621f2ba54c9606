import type { PeerInfo } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { nodeSuite } from '@warren/crypto'
import { createLibp2p } from 'libp2p'
import { lanDiscovery } from '../../../packages/network/src/lan-discovery.ts'
import { withLinkLocal } from '../../../packages/network/src/lan-discovery-tcp.ts'

/**
 * A libp2p node with LAN discovery and nothing else of Warren: says in lines of JSON what it heard
 * of whom, and to which address it could connect. Arguments: mesh id, listen addresses.
 */
const [meshId = '', ...listen] = process.argv.slice(2)
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`)

const discovery = lanDiscovery({
  suite: nodeSuite,
  clock: { wallMs: () => Date.now(), monotonicMs: () => performance.now() },
  meshId,
  onError: ({ code, message }) => say({ kind: 'error', code, message }),
})

const node = await createLibp2p({
  addresses: { listen },
  transports: [withLinkLocal(tcp())],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  peerDiscovery: [
    (components) => {
      const service = discovery(components)
      // libp2p's own `peer:discovery` tells of each peer once only, however its addresses change.
      service.addEventListener('peer', ({ detail }) => void dialAll(detail))
      return service
    },
  ],
})
say({ kind: 'started', peer: node.peerId.toString() })

async function dialAll({ id, multiaddrs }: PeerInfo): Promise<void> {
  say({ kind: 'heard', peer: id.toString(), addresses: multiaddrs.map(String) })
  for (const address of multiaddrs) {
    try {
      const signal = AbortSignal.timeout(3_000)
      const connection = await node.dial(address, { force: true, signal })
      say({ kind: 'connected', peer: id.toString(), address: address.toString() })
      await connection.close()
    } catch (error) {
      say({ kind: 'unreachable', address: address.toString(), reason: String(error) })
    }
  }
}
