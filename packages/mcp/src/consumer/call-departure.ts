import type { CallAnswer } from '../gate.ts'
import { isRequest } from '../json-rpc.ts'
import { asMcpError, codeBehind, type McpError, type McpErrorCode } from '../mcp-error.ts'
import type { MeshStream } from '../mesh-stream.ts'
import { wordOfNode } from '../word-of-node.ts'
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

  /** Bytes that the host is about to be given, and in which no answer has been read. */
  passes(bytes: Uint8Array): void {
    if (this.isOpen) this.#call?.passes(bytes)
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
  const word = wordOfNode(message)
  if (word === undefined) {
    return { outcome: Object.hasOwn(message, 'result') ? 'answered' : 'error', answer }
  }
  const { code } = word
  return { ...(word.isRefusal ? { outcome: 'refused', code } : failedEnd(code)), answer }
}

function failedEnd(code: string): JournaledEnd {
  return { outcome: REFUSALS.has(code) ? 'refused' : 'failed', code }
}
