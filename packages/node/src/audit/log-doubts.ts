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
import { NodeError } from '../node-error.ts'
import type { RaiseAlert } from './audit-alert.ts'
import { decodeHashes } from './audit-question.ts'
import type { MemberLog } from './member-log.ts'

/** Logs that are doubted at one time; each is one of a member. */
const DOUBTS_MAX = 10_000

export interface LogDoubtsInit {
  readonly suite: CryptoSuite
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
 * story; only the log itself can show which. So it is asked, and not cosigned any more until it has shown it.
 */
export class LogDoubts {
  readonly #init: LogDoubtsInit
  readonly #doubts = new BoundedMap<string, Checkpoint>(DOUBTS_MAX)
  /** Doubts that an operator was told of. */
  readonly #told = new BoundedMap<string, Checkpoint>(DOUBTS_MAX)
  /** What was shown last to belong to what is held. */
  readonly #settled = new BoundedMap<string, Checkpoint>(DOUBTS_MAX)

  constructor(init: LogDoubtsInit) {
    this.#init = init
  }

  has(did: string): boolean {
    return this.#doubts.has(did)
  }

  /** Looks at a checkpoint that somebody else shows. What its log has not signed says nothing. */
  observe(log: MemberLog, shown: Checkpoint): void {
    const { suite, onEvidence } = this.#init
    const held = this.#held(log.did)
    if (held === undefined || shown.origin !== log.signer.name) return
    const settled = this.#settled.get(log.did)
    if (isSame(held, shown) || (settled !== undefined && isSame(settled, shown))) return
    try {
      const evidence = findEvidence({ suite, log: log.signer, checkpoints: [held, shown] })
      if (evidence !== undefined) onEvidence(log, evidence)
      // A doubt stands until it is settled: what is shown later must not take its place.
      else if (held.size > 0 && shown.size > 0 && !this.#doubts.has(log.did)) {
        this.#doubts.set(log.did, shown)
      }
    } catch (error) {
      if (!(error instanceof TlogError)) throw error
    }
  }

  /** Asks a log that is doubted for its history; the doubt is gone when what it shows leads to both trees. */
  async settle(log: MemberLog): Promise<void> {
    const held = this.#held(log.did)
    const shown = this.#doubts.get(log.did)
    if (held === undefined || shown === undefined) return
    const [smaller, larger] = held.size < shown.size ? [held, shown] : [shown, held]
    const history = await this.#ask(log.did, smaller.size, larger.size)
    if (history === undefined) return
    try {
      this.#judge(log, { checkpoints: [smaller, larger], history: decodeHashes(history) })
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

  #judge(
    log: MemberLog,
    shown: {
      readonly checkpoints: readonly [Checkpoint, Checkpoint]
      readonly history: readonly Uint8Array[]
    },
  ): void {
    const { suite, onEvidence } = this.#init
    const { checkpoints, history } = shown
    const [smaller, larger] = checkpoints
    const growth = { oldSize: smaller.size, size: larger.size }
    const roots = historyRoots(suite, history, growth)
    const isOfLarger = equals(roots.root, larger.root)
    if (isOfLarger && equals(roots.oldRoot, smaller.root)) {
      const doubted = this.#doubts.get(log.did)
      this.#doubts.delete(log.did)
      if (doubted !== undefined) this.#settled.set(log.did, doubted)
      return
    }
    const evidence = findEvidence({ suite, log: log.signer, checkpoints, history })
    if (evidence === undefined) this.#unproven(log)
    else onEvidence(log, evidence)
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
