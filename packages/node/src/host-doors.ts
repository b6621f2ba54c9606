import type { Socket } from 'node:net'
import type { CryptoSuite } from '@warren/crypto'
import {
  AggregateEndpoint,
  type Catalog,
  HttpEntry,
  type Logger,
  type Readiness,
  serveStream,
  type UnsentRequest,
} from '@warren/mcp'
import { readPrivateFile, StorageError, writePrivateFile } from '@warren/storage'
import { messageLimitsOf } from './config/applied-limits.ts'
import type { Config } from './config/load-config.ts'
import type { MeshCatalog } from './mesh-catalog.ts'
import { noSuchServer } from './no-such-server.ts'
import { VERSION } from './version.ts'

export interface HostDoorsInit {
  readonly suite: CryptoSuite
  readonly config: Pick<Config, 'http' | 'limits'>
  readonly catalog: Pick<MeshCatalog, 'through'>
  readonly logger: Logger
}

/** What stands behind one door. */
interface Door {
  readonly catalog: Catalog
  readonly aggregate: AggregateEndpoint
}

const SERVER_INFO = { name: 'warren', version: VERSION }
const TOKEN_BYTES = 32
const TOKEN_FILE_BYTES_MAX = 1024

/** The doors through which AI hosts of this machine come in: the Unix socket, and HTTP on loopback where it is switched on. */
export class HostDoors {
  readonly #init: HostDoorsInit
  /** What hosts on pipes see, and those that come over HTTP: the same, but for what is written down of whom. */
  readonly #piped: Door
  readonly #web: Door
  readonly #stopping = new AbortController()
  readonly #served = new Set<Promise<unknown>>()
  #http: HttpEntry | undefined

  constructor(init: HostDoorsInit) {
    this.#init = init
    this.#piped = this.#doorTo(init.catalog.through('stdio'))
    this.#web = this.#doorTo(init.catalog.through('http'))
  }

  /** Where HTTP hosts reach this node; undefined where the entry is switched off. */
  get httpAddress(): string | undefined {
    return this.#http === undefined ? undefined : `http://127.0.0.1:${this.#http.port}`
  }

  async start(): Promise<void> {
    const { config, suite, logger } = this.#init
    if (!config.http.enabled) return
    const entry = new HttpEntry(
      {
        port: config.http.port,
        tokens: [await this.#token()],
        messageLimits: messageLimitsOf(config),
      },
      {
        ...this.#web,
        random: suite,
        sha256: (bytes) => suite.sha256(bytes),
        logger,
        readiness: () => this.#readiness(),
      },
    )
    await entry.start()
    this.#http = entry
  }

  /** Serves one host on a socket until one of them ends: one server unchanged, or all of them together. */
  async serveSocket(server: string | undefined, socket: Socket, accept: () => void): Promise<void> {
    const { aggregate, catalog } = this.#piped
    const endpoint = server === undefined ? aggregate : catalog.endpoint(server)
    if (endpoint === undefined) throw noSuchServer(server ?? '')
    accept()
    const limits = messageLimitsOf(this.#init.config)
    const unsent = async (request: UnsentRequest): Promise<void> =>
      catalog.unsent?.({ ...request, ...(server === undefined ? {} : { alias: server }) })
    const { signal } = this.#stopping
    const serving = serveStream(socket, { endpoint, signal, limits, unsent })
    this.#served.add(serving)
    await serving
    this.#served.delete(serving)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#http?.stop()
    await Promise.all([this.#piped.aggregate.stop(), this.#web.aggregate.stop()])
    await Promise.allSettled(this.#served)
  }

  #doorTo(catalog: Catalog): Door {
    const { suite, logger } = this.#init
    const aggregate = new AggregateEndpoint(
      { serverInfo: SERVER_INFO },
      { catalog, sha256: (bytes) => suite.sha256(bytes), logger },
    )
    return { catalog, aggregate }
  }

  #readiness(): Readiness {
    const servers = this.#web.catalog.servers()
    if (servers.length > 0)
      return { ready: true, reasons: [], details: { servers: servers.map(({ alias }) => alias) } }
    return {
      ready: false,
      reasons: ['no server can be reached: no member that is here offers one to this node'],
    }
  }

  /** The bearer token of the HTTP entry; made at first use. */
  async #token(): Promise<string> {
    const { config, suite } = this.#init
    const path = config.http.tokenFile
    try {
      return Buffer.from(await readPrivateFile(path, TOKEN_FILE_BYTES_MAX))
        .toString('utf8')
        .trim()
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'file-missing') throw error
    }
    const token = Buffer.from(suite.randomBytes(TOKEN_BYTES)).toString('base64url')
    await writePrivateFile({ path, bytes: Buffer.from(`${token}\n`), replace: false })
    return token
  }
}
