import {
  decodeEntry,
  type Entry,
  type EntryDraft,
  UNFINISHED_MAX,
  type UnfinishedBody,
} from '@warren/audit'
import type { AuditStore } from '@warren/storage'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Report } from '../node-event.ts'

/** Decisions of this run whose results could not be written; further ones are found at the next start. */
const LOST_MAX = 16_384
/** The empty list: what was before this run has been looked through, and all that is unknown of it has been said. */
const LOOKED_THROUGH: UnfinishedBody = { kind: 'unfinished', decisions: [] }

export interface UnfinishedCallsInit {
  readonly store: Pick<AuditStore, 'slices' | 'segments'>
  readonly report: Report
  readonly note: (draft: EntryDraft) => void
}

/** Says of which calls the end is not known: those that a crash has cut off, and those whose result could not be written. */
export class UnfinishedCalls {
  readonly #init: UnfinishedCallsInit
  #lost: number[] = []
  #looking: Promise<void> | undefined
  #stopped = false

  constructor(init: UnfinishedCallsInit) {
    this.#init = init
  }

  /** Looks through what is before the start entry at this place, away from the path of calls. */
  lookBack(start: number): void {
    this.#looking = this.#look(start).catch((error: unknown) => {
      // The verifier finds them too; a node that runs must not end for it.
      this.#init.report({ event: 'audit', level: 'error', message: String(error) })
    })
  }

  add(decision: number): void {
    if (this.#lost.length < LOST_MAX) this.#lost.push(decision)
  }

  /** Hands in what could not be said while the log could not be written. */
  retry(): void {
    const lost = this.#lost
    this.#lost = []
    this.#say(lost)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#looking
    this.retry()
  }

  async #look(end: number): Promise<void> {
    const open = new Set<number>()
    for await (const entry of this.#entries(await this.#lookedThroughTo(end), end)) {
      if (entry.kind === 'result') open.delete(entry.decision)
      else if (entry.kind === 'unfinished') for (const seq of entry.decisions) open.delete(seq)
      else if (entry.kind === 'decision' && entry.allowed && entry.rpcId !== undefined) {
        open.add(entry.seq)
      }
    }
    if (this.#stopped) return
    this.#say([...open])
    this.#init.note(LOOKED_THROUGH)
  }

  /** The start of the newest run that has looked through all that was before it. */
  async #lookedThroughTo(end: number): Promise<number> {
    let behind = end
    let isLooked = false
    for (const first of this.#init.store.segments.toReversed()) {
      if (first >= end) continue
      let start: number | undefined
      let looked: number | undefined
      for await (const entry of this.#entries(first, behind)) {
        if (entry.kind === 'start') start = entry.seq
        else if (isLookedThrough(entry)) looked = start ?? -1
      }
      if (isLooked && start !== undefined) return start
      if (looked !== undefined && looked >= 0) return looked
      isLooked ||= looked !== undefined
      behind = first
    }
    return 0
  }

  async *#entries(from: number, end: number): AsyncGenerator<Entry> {
    for await (const { entries } of this.#init.store.slices(from)) {
      for (const { seq, bytes } of entries) {
        if (seq >= end || this.#stopped) return
        yield decodeEntry(bytes)
      }
      await nextTurn()
    }
  }

  #say(decisions: readonly number[]): void {
    for (let at = 0; at < decisions.length; at += UNFINISHED_MAX) {
      this.#init.note({ kind: 'unfinished', decisions: decisions.slice(at, at + UNFINISHED_MAX) })
    }
  }
}

function isLookedThrough(entry: Entry): boolean {
  return entry.kind === 'unfinished' && entry.decisions.length === 0
}
