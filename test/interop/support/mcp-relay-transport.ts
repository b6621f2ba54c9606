import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { JsonRpcMessage, ProcessServer } from '@warren/mcp'
import { MemoryHost, type TestMesh } from '../../../packages/mcp/test/support/test-mesh.ts'

/** What both SDKs ask of a transport. */
export interface AnyTransport {
  start(): Promise<void>
  send(message: unknown, options?: unknown): Promise<void>
  close(): Promise<void>
  onclose?: (() => void) | undefined
  onerror?: ((error: Error) => void) | undefined
  onmessage?: ((message: never, extra?: never) => void) | undefined
}

export interface Recorded {
  readonly sent: unknown[]
  readonly received: unknown[]
}

/** A host of the SDK, connected to a server through the relay. */
export class MeshTransport implements AnyTransport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: (message: never) => void
  readonly #mesh: TestMesh
  readonly #server: string
  readonly #host = new MemoryHost()
  #closed = false

  constructor(mesh: TestMesh, server: string) {
    this.#mesh = mesh
    this.#server = server
  }

  async start(): Promise<void> {
    this.#host.hearing = (message) => this.onmessage?.(message as never)
    this.#host.closing = () => this.#close()
    await this.#mesh.session(this.#server, this.#host)
  }

  send(message: unknown): Promise<void> {
    this.#host.say(message)
    return Promise.resolve()
  }

  close(): Promise<void> {
    this.#host.leave()
    this.#close()
    return Promise.resolve()
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.onclose?.()
  }
}

/** Notes what passes a transport in either direction, without changing it. */
export function recording<T extends AnyTransport>(
  transport: T,
): T & { readonly recorded: Recorded } {
  const recorded: Recorded = { sent: [], received: [] }
  const send = transport.send.bind(transport)
  const note = (list: unknown[], message: unknown): void =>
    void list.push(structuredClone(message as JsonRpcMessage))
  const recorder = Object.assign(transport, { recorded })
  recorder.send = (message, options) => {
    note(recorded.sent, message)
    return send(message, options)
  }
  let receive: AnyTransport['onmessage']
  Object.defineProperty(recorder, 'onmessage', {
    get: () => receive,
    set: (handler: AnyTransport['onmessage']) => {
      receive = (message, extra) => {
        note(recorded.received, message)
        handler?.(message, extra)
      }
    },
  })
  return recorder
}

/** A file of an npm package of the test workspace. */
export function packageFile(name: string, path: string): string {
  const require = createRequire(import.meta.url)
  return join(dirname(require.resolve(`${name}/package.json`)), path)
}

/** Real servers, by the files that start them. */
export const EVERYTHING: string = packageFile(
  '@modelcontextprotocol/server-everything',
  'dist/index.js',
)
export const FILESYSTEM: string = packageFile(
  '@modelcontextprotocol/server-filesystem',
  'dist/index.js',
)
export const MEMORY: string = packageFile('@modelcontextprotocol/server-memory', 'dist/index.js')

/** Servers of the SDK v2, in both eras: on standard streams, and behind HTTP. */
export const MODERN_STDIO: string = join(import.meta.dirname, 'mcp-modern-server.ts')
export const MODERN_HTTP: string = join(import.meta.dirname, 'mcp-modern-http.ts')

/** The environment is the same on both ways, so that a server which shows it shows the same. */
export const ENVIRONMENT: Readonly<Record<string, string>> = Object.fromEntries(
  ['HOME', 'PATH', 'LOGNAME', 'SHELL', 'TERM', 'USER', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TMPDIR', 'TZ']
    .map((name) => [name, process.env[name]] as const)
    .filter((entry): entry is readonly [string, string] => entry[1] !== undefined),
)

export function nodeServer(name: string, file: string, ...args: readonly string[]): ProcessServer {
  const { execPath: command } = process
  return { transport: 'stdio', name, command, args: [file, ...args], env: ENVIRONMENT }
}

/**
 * The messages of one side, settled, and its answers apart: a server may ask while the host is busy with requests of its
 * own, and which of the two is first on the wire says nothing.
 */
export function inLanes(messages: readonly unknown[]): unknown {
  const all = settled(messages) as readonly object[]
  return {
    asked: all.filter((message) => 'method' in message),
    answered: all.filter((message) => !('method' in message)),
  }
}

/** What differs from run to run although nothing is different: times and random ids. */
export function settled(messages: readonly unknown[]): unknown {
  const text = JSON.stringify(messages)
    .replaceAll(/"blob":"([A-Za-z0-9+/]+=*)"/g, (_match, blob: string) => {
      return `"blob":${JSON.stringify(Buffer.from(blob, 'base64').toString())}`
    })
    // A tool that prints its environment: the order of the variables says nothing.
    .replaceAll(/"text":"(\{\\n(?:[^"\\]|\\.)*\})"/g, (_match, escaped: string) => {
      const variables = JSON.parse(JSON.parse(`"${escaped}"`) as string) as object
      return `"text":${JSON.stringify(Object.entries(variables).toSorted(([a], [b]) => (a < b ? -1 : 1)))}`
    })
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'TIME')
    .replaceAll(/\d{1,2}:\d\d:\d\d [AP]M/g, 'TIME')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UUID')
    .replaceAll(/\b[0-9a-f]{32}\b/g, 'RANDOM')
  return JSON.parse(text)
}
