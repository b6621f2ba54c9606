import type { AllowedCall, CallEnd, EndVerdict, Refusal } from '../gate.ts'
import type { JsonRpcRequest } from '../json-rpc.ts'
import { abortedEnd, endsForGood } from './call-end.ts'
import type { CallRecords } from './call-records.ts'

const ENDED_BEFORE: Refusal = {
  allowed: false,
  code: 'stream-ended',
  sentence: 'the call has come to another end before',
}

/**
 * The end of one call, of which the gate wants to know unless there is no `call`: the first one counts,
 * whoever brings it about.
 */
export class CallEnding {
  readonly request: JsonRpcRequest
  readonly #call: AllowedCall | undefined
  readonly #records: CallRecords
  #ended = false
  #answered = false
  #granted = false
  #kept = false

  constructor(request: JsonRpcRequest, call: AllowedCall | undefined, records: CallRecords) {
    this.request = request
    this.#call = call
    this.#records = records
  }

  get hasEnded(): boolean {
    return this.#ended
  }

  /** Whether it ended with something for the caller: the answer, or an error or a refusal in its place. */
  get isAnswered(): boolean {
    return this.#answered
  }

  /** Whether the gate has taken an answer of the server's own as its end. */
  get isGranted(): boolean {
    return this.#granted
  }

  /** Whether another stream may bring its answer when its own is lost. */
  get isKept(): boolean {
    return this.#kept
  }

  keep(isKept: boolean): void {
    this.#kept = isKept
  }

  /** Takes note that its own stream is lost for that reason, which is this end unless another stream may bring the answer. */
  lose(reason: unknown, end: CallEnd = abortedEnd(reason)): void {
    if (!this.#kept || endsForGood(reason)) void this.end(end)
  }

  /** Never rejects. An end that comes second gives the caller nothing. */
  async end(end: CallEnd): Promise<EndVerdict> {
    if (this.#ended) return ENDED_BEFORE
    this.#ended = true
    this.#answered = 'answer' in end
    const verdict = await this.#verdictOn(end)
    this.#granted = verdict.allowed && (end.outcome === 'answered' || end.outcome === 'error')
    return verdict
  }

  /** Loses its stream with the signal; the returned function leaves the end to others. */
  endWith(signal: AbortSignal): () => void {
    const onAbort = (): void => this.lose(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    return () => signal.removeEventListener('abort', onAbort)
  }

  async #verdictOn(end: CallEnd): Promise<EndVerdict> {
    return this.#call === undefined ? { allowed: true } : this.#records.end(this.#call, end)
  }
}
