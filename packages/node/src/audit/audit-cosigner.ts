import { BoundedMap } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { type Did, noteName } from '@warren/identity'
import type { AuditPort } from '@warren/network'
import type { CosignedTrees } from '@warren/storage'
import {
  type CosignAnswer,
  type CosignedTree,
  Cosigner,
  decodeAddCheckpoint,
  encodeCosignAnswer,
  type Evidence,
  type HybridSigners,
  parseCheckpoint,
  TlogError,
} from '@warren/tlog'
import { NodeError } from '../node-error.ts'
import type { RaiseAlert } from './audit-alert.ts'
import { decodeQuestion, encodeHashes } from './audit-question.ts'
import type { LogDoubts } from './log-doubts.ts'
import { didOfOrigin, type MemberLog } from './member-log.ts'

/** Questions of one member in one window: many times what a node asks, and little enough to answer. */
const QUESTIONS_MAX = 64
const WINDOW_MS = 10_000
const MEMBERS_MAX = 10_000
/** A member that keeps asking for what is refused is worth one alert in so long. */
const ALERT_PAUSE_MS = 600_000

export interface AuditCosignerInit {
  readonly suite: CryptoSuite
  readonly self: Did
  readonly signers: HybridSigners
  readonly monotonicMs: () => number
  /** The time that cosignatures say, in milliseconds since 1970. */
  readonly timeMs: () => number
  readonly trees: Pick<CosignedTrees, 'get' | 'advance'>
  /** The newest key log of somebody who is a member now; undefined for everybody else. */
  readonly logOf: (did: string) => MemberLog | undefined
  readonly doubts: LogDoubts
  /** What this node's own log was at an old size, where it has such sizes. */
  readonly history: (oldSize: number, size: number) => Promise<readonly Uint8Array[]>
  readonly onEvidence: (log: MemberLog, evidence: Evidence) => void
  readonly alert: RaiseAlert
}

/**
 * Answers what members ask about audit logs: cosigns theirs, says what it has cosigned of others', and shows what its own was.
 *
 * A log is cosigned for its own node alone. Between reading what is held and storing what comes next nothing is awaited,
 * and the store compares once more: of two requests in a race the second sees what the first has left.
 */
export class AuditCosigner implements AuditPort {
  readonly #init: AuditCosignerInit
  readonly #cosigner: Cosigner
  readonly #asked = new BoundedMap<string, { readonly sinceMs: number; count: number }>(MEMBERS_MAX)
  readonly #alertedMs = new BoundedMap<string, number>(MEMBERS_MAX)

  constructor(init: AuditCosignerInit) {
    const { suite, self, signers } = init
    this.#init = init
    this.#cosigner = new Cosigner({ suite, name: noteName(self), signers })
  }

  async answer(bytes: Uint8Array, did: string): Promise<Uint8Array> {
    this.#checkPace(did)
    const question = decodeQuestion(bytes)
    if (question.ask === 'cosign') return encodeCosignAnswer(this.#cosign(question.request, did))
    if (question.ask === 'compare') return this.#compare(question.checkpoint, did)
    return encodeHashes(await this.#init.history(question.oldSize, question.size))
  }

  #cosign(bytes: Uint8Array, did: string): CosignAnswer {
    const { logOf, trees, doubts, timeMs } = this.#init
    const log = logOf(did)
    if (log === undefined) return { status: 404 }
    if (doubts.has(did)) {
      // Not waited for: it may be asking this node for the same, and neither answers two questions at a time.
      void doubts.settle(log)
      throw new NodeError(
        'audit-doubted',
        'two checkpoints of this log are about; it was asked for its history',
      )
    }
    try {
      const request = decodeAddCheckpoint(bytes)
      if (request.checkpoint.origin !== log.signer.name) return { status: 404 }
      const stored = trees.get(did)
      const held = stored === undefined ? undefined : treeOf(stored)
      const timeSeconds = Math.floor(timeMs() / 1000)
      const outcome = this.#cosigner.answer({
        request,
        log: log.signer,
        ...(held === undefined ? {} : { held }),
        timeSeconds,
      })
      if (outcome.next !== undefined) trees.advance({ did, ...outcome.next }, held)
      if (outcome.evidence !== undefined) this.#init.onEvidence(log, outcome.evidence)
      else this.#alertRefusal(did, outcome.answer)
      return outcome.answer
    } catch (error) {
      if (error instanceof TlogError) return { status: 400 }
      throw error
    }
  }

  /** Whoever shows a checkpoint of a log is shown the one that is held here; both sides see whether they agree. */
  #compare(text: string, by: string): Uint8Array {
    const { logOf, trees, doubts } = this.#init
    const shown = parseCheckpoint(text)
    const did = didOfOrigin(shown.origin)
    const log = did === undefined ? undefined : logOf(did)
    if (did === undefined || log === undefined) return new Uint8Array()
    doubts.observe(log, shown, by)
    return Buffer.from(trees.get(did)?.checkpoint ?? '')
  }

  #alertRefusal(did: string, answer: CosignAnswer): void {
    if (answer.status !== 403 && answer.status !== 422) return
    const nowMs = this.#init.monotonicMs()
    const lastMs = this.#alertedMs.get(did)
    if (lastMs !== undefined && nowMs - lastMs < ALERT_PAUSE_MS) return
    this.#alertedMs.set(did, nowMs)
    const reason =
      answer.status === 403
        ? 'it is not signed with the keys of this member'
        : 'it does not show that it has only grown since it was cosigned last'
    this.#init.alert({
      code: 'log-refused',
      severity: 'error',
      about: did,
      sentence: `This node does not cosign the audit log of a member: ${reason}.`,
    })
  }

  #checkPace(did: string): void {
    const nowMs = this.#init.monotonicMs()
    const window = this.#asked.get(did)
    if (window === undefined || nowMs - window.sinceMs >= WINDOW_MS) {
      this.#asked.set(did, { sinceMs: nowMs, count: 1 })
      return
    }
    window.count += 1
    if (window.count <= QUESTIONS_MAX) return
    throw new NodeError('audit-asked-too-often', 'a member asks about audit logs too often')
  }
}

/** What is held, without whose log it is of. */
function treeOf({ size, signedSeconds, cosignedSeconds, checkpoint }: CosignedTree): CosignedTree {
  return { size, signedSeconds, cosignedSeconds, checkpoint }
}
