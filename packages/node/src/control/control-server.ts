import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { CodedError, type JsonValue } from '@warren/core'
import { checkControlDirectory } from './check-control-directory.ts'
import { type ControlAnswer, type ControlRequest, parseControlRequest } from './control-protocol.ts'
import { readLine } from './line-reader.ts'

/** What the control socket bears, and for how long. */
export interface ControlLimits {
  readonly connectionsMax: number
  readonly requestBytesMax: number
  /** How long a client may take to say what it wants, and to take its answer. */
  readonly clientMs: number
}

const CONTROL_LIMITS: ControlLimits = {
  connectionsMax: 256,
  requestBytesMax: 4 * 1024 * 1024,
  clientMs: 10_000,
}

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
  readonly #limits: ControlLimits
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #stopping = new AbortController()

  constructor(path: string, handler: ControlHandler, limits: Partial<ControlLimits> = {}) {
    this.#path = path
    this.#handler = handler
    this.#limits = { ...CONTROL_LIMITS, ...limits }
    this.#server = createServer({ allowHalfOpen: true }, (socket) => void this.#serve(socket))
    this.#server.maxConnections = this.#limits.connectionsMax
  }

  /** How many clients are here. */
  get connections(): number {
    return this.#sockets.size
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
      await this.#handle(socket, gone)
    } catch (error) {
      if (!(error instanceof CodedError)) this.#handler.onDefect(error)
      await this.#answer(socket, refusal(error))
    }
  }

  async #handle(socket: Socket, gone: AbortController): Promise<void> {
    const { requestBytesMax, clientMs } = this.#limits
    socket.on('timeout', () => socket.destroy())
    socket.setTimeout(clientMs)
    const request = parseControlRequest(await readLine(socket, requestBytesMax))
    socket.setTimeout(0)
    if (request.do === 'connect') {
      await this.#handler.connect(request.server, socket, () => {
        socket.write(`${JSON.stringify({ ok: true, value: null })}\n`)
      })
      return
    }
    // A command says one thing and waits: its end means that nobody waits any more. It is seen only
    // by who reads on, and what comes behind the request is nothing.
    socket.on('end', () => gone.abort())
    socket.resume()
    const signal = AbortSignal.any([gone.signal, this.#stopping.signal])
    const value = await this.#handler.answer(request, signal)
    await this.#answer(socket, { ok: true, value })
  }

  /** Says the one answer. A client that does not take it, or does not leave afterwards, is hung up on. */
  async #answer(socket: Socket, answer: ControlAnswer): Promise<void> {
    socket.setTimeout(this.#limits.clientMs)
    await say(socket, answer)
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
