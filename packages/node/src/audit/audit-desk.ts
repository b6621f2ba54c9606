import type { AlertBody, EntryDraft, PolicyFile, SignedSetName } from '@warren/audit'
import { FILES_MAX } from '@warren/audit'
import type { Clock, JsonObject } from '@warren/core'
import type { Scheduler } from '@warren/mcp'
import type { AuditIndex, AuditQuery, AuditReceipt, AuditStore } from '@warren/storage'
import type { Report } from '../node-event.ts'
import { NoteQueue } from './note-queue.ts'
import { UnfinishedCalls } from './unfinished-calls.ts'

export interface AuditDeskInit {
  readonly store: AuditStore
  readonly clock: Pick<Clock, 'wallMs'>
  readonly scheduler: Scheduler
  readonly report: Report
}

/** A policy set, as the log names it. */
export interface NamedPolicySet {
  readonly digest: string
  readonly files: readonly PolicyFile[]
  readonly signed?: {
    readonly manifest: Omit<SignedSetName, 'manifest' | 'signers'> & { readonly id: string }
    readonly signers: readonly string[]
  }
}

/** The audit log of a running node: what has to be on the disk before something happens, and what is told afterwards. */
export class AuditDesk {
  readonly store: AuditStore
  readonly #init: AuditDeskInit
  readonly #notes: NoteQueue
  readonly #unfinished: UnfinishedCalls
  #index: Promise<AuditIndex> | undefined
  #unavailableSinceMs: number | undefined
  #begun = false

  constructor(init: AuditDeskInit) {
    const { store, scheduler, report } = init
    this.#init = init
    this.store = store
    this.#notes = new NoteQueue({ scheduler, report, append: async (draft) => this.append(draft) })
    this.#unfinished = new UnfinishedCalls({ store, report, note: (draft) => this.note(draft) })
    store.health.listen((state) => this.#onHealth(state))
  }

  /** Begins the entries of this run; a node that cannot write them does not start. */
  async begin(version: string, mesh: string, policies: NamedPolicySet): Promise<void> {
    const { size } = this.store
    const { seq } = await this.append({ kind: 'start', version, mesh, size })
    this.#begun = true
    await this.policyChanged(undefined, policies)
    this.#unfinished.lookBack(seq)
  }

  /** Writes an entry; resolves with its place when it is on the disk. */
  async append(draft: EntryDraft): Promise<AuditReceipt> {
    return this.store.append(draft)
  }

  /** The same for an entry that may wait until something else is written, for a while. */
  async appendLater(draft: EntryDraft): Promise<AuditReceipt> {
    return this.store.appendLater(draft)
  }

  /** Writes an entry for which nobody waits, in order with others of the kind, as soon as it can be written. */
  note(draft: EntryDraft): void {
    this.#notes.add(draft)
  }

  /** Writes down something that an operator should see. */
  alert(alert: Omit<AlertBody, 'kind'>): void {
    this.note({ kind: 'alert', ...alert })
  }

  /** Writes down which policy set decides from now on; whoever puts it in force waits for this. */
  async policyChanged(
    from: string | undefined,
    { digest, files, signed }: NamedPolicySet,
  ): Promise<void> {
    const more = files.length - FILES_MAX
    await this.append({
      kind: 'policy',
      ...(from === undefined ? {} : { from }),
      to: digest,
      files: files.slice(0, FILES_MAX),
      ...(more > 0 ? { more } : {}),
      ...(signed === undefined ? {} : { set: nameOf(signed) }),
    })
  }

  /** Where the entries stand that a query finds, the newest first; all that is on the disk now is looked at. */
  async search(query: AuditQuery): Promise<readonly number[]> {
    this.#index ??= this.#openIndex()
    const index = await this.#index.catch((error: unknown) => {
      // Whoever asks next has it opened again.
      this.#index = undefined
      throw error
    })
    return index.search(query)
  }

  async #openIndex(): Promise<AuditIndex> {
    const index = await this.store.openIndex()
    index.listen((error) => {
      const message = `${error.message}; searches find nothing of it from there on, until it is restored and the node started again`
      this.#init.report({ event: 'audit', level: 'error', message })
    })
    return index
  }

  /** Keeps in mind a decision of which the result could not be written, until the log can say so. */
  resultLost(decision: number): void {
    this.#unfinished.add('decisions', decision)
  }

  /** The same for a request to another node, and its end. */
  responseLost(request: number): void {
    this.#unfinished.add('requests', request)
  }

  /** What a person should know of the log. */
  describe(): JsonObject {
    const { health, size, segments } = this.store
    const { state } = health
    const common = { entries: size, segments: segments.length }
    if (state.status === 'well') return { state: 'well', ...common }
    const { reason, refused } = state
    const sinceMs = this.#unavailableSinceMs ?? this.#init.clock.wallMs()
    return {
      state: 'unavailable',
      reason,
      since: new Date(sinceMs).toISOString(),
      refused,
      ...common,
    }
  }

  /** Ends the entries of this run, and closes the log. */
  async end(): Promise<void> {
    await this.#unfinished.stop()
    await this.#notes.stop()
    if (this.#begun) {
      // A log that cannot be written is closed all the same; that it could not has been said.
      await this.append({ kind: 'stop' }).catch((error: unknown) => {
        this.#init.report({ event: 'audit', level: 'error', message: String(error) })
      })
    }
    await (await this.#index?.catch(() => undefined))?.close()
    await this.store.stop()
  }

  #onHealth(state: AuditStore['health']['state']): void {
    const { report, clock } = this.#init
    if (state.status === 'well') {
      this.#unavailableSinceMs = undefined
      report({ event: 'audit', level: 'info', state: 'well' })
      this.#unfinished.retry()
      return
    }
    this.#unavailableSinceMs ??= clock.wallMs()
    report({
      event: 'audit',
      level: 'error',
      state: 'unavailable',
      reason: state.reason,
      message: 'the audit log cannot be written; every call is refused until it can be',
    })
  }
}

function nameOf({ manifest, signers }: NonNullable<NamedPolicySet['signed']>): SignedSetName {
  const { name, version, id } = manifest
  return { name, version, manifest: id, signers: [...signers] }
}
