/** A stock libp2p node (tcp, noise, yamux) that answers one JSON-RPC line per stream, in a process of its own. */
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'

const node = await createLibp2p({
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionMonitor: { enabled: false },
})
await node.handle(
  '/bench/call/1',
  async (stream) => {
    for await (const chunk of stream) {
      const bytes = chunk.subarray()
      const { id, params } = JSON.parse(Buffer.from(bytes).toString()) as {
        id: number
        params: { arguments: { text: string } }
      }
      const result = { content: [{ type: 'text', text: params.arguments.text }] }
      stream.send(Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`))
      await stream.close()
      return
    }
  },
  { maxInboundStreams: 1024 },
)
process.send?.({ address: node.getMultiaddrs()[0]?.toString() })
process.on('disconnect', () => process.exit(0))
