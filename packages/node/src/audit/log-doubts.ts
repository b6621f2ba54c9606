import { BoundedMap } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import {
  type Checkpoint,
  type CosignedTree,
  type Evidence,
  findEvidence,
  historyRoots,
  parseCheckpoint,
  TlogError,
} from '@warren/tlog'
import { equals } from 'uint8arrays/equals'
import { toString } from 'uint8arrays/to-string'
import { NodeError } from '../node-error.ts'
import type { RaiseAlert } from './audit-alert.ts'
import { decodeHashes } from './audit-question.ts'
import type { MemberLog } from './member-log.ts'

/** Logs that are doubted at one time; each is one of a member. */
const DOUBTS_MAX = 10_000
/** Trees of one log that are known to be part of what is held: as many as its cosigners may hold at one time, and more. */
const SETTLED_MAX = 16
/** Doubts that one member may raise in a window, of whichever logs: what it shows beyond that it has to show again later. */
const RAISED_MAX = 16
const WINDOW_MS = 10_000
const MEMBERS_MAX = 10_000

export interface LogDoubtsInit {
  readonly suite: CryptoSuite
  readonly monotonicMs: () => number
  /** What this node has cosigned of a log last. */
  readonly held: (did: string) => CosignedTree | undefined
  /** Asks the node that keeps a log what it was; the answer are hashes, or nothing. */
  readonly askHistory: (did: string, oldSize: number, size: number) => Promise<Uint8Array>
  readonly onEvidence: (log: MemberLog, evidence: Evidence) => void
  readonly alert: RaiseAlert
}

/**
 * What this node has cosigned of others' logs, beside what others have.
 *
 * Two checkpoints of different sizes may belong to one tree, or to two between which a node tells each cosigner another
 * story; only the log itself can show which. So it is asked at once, and not cosigned any more until it has shown it. Whoever
 * has seen old checkpoints of an honest log can raise doubts with them, and no more than that: each lasts as long as the log
 * takes to answer.
 */
