import assert from 'node:assert/strict'
import type { CallAnswer } from '../gate.ts'
import { isRequest, type RequestId } from '../json-rpc.ts'
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
  /** Of a request. */
  readonly id: RequestId | undefined
  readonly #journal: CallJournal | undefined
  /** Not kept once it has left. */
  #leaving: Omit<LeavingMessage, 'callSession'> | undefined
  #call: JournaledCall | undefined
  #hasLeft = false
  #hasEnded = false
  #onEnd = (): void => {}

  constructor(journal: CallJournal | undefined, leaving: Omit<LeavingMessage, 'callSession'>) {
    this.#journal = journal
    this.#leaving = leaving
    this.id = isRequest(leaving.message) ? leaving.message.id : undefined
  }

  /**
   * Tells that the message leaves on this stream, which is cut when that cannot be written down.
   *
   * @throws McpError `audit-unavailable`
   */
  leave(stream: MeshStream): void {
    assert(this.#leaving !== undefined, 'a message leaves once')
    const { transcriptHash } = stream
    const callSession =
      transcriptHash === undefined
        ? {}
        : { callSession: Buffer.from(transcriptHash).toString('hex') }
    const call = this.#journal?.leaves({ ...this.#leaving, ...callSession })
    this.#hasLeft = true
    this.#leaving = undefined
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

  /** The response, as the host is given it. */
  answered(answer: CallAnswer): void {
    this.#end(answeredEnd(answer))
  }

  /** There is no response, and will be none. Waits for the entry of a message that has not left. */
  async failed(reason: McpError): Promise<void> {
    if (!this.#hasLeft) return this.#stay(reason)
    return this.#end({ ...failedEnd(reason.code), code: codeBehind(reason) })
  }

  /** No response has come, and none is waited for any more, whatever the provider may have: it is this node that says so. */
  abandoned({ code }: McpError): void {
    this.#end({ outcome: 'failed', code })
  }

  /** Nobody waits for a response any more, unless there was one. */
  async givenUp(reason: McpError): Promise<void> {
    if (!this.#hasLeft) return this.#stay(reason)
    return this.#end({ outcome: 'cancelled', code: reason.code })
  }

  /** Whether it is a request that has left and has no end yet. */
  get isOpen(): boolean {
    return this.#hasLeft && !this.#hasEnded && this.id !== undefined
  }

  /** Calls the one listener when it ends. */
  onEnd(listener: () => void): void {
    this.#onEnd = listener
  }

  /** The stream of a request is its own; that of a session carries more than the message. */
  #cut(stream: MeshStream, error: unknown): void {
    if (this.id === undefined) return
    stream.abort(asMcpError(error, 'audit-unavailable', 'the call could not be recorded'))
  }

  #end(end: JournaledEnd): void {
    if (!this.isOpen) return
    this.#hasEnded = true
    this.#call?.ended(end)
    this.#onEnd()
  }

  async #stay(reason: McpError): Promise<void> {
    if (this.#hasEnded || this.#leaving === undefined) return
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
