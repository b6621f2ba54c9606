import {
  AuditError,
  type AlertBody,
  type DecisionDraft,
  type Direction,
  type EntryDraft,
  type RequestDraft,
} from '@warren/audit'
import type { Scheduler } from '@warren/mcp'
import { StorageError } from '@warren/storage'

/** Refusals of one caller, and of all, that get entries of their own in one window. */
const OF_CALLER_MAX = 60
const OF_ALL_MAX = 1_200
const WINDOW_MS = 60_000
/** Callers that are counted one by one in a window; whoever comes then is counted with others. */
const CALLERS_MAX = 256
/** Reasons that a sum names; more are counted. */
const CODES_MAX = 8

export interface RefusalLedgerInit {
  readonly scheduler: Scheduler
  /** Resolves when the entry is on the disk. */
  readonly append: (draft: EntryDraft) => Promise<unknown>
  /** Of calls that came to this node, or, `out`, of those of its hosts that were not sent, by provider. */
  readonly direction?: Direction
  /** Takes an entry that nobody waits for. */
  readonly note: (draft: EntryDraft) => void
}

interface CallerWindow {
  written: number
  readonly unwritten: Map<string, number>
}

/**
 * Writes refusals down, without letting whoever is refused fill the disk: so many of each caller and of all in a minute
 * have entries of their own, the others are counted, and one entry for each caller says how many there were and why.
 */
export class RefusalLedger {
  readonly #init: RefusalLedgerInit
  #callers = new Map<string, CallerWindow>()
  #others: CallerWindow = { written: 0, unwritten: new Map() }
  #written = 0
  #endWindow: (() => void) | undefined

  constructor(init: RefusalLedgerInit) {
    this.#init = init
  }

  /** Resolves when the refusal is on the disk, or counted. A refusal stays one whether it can be written or not. */
  async record(draft: DecisionDraft | RequestDraft): Promise<void> {
    this.#endWindow ??= this.#init.scheduler.after(WINDOW_MS, () => this.flush())
    const window = this.#windowOf(draft.kind === 'decision' ? draft.caller : draft.provider)
    if (window.written >= OF_CALLER_MAX || this.#written >= OF_ALL_MAX) {
      count(window, draft.code)
      return
    }
    window.written += 1
    this.#written += 1
    try {
      await this.#init.append(draft)
    } catch (error) {
      if (!(error instanceof StorageError) && !(error instanceof AuditError)) throw error
      count(window, draft.code)
    }
  }

  /** Ends the window: hands in the sums. */
  flush(): void {
    this.#endWindow?.()
    this.#endWindow = undefined
    for (const [caller, window] of this.#callers) this.#note(window, caller)
    this.#note(this.#others, undefined)
    this.#callers = new Map()
    this.#others = { written: 0, unwritten: new Map() }
    this.#written = 0
  }

  #windowOf(caller: string | undefined): CallerWindow {
    if (caller === undefined) return this.#others
    const known = this.#callers.get(caller)
    if (known !== undefined) return known
    if (this.#callers.size >= CALLERS_MAX) return this.#others
    const window = { written: 0, unwritten: new Map<string, number>() }
    this.#callers.set(caller, window)
    return window
  }

  #note({ unwritten }: CallerWindow, caller: string | undefined): void {
    if (unwritten.size === 0) return
    const sum = this.#init.direction === 'out' ? sumOfUnsent : sumOfRefused
    this.#init.note(sum(unwritten, caller))
  }
}

function count({ unwritten }: CallerWindow, code = 'unknown'): void {
  const name = unwritten.has(code) || unwritten.size < CODES_MAX ? code : 'other'
  unwritten.set(name, (unwritten.get(name) ?? 0) + 1)
}

function sumOfRefused(
  unwritten: ReadonlyMap<string, number>,
  caller: string | undefined,
): AlertBody {
  const { total, reasons } = summed(unwritten)
  const who = caller === undefined ? 'further callers' : 'this caller'
  return {
    kind: 'alert',
    code: 'refusals-summed',
    severity: 'warn',
    ...(caller === undefined ? {} : { about: caller }),
    sentence: `Within ${WINDOW_MS / 1000} s ${total} more requests of ${who} were refused, beyond those with entries of their own: ${reasons}.`,
  }
}

function sumOfUnsent(
  unwritten: ReadonlyMap<string, number>,
  provider: string | undefined,
): AlertBody {
  const { total, reasons } = summed(unwritten)
  const whom = provider === undefined ? 'further nodes' : 'this member'
  return {
    kind: 'alert',
    code: 'unsent-summed',
    severity: 'warn',
    ...(provider === undefined ? {} : { about: provider }),
    sentence: `Within ${WINDOW_MS / 1000} s ${total} more calls of hosts of this node to ${whom} were not sent, beyond those with entries of their own: ${reasons}.`,
  }
}

function summed(unwritten: ReadonlyMap<string, number>): {
  readonly total: number
  readonly reasons: string
} {
  const total = [...unwritten.values()].reduce((sum, each) => sum + each, 0)
  const reasons = [...unwritten].map(([code, times]) => `${code} ${times}`).join(', ')
  return { total, reasons }
}