export class LogDoubts {
  readonly #init: LogDoubtsInit
  readonly #doubts = new BoundedMap<string, Checkpoint>(DOUBTS_MAX)
  /** Doubts that an operator was told of. */
  readonly #told = new BoundedMap<string, Checkpoint>(DOUBTS_MAX)
  /** Trees that were shown to belong to what is held, the newest last. */
  readonly #settled = new BoundedMap<string, readonly string[]>(DOUBTS_MAX)
  readonly #settling = new Map<string, Promise<void>>()
  readonly #raised = new BoundedMap<string, { readonly sinceMs: number; count: number }>(
    MEMBERS_MAX,
  )

  constructor(init: LogDoubtsInit) {
    this.#init = init
  }

  has(did: string): boolean {
    return this.#doubts.has(did)
  }

  /** Waits for the logs that are being asked. */
  async settled(): Promise<void> {
    await Promise.all(this.#settling.values())
  }

  /** Looks at a checkpoint that a member shows, of another one's log. What that log has not signed says nothing. */
  observe(log: MemberLog, shown: Checkpoint, by: string): void {
    const { suite, onEvidence } = this.#init
    const held = this.#held(log.did)
    if (held === undefined || shown.origin !== log.signer.name) return
    const settled = this.#settled.get(log.did) ?? []
    if (isSame(held, shown) || settled.includes(markOf(shown))) return
    try {
      const evidence = findEvidence({ suite, log: log.signer, checkpoints: [held, shown] })
      if (evidence !== undefined) onEvidence(log, evidence)
      // A doubt stands until it is settled: what is shown later must not take its place.
      else if (held.size > 0 && shown.size > 0 && !this.#doubts.has(log.did)) {
        this.#raise(log, shown, by)
      }
    } catch (error) {
      if (!(error instanceof TlogError)) throw error
    }
  }

  /** Asks a log that is doubted for its history; the doubt is gone when what it shows leads to both trees. */
  async settle(log: MemberLog): Promise<void> {
    const settling =
      this.#settling.get(log.did) ??
      this.#settle(log).finally(() => {
        this.#settling.delete(log.did)
      })
    this.#settling.set(log.did, settling)
    await settling
  }

  #raise(log: MemberLog, shown: Checkpoint, by: string): void {
    const nowMs = this.#init.monotonicMs()
    const last = this.#raised.get(by)
    const window =
      last === undefined || nowMs - last.sinceMs >= WINDOW_MS ? { sinceMs: nowMs, count: 0 } : last
    if (window.count >= RAISED_MAX) return
    window.count += 1
    this.#raised.set(by, window)
    this.#doubts.set(log.did, shown)
    // It deals with its own failures; `settled` waits for it.
    void this.settle(log)
  }

  async #settle(log: MemberLog): Promise<void> {
    const held = this.#held(log.did)
    const shown = this.#doubts.get(log.did)
    if (held === undefined || shown === undefined) return
    const [smaller, larger] = held.size < shown.size ? [held, shown] : [shown, held]
    const history = await this.#ask(log.did, smaller.size, larger.size)
    if (history === undefined) return
    try {
      const checkpoints = [smaller, larger] as const
      if (!this.#judge(log, { checkpoints, history: decodeHashes(history) })) return
      this.#doubts.delete(log.did)
      if (smaller === shown) this.#remember(log.did, shown)
    } catch (error) {
      if (!(error instanceof TlogError) && !(error instanceof NodeError)) throw error
      this.#unproven(log)
    }
  }

  async #ask(did: string, oldSize: number, size: number): Promise<Uint8Array | undefined> {
    try {
      return await this.#init.askHistory(did, oldSize, size)
    } catch {
      // Whom it cannot reach this node asks again; until then the log is not cosigned.
      return undefined
    }
  }

  /** What is part of a tree is part of all that grows out of it; of a larger one that holds for this moment alone. */
  #remember(did: string, shown: Checkpoint): void {
    const known = this.#settled.get(did) ?? []
    this.#settled.set(did, [...known, markOf(shown)].slice(-SETTLED_MAX))
  }

  /** Whether the history leads to both trees; where it does not, it is evidence or is told of. */
  #judge(
    log: MemberLog,
    shown: {
      readonly checkpoints: readonly [Checkpoint, Checkpoint]
      readonly history: readonly Uint8Array[]
    },
  ): boolean {
    const { suite, onEvidence } = this.#init
    const { checkpoints, history } = shown
    const [smaller, larger] = checkpoints
    const growth = { oldSize: smaller.size, size: larger.size }
    const roots = historyRoots(suite, history, growth)
    const isOfLarger = equals(roots.root, larger.root)
    if (isOfLarger && equals(roots.oldRoot, smaller.root)) return true
    const evidence = findEvidence({ suite, log: log.signer, checkpoints, history })
    if (evidence === undefined) this.#unproven(log)
    else onEvidence(log, evidence)
    return false
  }

  #unproven({ did }: MemberLog): void {
    const doubted = this.#doubts.get(did)
    if (doubted === undefined || this.#told.get(did) === doubted) return
    this.#told.set(did, doubted)
    this.#init.alert({
      code: 'log-unproven',
      severity: 'error',
      about: did,
      sentence:
        'Two checkpoints of the audit log of this member are about, and it does not show that one tree grew into the other: it may tell different cosigners different things.',
    })
  }

  #held(did: string): Checkpoint | undefined {
    const tree = this.#init.held(did)
    return tree === undefined ? undefined : parseCheckpoint(tree.checkpoint)
  }
}

function isSame(one: Checkpoint, other: Checkpoint): boolean {
  return one.size === other.size && equals(one.root, other.root)
}

function markOf({ size, root }: Checkpoint): string {
  return `${size} ${toString(root, 'base64')}`
}
