import { createServer, type Server, type Socket } from 'node:net'
import type { PGlite } from '@electric-sql/pglite'

/** AuthenticationOk, then ReadyForQuery in no transaction (PostgreSQL 18 §54.7). */
const WELCOME = Buffer.from('5200000008000000005a0000000549', 'hex')
const NO_TLS = Buffer.from('N')
const TLS_REQUEST = 80_877_103
const MESSAGE_BYTES_MAX = 1 << 20

/**
 * Serves a PGlite on loopback in Postgres' own protocol, to one client after another: to whoever connects it is a
 * Postgres without a password.
 */
export async function servePostgres(database: PGlite): Promise<{ port: number; server: Server }> {
  const server = createServer((socket) => {
    void new Connection(socket, database).serve()
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return { port: address.port, server }
}

class Connection {
  readonly #socket: Socket
  readonly #database: PGlite
  #waiting: Buffer = Buffer.alloc(0)
  #isStarted = false

  constructor(socket: Socket, database: PGlite) {
    this.#socket = socket
    this.#database = database
  }

  async serve(): Promise<void> {
    try {
      for await (const chunk of this.#socket) {
        this.#waiting = Buffer.concat([this.#waiting, chunk])
        for (let message = this.#next(); message !== undefined; message = this.#next()) {
          await this.#answer(message)
        }
      }
    } catch {
      // The client has gone, or speaks another protocol.
      this.#socket.destroy()
    }
  }

  /** One whole message, with its type but for the first ones. */
  #next(): Buffer | undefined {
    const head = this.#isStarted ? 1 : 0
    if (this.#waiting.length < head + 4) return undefined
    const length = head + this.#waiting.readUInt32BE(head)
    if (length > MESSAGE_BYTES_MAX) throw new Error('the message is too long')
    if (this.#waiting.length < length) return undefined
    const message = this.#waiting.subarray(0, length)
    this.#waiting = this.#waiting.subarray(length)
    return message
  }

  async #answer(message: Buffer): Promise<void> {
    if (!this.#isStarted) {
      const isTls = message.readUInt32BE(4) === TLS_REQUEST
      this.#isStarted = !isTls
      this.#socket.write(isTls ? NO_TLS : WELCOME)
      return
    }
    // Terminate would end the database for everybody.
    if (message.toString('latin1', 0, 1) === 'X') this.#socket.end()
    else this.#socket.write(await this.#database.execProtocolRaw(message))
  }
}
