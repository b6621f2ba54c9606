import { AuditError, type EntryDraft } from '@warren/audit'
import type { Clock } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import {
  type CallJournal,
  encodeMessage,
  isRequest,
  type JournaledCall,
  type JournaledEnd,
  type LeavingMessage,
  McpError,
  type UnsentRequest,
} from '@warren/mcp'
import { classifyMessage } from '@warren/policy'
import { type AuditReceipt, StorageError } from '@warren/storage'
import type { Report } from '../node-event.ts'
import { isCall } from './is-call.ts'
import {
  type OutgoingPlace,
  requestDraft,
  responseDraft,
  type UnreadBytes,
} from './outgoing-drafts.ts'
import { PassedBytes } from './passed-bytes.ts'
import type { RefusalLedger } from './refusal-ledger.ts'

/** Where it is written down what hosts of this node ask of other nodes. */
export interface OutgoingCalls {
  /** For what one host asks of one server; nothing for a server of this node, whose gate writes. */
  journal(place: OutgoingPlace): CallJournal | undefined
  /** Writes down a request that came to no journal. Never rejects. */
  unsent(place: OutgoingPlace, unsent: Omit<UnsentRequest, 'alias'>): Promise<void>
}

export interface OutgoingRecorderInit {
  /** The DID of this node. */
  readonly self: string
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly crypto: Pick<CryptoSuite, 'randomBytes' | 'startSha256'>
  readonly report: Report
  /** Of calls that were not sent. */
  readonly refusals: RefusalLedger
  /** Whether entries can be written, as far as is known now. */
  readonly isWell: () => boolean
  /** The enclave of a member; nothing for somebody who is none. */
  readonly enclaveOf: (did: string) => string | undefined
  /** Resolves when the entry is on the disk. */
  readonly append: (draft: EntryDraft) => Promise<AuditReceipt>
  /** The same for an entry that may wait for others. */
  readonly appendLater: (draft: EntryDraft) => Promise<AuditReceipt>
  /** Told of a request whose end could not be written. */
  readonly onResponseLost: (request: number) => void
}

const UNAVAILABLE =
  'refused: this node cannot write its audit log, and sends nothing that it cannot record; "warren status" says why'
const NOT_RECORDED =
  'the call was sent, but this node could not record it, and so does not give its answer; "warren status" says why'
const CALL_ID_BYTES = 16
/** An answer that is longer is not kept in memory until something else is written. */
const WAITING_ANSWER_BYTES_MAX = 65_536

/**
 * Writes down what hosts of this node ask of other nodes. That a request leaves is handed in as it is sent, and is on the
 * disk before the host is given anything that comes back; how it ended follows when something else is written, or soon.
 */
export class OutgoingRecorder implements OutgoingCalls {
  readonly #init: OutgoingRecorderInit

  constructor(init: OutgoingRecorderInit) {
    this.#init = init
  }

  journal(place: OutgoingPlace): CallJournal | undefined {
    if (place.provider === this.#init.self) return undefined
    return {
      leaves: (leaving) => this.#leaves(place, leaving),
      stays: async (staying, code) => this.#stays(place, staying, code),
    }
  }

  async unsent(
    place: OutgoingPlace,
    { request, client, code }: Omit<UnsentRequest, 'alias'>,
  ): Promise<void> {
    if (place.provider === this.#init.self) return
    const staying = {
      message: request,
      bytes: encodeMessage(request).length - 1,
      ...(client === undefined ? {} : { client }),
    }
    await this.#stays(place, staying, code)
  }

  #leaves(place: OutgoingPlace, leaving: LeavingMessage): JournaledCall | undefined {
    const kind = classifyMessage(leaving.message)
    if (!isCall(kind)) return undefined
    if (!this.#init.isWell()) throw new McpError('audit-unavailable', UNAVAILABLE)
    const startedMs = this.#init.clock.monotonicMs()
    const call = this.#newCall()
    const draft = requestDraft(call, this.#at(place), { ...leaving, kind })
    const written = this.#init.append(draft)
    const recorded = written.then(
      () => undefined,
      (error: unknown) => {
        this.#reportUnrecorded(error, place)
        throw new McpError('audit-unavailable', NOT_RECORDED, { cause: error })
      },
    )
    const passed = new PassedBytes(this.#init.crypto.startSha256)
    const ended = (end: JournaledEnd): void => {
      const durationUs = Math.round((this.#init.clock.monotonicMs() - startedMs) * 1000)
      void this.#ended(end, { call, written, durationUs, place, unread: passed.end() })
    }
    const passes = (bytes: Uint8Array): void => passed.take(bytes)
    return { recorded, passes, ended: isRequest(leaving.message) ? ended : () => {} }
  }

  async #ended(
    end: JournaledEnd,
    { call, written, durationUs, place, unread }: SentRequest,
  ): Promise<void> {
    let seq: number | undefined
    try {
      ;({ seq } = await written)
      const draft = responseDraft(end, {
        call,
        seq,
        durationUs,
        ...(unread === undefined ? {} : { unread }),
      })
      const isLong = draft.bytes > WAITING_ANSWER_BYTES_MAX
      await (isLong ? this.#init.append(draft) : this.#init.appendLater(draft))
    } catch (error) {
      // Where it is the request that was not written, that has been told, and there is nothing to be the end of.
      if (seq === undefined) return
      this.#reportUnrecorded(error, place)
      this.#init.onResponseLost(seq)
    }
  }

  async #stays(
    place: OutgoingPlace,
    staying: Omit<LeavingMessage, 'callSession'>,
    code: string,
  ): Promise<void> {
    const kind = classifyMessage(staying.message)
    if (!isCall(kind)) return
    const draft = requestDraft(this.#newCall(), this.#at(place), { ...staying, kind, code })
    await this.#init.refusals.record(draft)
  }

  #at(place: OutgoingPlace): OutgoingPlace {
    const enclave = place.provider === undefined ? undefined : this.#init.enclaveOf(place.provider)
    return enclave === undefined ? place : { ...place, enclave }
  }

  #newCall(): string {
    return Buffer.from(this.#init.crypto.randomBytes(CALL_ID_BYTES)).toString('hex')
  }

  #reportUnrecorded(error: unknown, { provider = '' }: OutgoingPlace): void {
    if (!(error instanceof StorageError) && !(error instanceof AuditError)) throw error
    const { code, message } = error
    this.#init.report({ event: 'call-unrecorded', level: 'error', code, provider, message })
  }
}

interface SentRequest {
  readonly call: string
  readonly written: Promise<AuditReceipt>
  readonly durationUs: number
  readonly place: OutgoingPlace
  readonly unread: UnreadBytes | undefined
}
