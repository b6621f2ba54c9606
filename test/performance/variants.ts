import { fork } from 'node:child_process'
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { createMutualTlsFetch } from './https-fetch.ts'
import type { Variant } from './measure.ts'

const PROTOCOL_VERSION = '2026-07-28'
/** The text that every variant sends and gets back. */
const TEXT = 'x'.repeat(64)

/** Calls the trivial tool with a connected client of the official SDK. */
export async function echoOnce(client: Client, name = 'echo'): Promise<void> {
  const { content } = await client.callTool({ name, arguments: { text: TEXT } })
  const [block] = content
  if (block?.type !== 'text' || block.text !== TEXT)
    throw new Error('the tool answered something else')
}

/** A client of the 2026-07-28 era. */
export function modernClient(): Client {
  return new Client(
    { name: 'bench', version: '1.0.0' },
    { versionNegotiation: { mode: { pin: PROTOCOL_VERSION } } },
  )
}

/** The SDK's client and a child process, nothing between them. */
export async function directStdio(): Promise<Variant> {
  const client = new Client({ name: 'bench', version: '1.0.0' })
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [join(import.meta.dirname, 'serve-stdio.ts')],
  })
  await client.connect(transport)
  const { pid } = transport
  return {
    name: 'direct stdio',
    pids: pid === null || pid === undefined ? [] : [pid],
    call: () => echoOnce(client),
    stop: () => client.close(),
  }
}

/** Plain Streamable HTTP on loopback, kept connection. */
export async function directHttp(): Promise<Variant> {
  const server = await forkServer('serve-http.ts', [])
  const client = modernClient()
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${server.ready.port}/mcp`)),
  )
  return {
    name: 'direct Streamable HTTP',
    pids: [server.pid],
    call: () => echoOnce(client),
    stop: () => stopAll(client, server),
  }
}

/** Streamable HTTP under mutual TLS 1.3 with X25519MLKEM768. */
export async function mutualTls(certificates: string, kept: boolean): Promise<Variant> {
  const server = await forkServer('serve-http.ts', [certificates])
  const client = modernClient()
  const url = new URL(`https://127.0.0.1:${server.ready.port}/mcp`)
  const fetch = createMutualTlsFetch(certificates, kept)
  await client.connect(new StreamableHTTPClientTransport(url, { fetch }))
  return {
    name: kept ? 'mutual TLS, kept connection' : 'mutual TLS, new connection per call',
    pids: [server.pid],
    call: () => echoOnce(client),
    stop: () => stopAll(client, server),
  }
}

/** A new stream per call on a stock libp2p connection (tcp, noise, yamux), raw JSON-RPC. */
export async function stockLibp2p(): Promise<Variant> {
  const server = await forkServer('serve-libp2p.ts', [])
  const node = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
  })
  const connection = await node.dial(multiaddr(server.ready.address))
  let id = 0
  const call = async (): Promise<void> => {
    const stream = await connection.newStream('/bench/call/1', { maxOutboundStreams: 1024 })
    id += 1
    const params = { name: 'echo', arguments: { text: TEXT } }
    stream.send(
      Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })}\n`),
    )
    let answer = ''
    for await (const chunk of stream) answer += Buffer.from(chunk.subarray()).toString()
    if (!answer.includes(TEXT)) throw new Error('the stream answered something else')
    await stream.close()
  }
  return {
    name: 'stock libp2p stream',
    pids: [server.pid],
    call,
    stop: async () => {
      await node.stop()
      server.stop()
    },
  }
}

interface Forked {
  readonly pid: number
  readonly ready: { readonly port: number; readonly address: string }
  stop(): void
}

function forkServer(file: string, args: readonly string[]): Promise<Forked> {
  const child = fork(join(import.meta.dirname, file), args)
  const { promise, resolve, reject } = Promise.withResolvers<Forked>()
  child.once('message', (message) => {
    resolve({
      pid: child.pid ?? 0,
      ready: message as Forked['ready'],
      stop: () => child.disconnect(),
    })
  })
  child.once('exit', () => reject(new Error(`${file} ended early`)))
  return promise
}

async function stopAll(client: Client, server: Forked): Promise<void> {
  await client.close()
  server.stop()
}
