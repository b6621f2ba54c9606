import type { JsonObject, JsonValue } from '@warren/core'
import type { CallAnswer } from '../gate.ts'
import { isRequest, objectAt } from '../json-rpc.ts'
import {
  asMcpError,
  CODE,
  codeBehind,
  isMcpErrorCode,
  type McpError,
  type McpErrorCode,
} from '../mcp-error.ts'
import type { MeshStream } from '../mesh-stream.ts'
import { REFUSAL_META_KEY } from '../provider/gatekeeper.ts'
import { RPC_CODE } from '../rpc-answer.ts'
import type { CallJournal, JournaledCall, JournaledEnd, LeavingMessage } from './call-journal.ts'

/** Said by the provider in place of an answer: it would not, whatever the server might have. */
const REFUSALS: ReadonlySet<string> = new Set<McpErrorCode>([
  'refused',
  'audit-unavailable',
  'server-unknown',
  'session-unknown',
  'session-taken',
  'sessions-exhausted',
  'requests-exhausted',
  'bytes-exhausted',
])

/** Errors that the provider answers with where it has no answer of the server. */
const RELAY_ERRORS: ReadonlySet<JsonValue | undefined> = new Set([
  RPC_CODE.ended,
  RPC_CODE.exhausted,
  RPC_CODE.unavailable,
])

/** One message for a server of a peer: tells the journal that it leaves or stays, and once how it ended. Without a journal it tells nobody. */
export class CallDeparture {
  readonly #journal: CallJournal | undefined
  readonly #leaving: Omit<LeavingMessage, 'callSession'>
  #call: JournaledCall | undefined
  #hasLeft = false
  #hasEnded = false

  constructor(journal: CallJournal | undefined, leaving: Omit<LeavingMessage, 'callSession'>) {
    this.#journal = journal
    this.#leaving = leaving
  }

  /**
   * Tells that the message leaves on this stream, which is cut when that cannot be written down.
   *
   * @throws McpError `audit-unavailable`
   */
  leave(stream: MeshStream): void {
    const { transcriptHash } = stream
    const callSession =
      transcriptHash === undefined
        ? {}
        : { callSession: Buffer.from(transcriptHash).toString('hex') }
    const call = this.#journal?.leaves({ ...this.#leaving, ...callSession })
    this.#hasLeft = true
    this.#call = call
    call?.recorded.catch((error: unknown) => this.#cut(stream, error))
  }

  /**
   * Resolves when the host may be given what comes back.
   *
   * @throws McpError `audit-unavailable`
   */
  async recorded(): Promise<void> {
    await this.#call?.recorded
  }

  /** The response, as it came. */
  answered(answer: CallAnswer): void {
    this.#end(answeredEnd(answer))
  }

  /** There is no response, and will be none. Waits for the entry of a message that has not left. */
  async failed(reason: McpError): Promise<void> {
    if (!this.#hasLeft) return this.#stay(reason)
    return this.#end({ ...failedEnd(reason.code), code: codeBehind(reason) })
  }

  /** Nobody waits for a response any more, unless there was one. */
  async givenUp(reason: McpError): Promise<void> {
    if (!this.#hasLeft) return this.#stay(reason)
    return this.#end({ outcome: 'cancelled', code: reason.code })
  }

  /** Whether the journal waits to be told of an end. */
  get isOpen(): boolean {
    return this.#call !== undefined && !this.#hasEnded && isRequest(this.#leaving.message)
  }

  /** The stream of a request is its own; that of a session carries more than the message. */
  #cut(stream: MeshStream, error: unknown): void {
    if (!isRequest(this.#leaving.message)) return
    stream.abort(asMcpError(error, 'audit-unavailable', 'the call could not be recorded'))
  }

  #end(end: JournaledEnd): void {
    if (!this.isOpen) return
    this.#hasEnded = true
    this.#call?.ended(end)
  }

  async #stay(reason: McpError): Promise<void> {
    if (this.#hasEnded) return
    this.#hasEnded = true
    await this.#journal?.stays(this.#leaving, codeBehind(reason))
  }
}

/** A response of a server, or one that the provider has given in its place. */
function answeredEnd(answer: CallAnswer): JournaledEnd {
  const { message } = answer
  const error = objectAt(message, 'error')
  const said = codeIn(objectAt(error, 'data'))
  const meta = objectAt(objectAt(message, 'result'), '_meta')
  const refusal =
    error['code'] === RPC_CODE.refused
      ? (said ?? 'refused')
      : codeIn(objectAt(meta, REFUSAL_META_KEY))
  if (refusal !== undefined) return { outcome: 'refused', code: refusal, answer }
  if (RELAY_ERRORS.has(error['code']) && isMcpErrorCode(said)) {
    return { ...failedEnd(said), answer }
  }
  return { outcome: Object.hasOwn(message, 'result') ? 'answered' : 'error', answer }
}

function failedEnd(code: string): JournaledEnd {
  return { outcome: REFUSALS.has(code) ? 'refused' : 'failed', code }
}

/** A server can write whatever it likes where the provider writes a code. */
function codeIn({ code }: JsonObject): string | undefined {
  return typeof code === 'string' && CODE.test(code) ? code : undefined
}
