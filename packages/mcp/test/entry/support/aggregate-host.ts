import {
  AggregateEndpoint,
  type AggregateLimits,
  type Catalog,
  type EndpointSession,
  type JsonRpcMessage,
  type Logger,
  type Scheduler,
} from '@warren/mcp'
import { MemoryHost } from '../../support/test-mesh.ts'
import { sha256, silent } from './stream-endpoint.ts'

export const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'host', version: '1' },
}

export interface Answer {
  readonly id: unknown
  readonly result?: Record<string, unknown> & { readonly _meta?: Record<string, unknown> }
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
}

interface Setting {
  readonly limits?: Partial<AggregateLimits>
  readonly scheduler?: Scheduler
  readonly logger?: Logger
}

/** A host connected to the aggregate by a channel in memory. */
export class AggregateHost {
  readonly host = new MemoryHost()
  readonly endpoint: AggregateEndpoint
  session: EndpointSession | undefined
  #lastId = 0

  constructor(catalog: Catalog, { limits, scheduler, logger = silent }: Setting = {}) {
    this.endpoint = new AggregateEndpoint(
      { serverInfo: { name: 'warren', version: '0' }, limits: { debounceMs: 10, ...limits } },
      { catalog, sha256, logger, ...(scheduler === undefined ? {} : { scheduler }) },
    )
  }

  /** A host of the legacy era that has shaken hands. */
  static async legacy(
    catalog: Catalog,
    setting: Setting & { readonly capabilities?: object } = {},
  ): Promise<AggregateHost> {
    const made = new AggregateHost(catalog, setting)
    await made.open()
    await made.ask('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: setting.capabilities ?? {},
      clientInfo: { name: 'host', version: '1' },
    })
    return made
  }

  async open(): Promise<this> {
    this.session = await this.endpoint.openSession(this.host, new AbortController().signal)
    return this
  }

  /** Says a request and gives its id. */
  say(method: string, params: object = {}): number {
    const id = (this.#lastId += 1)
    this.host.say({ jsonrpc: '2.0', id, method, params })
    return id
  }

  async ask(method: string, params: object = {}): Promise<Answer> {
    return (await this.host.answerTo(this.say(method, params))) as unknown as Answer
  }

  /** A request of the stateless era. */
  askModern(method: string, params: object = {}): Promise<Answer> {
    return this.ask(method, { ...params, _meta: ENVELOPE })
  }

  async names(method = 'tools/list', member = 'tools'): Promise<readonly string[]> {
    const { result } = await this.ask(method)
    return ((result?.[member] ?? []) as { name: string }[]).map(({ name }) => name)
  }

  notes(method: string): readonly JsonRpcMessage[] {
    return this.host.heard.filter((message) => message['method'] === method)
  }
}

export function textOf({ result }: Answer): string {
  return (result?.['content'] as { text: string }[] | undefined)?.[0]?.text ?? ''
}
