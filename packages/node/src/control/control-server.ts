import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { CodedError, type JsonValue } from '@warren/core'
import { checkControlDirectory } from './check-control-directory.ts'
import { type ControlAnswer, type ControlRequest, parseControlRequest } from './control-protocol.ts'
import { readLine } from './line-reader.ts'

const CONNECTIONS_MAX = 256
const REQUEST_BYTES_MAX = 4 * 1024 * 1024
const REQUEST_TIMEOUT_MS = 10_000

/** What the running node does for local commands. */
export interface ControlHandler {
  /** Answers one request; what it throws is answered with its code. */
  answer(request: ControlRequest, signal: AbortSignal): Promise<JsonValue>
  /** Takes over a connection as a raw MCP pipe, after the host was told that it may speak. */
  connect(server: string | undefined, socket: Socket, accept: () => void): Promise<void>
  /** Is told of an error that has no code: a defect of ours, whose text is not shown to the command. */
  onDefect(error: unknown): void
}

/**
 * The Unix socket on which the local commands and AI hosts reach the running node.
 *
 * Only the user that runs the node can open it: the socket has mode 0600, its directory 0700.
 */
export class ControlServer {
  readonly #handler: ControlHandler
  readonly #path: string
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #stopping = new AbortController()

  constructor(path: string, handler: ControlHandler) {
    this.#path = path
    this.#handler = handler
    this.#server = createServer({ allowHalfOpen: true }, (socket) => void this.#serve(socket))
    this.#server.maxConnections = CONNECTIONS_MAX
  }

  /**
   * Starts listening. The caller holds the lock of the data directory, so a socket that lies there is stale.
   *
   * @throws NodeError `control-unsafe`
   */
  async start(): Promise<void> {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
    checkControlDirectory(this.#path)
    rmSync(this.#path, { force: true })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#server.once('error', reject)
    // The socket is created with the process's umask: nobody else may open it even for a moment.
    const umask = process.umask(0o177)
    this.#server.listen(this.#path, resolve)
    process.umask(umask)
    await promise
    chmodSync(this.#path, 0o600)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    for (const socket of this.#sockets) socket.destroy()
    if (!this.#server.listening) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    await promise
    rmSync(this.#path, { force: true })
  }

  async #serve(socket: Socket): Promise<void> {
    this.#sockets.add(socket)
    const gone = new AbortController()
    socket.on('close', () => {
      this.#sockets.delete(socket)
      gone.abort()
    })
    // A command that was interrupted is not the node's error; 'close' follows and ends its work.
    socket.on('error', () => socket.destroy())
    try {
      await this.#handle(socket, AbortSignal.any([gone.signal, this.#stopping.signal]))
    } catch (error) {
      if (!(error instanceof CodedError)) this.#handler.onDefect(error)
      await say(socket, refusal(error))
      socket.end()
    }
  }

  async #handle(socket: Socket, signal: AbortSignal): Promise<void> {
    socket.setTimeout(REQUEST_TIMEOUT_MS, () => socket.destroy())
    const request = parseControlRequest(await readLine(socket, REQUEST_BYTES_MAX))
    socket.setTimeout(0)
    if (request.do === 'connect') {
      await this.#handler.connect(request.server, socket, () => {
        socket.write(`${JSON.stringify({ ok: true, value: null })}\n`)
      })
      return
    }
    const value = await this.#handler.answer(request, signal)
    await say(socket, { ok: true, value })
    socket.end()
  }
}

function refusal(error: unknown): ControlAnswer {
  if (error instanceof CodedError)
    return { ok: false, code: String(error.code), message: error.message }
  return { ok: false, code: 'internal', message: 'the node failed; its log says why' }
}

function say(socket: Socket, answer: ControlAnswer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (socket.destroyed) return Promise.resolve()
  socket.write(`${JSON.stringify(answer)}\n`, () => resolve())
  socket.once('close', () => resolve())
  return promise
}
