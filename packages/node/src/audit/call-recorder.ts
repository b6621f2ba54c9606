import { AuditError, type DecisionDraft, type EntryDraft, type Keep } from '@warren/audit'
import type { Clock, RandomSource } from '@warren/core'
import {
  type AllowedCall,
  type CallEnd,
  type EndVerdict,
  type GateAnswer,
  isRequest,
} from '@warren/mcp'
import { type AuditReceipt, StorageError } from '@warren/storage'
import type { Report } from '../node-event.ts'
import type { CallAudit, JudgedMessage } from './call-audit.ts'
import { decisionDraft, resultDraft } from './call-drafts.ts'
import { isCall } from './is-call.ts'
import type { KeepRules } from './keep-rules.ts'
import { isKeptFromList } from './own-question.ts'
import type { RefusalLedger } from './refusal-ledger.ts'

export interface CallRecorderInit {
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly random: RandomSource
  readonly report: Report
  readonly refusals: RefusalLedger
  /** What configuration says now. */
  readonly keep: () => KeepRules
  /** Resolves when the entry is on the disk. */
  readonly append: (draft: EntryDraft) => Promise<AuditReceipt>
  /** Told of a decision whose result could not be written. */
  readonly onResultLost: (decision: number) => void
}

const UNAVAILABLE: GateAnswer = {
  allowed: false,
  code: 'audit-unavailable',
  sentence:
    'refused: the node that owns this tool cannot write its audit log, and does nothing that it cannot record; its administrator sees why with "warren status"',
}
const NOT_RECORDED: EndVerdict = {
  allowed: false,
  code: 'audit-unavailable',
  sentence:
    'the call was made, but the node that owns this tool could not record its result, and so does not give it; its administrator sees why with "warren status"',
}
const CALL_ID_BYTES = 16

/**
 * Writes every call into the audit log: the decision before the call goes on, its end before the answer leaves, and
 * every refusal. What cannot be recorded does not happen.
 */
export class CallRecorder implements CallAudit {
  readonly #init: CallRecorderInit

  constructor(init: CallRecorderInit) {
    this.#init = init
  }

  async decided(judged: JudgedMessage): Promise<GateAnswer> {
    const { answer, kind, question } = judged
    if (isKeptFromList(question, answer)) return answer
    if (!answer.allowed) {
      await this.#init.refusals.record(this.#draft(judged, 'hash'))
      return answer
    }
    if (!isCall(kind)) return answer
    const { caller, server, message } = question
    const tool = typeof kind === 'object' ? kind.tool : undefined
    const keep = this.#init.keep().of(server, tool)
    const startedMs = this.#init.clock.monotonicMs()
    const draft = this.#draft(judged, keep.arguments)
    const seq = await this.#append(draft, caller.did)
    if (seq === undefined) return UNAVAILABLE
    if (!isRequest(message)) return answer
    const call: AllowedCall = {
      ended: async (end) =>
        this.#ended(end, {
          call: draft.call,
          seq,
          keep: keep.results,
          startedMs,
          caller: caller.did,
        }),
    }
    return { ...answer, call }
  }

  async #ended(
    end: CallEnd,
    { call, seq, keep, startedMs, caller }: RecordedCall,
  ): Promise<EndVerdict> {
    const durationUs = Math.round((this.#init.clock.monotonicMs() - startedMs) * 1000)
    const draft = resultDraft(end, { call, seq, keep, durationUs })
    if ((await this.#append(draft, caller)) !== undefined) return { allowed: true }
    this.#init.onResultLost(seq)
    return NOT_RECORDED
  }

  #draft(judged: JudgedMessage, keep: Keep): DecisionDraft {
    const id = Buffer.from(this.#init.random.randomBytes(CALL_ID_BYTES)).toString('hex')
    return decisionDraft(judged, id, keep)
  }

  /** The place of the entry once it is on the disk; undefined when it cannot get there. */
  async #append(draft: EntryDraft, caller: string): Promise<number | undefined> {
    try {
      return (await this.#init.append(draft)).seq
    } catch (error) {
      if (!(error instanceof StorageError) && !(error instanceof AuditError)) throw error
      const { code } = error
      const level = 'error'
      this.#init.report({ event: 'call-unrecorded', level, code, caller, message: error.message })
      return undefined
    }
  }
}

interface RecordedCall {
  readonly call: string
  readonly seq: number
  readonly keep: Keep
  readonly startedMs: number
  readonly caller: string
}
