import type { Connection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Libp2p } from 'libp2p'
import type { Channel } from './channel.ts'
import type { KnownPeer } from './known-peers.ts'
import type { LinkRegistry } from './link-registry.ts'
import { NetworkError } from './network-error.ts'
import { parsePeerAddress } from './peer-address.ts'
import type { PeerLink } from './peer-link.ts'
import { untilAborted } from './until-aborted.ts'

type DialTarget = Parameters<Libp2p['dial']>[0]

interface DialOptions {
  readonly signal: AbortSignal
  readonly force?: boolean
}

export interface LinkDialingComponents {
  readonly links: LinkRegistry
  readonly node: () => Pick<Libp2p, 'dial'>
}

/** Opens connections: up to the handshake, or up to admission. */
export class LinkDialing {
  readonly #components: LinkDialingComponents

  constructor(components: LinkDialingComponents) {
    this.#components = components
  }

  /** Connects to an address and waits for admission. */
  async dial(address: string, signal: AbortSignal): Promise<Channel> {
    return admitted(await this.open(parsePeerAddress(address), signal), signal)
  }

  /** Connects again to a peer that was admitted before: where we found it, or where it said it is. */
  async redial({ peerId, address }: KnownPeer, signal: AbortSignal): Promise<Channel> {
    const target = address === undefined ? peerIdFromString(peerId) : parsePeerAddress(address)
    return admitted(await this.open(target, signal), signal)
  }

  /** Connects and waits for the handshake alone. */
  async open(target: DialTarget, signal: AbortSignal): Promise<PeerLink> {
    const link = await this.#connect(target, { signal })
    // libp2p is content with any connection that is open, also with one that only serves its last calls.
    if (!link.isRetired) return link
    const others = this.#components.links.all().filter(({ peerId }) => peerId === link.peerId)
    const current = others.find(({ isRetired }) => !isRetired)
    return current ?? this.#connect(target, { signal, force: true })
  }

  async #connect(target: DialTarget, options: DialOptions): Promise<PeerLink> {
    const { signal } = options
    signal.throwIfAborted()
    let connection: Connection
    try {
      connection = await this.#components.node().dial(target, options)
    } catch (error) {
      signal.throwIfAborted()
      throw dialError(error)
    }
    const link = this.#components.links.find(connection)
    if (link === undefined) {
      throw new NetworkError('channel-unbound', 'the connection has no handshake of ours')
    }
    return link
  }
}

async function admitted(link: PeerLink, signal: AbortSignal): Promise<Channel> {
  await untilAborted(link.admission, signal)
  return link.channel
}

/** libp2p's errors are told by their names: its classes may be in the tree twice. */
function dialError(error: unknown): NetworkError {
  const name = error instanceof Error ? error.name : ''
  if (name === 'DialDeniedError' || name === 'ConnectionInterceptedError') {
    return new NetworkError('peer-expelled', 'the peer was expelled', { cause: error })
  }
  if (name === 'EncryptionFailedError') {
    const message = 'the peer is not of this mesh, or not the one that was dialled'
    return new NetworkError('channel-refused', message, { cause: error })
  }
  return new NetworkError('peer-unreachable', 'nobody answers at this address', { cause: error })
}
