import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { EntryError } from './entry-error.ts'
import type { HttpLimits } from './http-limits.ts'

/** Two names of this machine; nothing else is ever listened on. */
const IPV4 = '127.0.0.1'
const IPV6 = '::1'
/** A machine without IPv6 has only one of the two. */
const NO_SUCH_ADDRESS: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT'])
/** How often another port is drawn when the other address has it taken. */
const DRAWS_MAX = 8

/** The listening sockets of the HTTP entry: one port on both loopback addresses. */
export class LoopbackListener {
  readonly #limits: HttpLimits
  readonly #serve: RequestListener
  #servers: readonly Server[] = []

  constructor(limits: HttpLimits, serve: RequestListener) {
    this.#limits = limits
    this.#serve = serve
  }

  /**
   * Listens on the port, or on a free one for 0, and gives it.
   *
   * Where another program holds the port on one address only, hosts that say "localhost" would show
   * it their token; so that is an error.
   *
   * @throws EntryError `port-taken`
   */
  async start(port: number): Promise<number> {
    for (let draw = 1; ; draw += 1) {
      const ipv4 = await this.#listen(IPV4, port)
      const bound = portOf(ipv4)
      try {
        this.#servers = [ipv4, await this.#listen(IPV6, bound)]
        return bound
      } catch (error) {
        if (NO_SUCH_ADDRESS.has(errnoOf(error))) {
          this.#servers = [ipv4]
          return bound
        }
        await closed(ipv4)
        if (port !== 0 || draw === DRAWS_MAX) throw error
      }
    }
  }

  /** Stops listening and breaks what is still open. */
  async stop(): Promise<void> {
    await Promise.all(this.#servers.map(closed))
    this.#servers = []
  }

  async #listen(host: string, port: number): Promise<Server> {
    const server = this.#create()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject)
    server.listen({ host, port, exclusive: true }, resolve)
    try {
      await promise
    } catch (error) {
      if (errnoOf(error) !== 'EADDRINUSE') throw error
      throw new EntryError('port-taken', `port ${port} of ${host} is in use`, { cause: error })
    }
    server.off('error', reject)
    return server
  }

  #create(): Server {
    const limits = this.#limits
    const server = createServer(
      {
        connectionsCheckingInterval: limits.checkMs,
        headersTimeout: limits.headersMs,
        requestTimeout: limits.requestMs,
        keepAliveTimeout: limits.keepAliveMs,
        maxHeaderSize: limits.headerBytesMax,
        noDelay: true,
        insecureHTTPParser: false,
      },
      this.#serve,
    )
    server.maxConnections = limits.connectionsMax
    server.maxHeadersCount = limits.headersMax
    // Answers of any length: a call may work for long before it says anything.
    server.timeout = 0
    return server
  }
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('not listening on TCP')
  return address.port
}

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

async function closed(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeAllConnections()
  await promise
}
