import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock, RandomSource } from '@warren/core'
import {
  type Caller,
  type ConsumerComponents,
  encodeMessage,
  type Gate,
  type HostChannel,
  type HostSession,
  type JsonRpcMessage,
  type Logger,
  type MeshStream,
  openSession,
  parseMessage,
  type PeerServer,
  MESSAGE_LIMITS,
  Provider,
  type ProcessServer,
  type ProviderEvent,
  type ProviderLimits,
  type RelayLimits,
  type RequestId,
  type Scheduler,
  type ServerDefinition,
  systemScheduler,
} from '@warren/mcp'
import { type MemoryStream, memoryStreamPair } from '@warren/testkit'

export const CALLER: Caller = { did: 'did:webvh:QmCaller:warren.internal' }
export const allowAll: Gate = { decide: () => Promise.resolve({ allowed: true, rule: 'test' }) }
export const clock: Clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() }
export const random: RandomSource = { randomBytes: (length) => new Uint8Array(randomBytes(length)) }

export interface LogLine {
  readonly level: string
  readonly event: string
  readonly details: unknown
}

export function memoryLogger(): Logger & { readonly lines: LogLine[] } {
  const lines: LogLine[] = []
  return { lines, log: (level, event, details) => lines.push({ level, event, details }) }
}

/** The test server of this folder, as a configured server. */
export function scriptServer(extra: Partial<ProcessServer> = {}): ProcessServer {
  const args = [join(import.meta.dirname, 'script-server.ts')]
  return { transport: 'stdio', name: 'script', command: process.execPath, args, ...extra }
}

export interface TestMeshInit {
  readonly servers: readonly ServerDefinition[]
  readonly gate?: Gate
  readonly limits?: Partial<ProviderLimits>
  readonly relayLimits?: Partial<RelayLimits>
  readonly scheduler?: Scheduler
  readonly report?: (event: ProviderEvent) => void
  readonly withdrawn?: (servers: ReadonlySet<string>) => void
}

/** A provider and the way to it, without a network in between: streams in memory, with real back-pressure. */
export class TestMesh {
  readonly provider: Provider
  readonly logger = memoryLogger()
  readonly components: ConsumerComponents
  readonly opened: MemoryStream[] = []
  readonly #init: TestMeshInit

  constructor(init: TestMeshInit) {
    this.#init = init
    this.components = { logger: this.logger, scheduler: systemScheduler }
    this.provider = new Provider({
      servers: init.servers,
      gate: init.gate ?? allowAll,
      clock,
      logger: this.logger,
      scheduler: init.scheduler ?? systemScheduler,
      ...(init.report === undefined ? {} : { report: init.report }),
      ...(init.withdrawn === undefined ? {} : { withdrawn: init.withdrawn }),
      limits: { inputGraceMs: 500, termGraceMs: 500, ...init.limits },
    })
  }

  /** Opens streams to the provider as a caller. */
  as(caller: Caller): () => Promise<MeshStream> {
    return () => {
      const [near, far] = memoryStreamPair()
      this.opened.push(near)
      void this.provider.serve(far, caller)
      return Promise.resolve(near)
    }
  }

  peer(server: string, caller: Caller = CALLER): PeerServer {
    return { open: this.as(caller), server, limits: this.#init.relayLimits ?? {} }
  }

  session(server: string, host: HostChannel, caller: Caller = CALLER): Promise<HostSession> {
    const peer = this.peer(server, caller)
    return openSession({ peer, host, random, components: this.components })
  }
}

/** A host in this process: what it says and hears, through the same serialisation and door as anywhere. */
export class MemoryHost implements HostChannel {
  readonly messages: AsyncIterable<JsonRpcMessage>
  readonly heard: JsonRpcMessage[] = []
  readonly related = new Map<JsonRpcMessage, RequestId>()
  closedBy: Error | undefined
  hearing: (message: JsonRpcMessage) => void = () => {}
  closing: () => void = () => {}
  /** Resolves when the host has room; replaced by tests that read slowly. */
  room: () => Promise<void> = () => Promise.resolve()
  readonly #queue: JsonRpcMessage[] = []
  #ended: 'no' | 'orderly' | Error = 'no'
  #wake = Promise.withResolvers<void>()

  constructor() {
    this.messages = this.#read()
  }

  say(message: unknown): void {
    this.#queue.push(parseMessage(encodeMessage(message as JsonRpcMessage), MESSAGE_LIMITS))
    this.#signal()
  }

  /** Closes the host's side in an orderly way, or breaks it. */
  leave(error?: Error): void {
    this.#ended = error ?? 'orderly'
    this.#signal()
  }

  async send(message: JsonRpcMessage, relatedTo?: RequestId): Promise<void> {
    await this.room()
    if (this.#ended instanceof Error) throw this.#ended
    const heard = parseMessage(encodeMessage(message), MESSAGE_LIMITS)
    if (relatedTo !== undefined) this.related.set(heard, relatedTo)
    this.heard.push(heard)
    this.hearing(heard)
  }

  close(reason: Error): void {
    this.closedBy = reason
    if (this.#ended === 'no') this.leave()
    this.closing()
  }

  /** Waits for a message that fits. */
  async hears(
    fits: (message: JsonRpcMessage) => boolean,
    withinMs = 10_000,
  ): Promise<JsonRpcMessage> {
    return eventually(() => this.heard.find((message) => fits(message)), withinMs)
  }

  answerTo(id: RequestId, withinMs?: number): Promise<JsonRpcMessage> {
    return this.hears((message) => !('method' in message) && message['id'] === id, withinMs)
  }

  #signal(): void {
    const { resolve } = this.#wake
    this.#wake = Promise.withResolvers<void>()
    resolve()
  }

  async *#read(): AsyncGenerator<JsonRpcMessage> {
    for (;;) {
      const next = this.#queue.shift()
      if (next !== undefined) yield next
      else if (this.#ended instanceof Error) throw this.#ended
      else if (this.#ended === 'orderly') return
      else await this.#wake.promise
    }
  }
}

/** Polls until there is something, with a deadline. */
export async function eventually<T>(
  find: () => T | undefined | false,
  withinMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const found = await Promise.resolve(find())
    if (found !== undefined && found !== false) return found
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${String(find)}`)
    await delay(5)
  }
}
