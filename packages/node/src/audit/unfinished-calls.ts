import {
  decodeEntry,
  type Entry,
  type EntryDraft,
  isCallBeginning,
  UNFINISHED_MAX,
  type UnfinishedBody,
} from '@warren/audit'
import type { AuditStore } from '@warren/storage'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Report } from '../node-event.ts'

/** Calls of one direction in this run whose ends could not be written; further ones are found at the next start. */
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
  #lost: OpenCalls = { decisions: [], requests: [] }
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

  add(direction: keyof OpenCalls, seq: number): void {
    if (this.#lost[direction].length < LOST_MAX) this.#lost[direction].push(seq)
  }

  /** Hands in what could not be said while the log could not be written. */
  retry(): void {
    const lost = this.#lost
    this.#lost = { decisions: [], requests: [] }
    this.#say(lost)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#looking
    this.retry()
  }

  async #look(end: number): Promise<void> {
    const decisions = new Set<number>()
    const requests = new Set<number>()
    for await (const entry of this.#entries(await this.#lookedThroughTo(end), end)) {
      follow(entry, { decisions, requests })
    }
    if (this.#stopped) return
    this.#say({ decisions: [...decisions], requests: [...requests] })
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

  #say({ decisions, requests }: OpenCalls): void {
    for (const part of parts(decisions)) this.#init.note({ kind: 'unfinished', decisions: part })
    for (const part of parts(requests)) {
      this.#init.note({ kind: 'unfinished', decisions: [], requests: part })
    }
  }
}

/** The places of calls of which no end is known: those that came, and those to other nodes. */
interface OpenCalls {
  readonly decisions: number[]
  readonly requests: number[]
}

interface OpenSets {
  readonly decisions: Set<number>
  readonly requests: Set<number>
}

function follow(entry: Entry, { decisions, requests }: OpenSets): void {
  if (entry.kind === 'result') decisions.delete(entry.decision)
  else if (entry.kind === 'response') requests.delete(entry.request)
  else if (entry.kind === 'unfinished') {
    for (const seq of entry.decisions) decisions.delete(seq)
    for (const seq of entry.requests ?? []) requests.delete(seq)
  } else if (isCallBeginning(entry)) {
    const open = entry.kind === 'decision' ? decisions : requests
    open.add(entry.seq)
  }
}

function* parts(places: readonly number[]): Generator<readonly number[]> {
  for (let at = 0; at < places.length; at += UNFINISHED_MAX) {
    yield places.slice(at, at + UNFINISHED_MAX)
  }
}

function isLookedThrough(entry: Entry): boolean {
  return entry.kind === 'unfinished' && entry.decisions.length === 0 && entry.requests === undefined
}
