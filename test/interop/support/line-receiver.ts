import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** What a receiver does with a connection. */
export type Manner =
  /** Reads all, and ends when the sender ends. */
  | 'polite'
  /** Reads all, and never ends. */
  | 'silent'
  /** Ends as soon as it has read something. */
  | 'hasty'
  /** Reads nothing. */
  | 'deaf'
  /** Is killed when it has read something, with all that it had in memory. */
  | 'dying'

/** A receiver of lines over TCP that behaves as a test wants. */
export class LineReceiver {
  manner: Manner = 'polite'
  /** For the next connections, before `manner`. */
  readonly next: Manner[] = []
  port = 0
  connections = 0
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #text = ''

  static async start(): Promise<LineReceiver> {
    const receiver = new LineReceiver()
    await receiver.start()
    onTestFinished(async () => receiver.stop())
    return receiver
  }

  /** Listens, on the port that it had before. */
  async start(): Promise<void> {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket))
    this.#server.listen(this.port, '127.0.0.1')
    await once(this.#server, 'listening')
    const address = this.#server.address()
    if (address !== null && typeof address === 'object') this.port = address.port
  }

  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    server.close()
    for (const socket of this.#sockets) socket.resetAndDestroy()
    await once(server, 'close')
  }

  /** The lines that have come so far, of all connections. */
  lines(): readonly string[] {
    return this.#text.split('\n').slice(0, -1)
  }

  /** Forgets what has come, as a receiver does that had it in memory alone. */
  forget(): void {
    this.#text = ''
  }

  #serve(socket: Socket): void {
    const manner = this.next.shift() ?? this.manner
    this.connections += 1
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => {
      // The sender gave up.
    })
    if (manner === 'deaf') return
    socket.on('data', (chunk) => {
      this.#text += chunk.toString('utf8')
      if (manner === 'hasty') socket.end()
      if (manner !== 'dying') return
      this.forget()
      socket.resetAndDestroy()
    })
    socket.on('end', () => {
      if (manner === 'polite') socket.end()
    })
  }
}
