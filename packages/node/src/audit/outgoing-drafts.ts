import type { Door, RequestDraft, ResponseDraft } from '@warren/audit'
import { idAt, type JournaledEnd, type LeavingMessage } from '@warren/mcp'
import type { MethodClassification } from '@warren/policy'
import { answerIn, argumentsIn } from './call-drafts.ts'

/** Who asks, and for what server; the provider is absent where nobody is known to own it. */
export interface OutgoingPlace {
  readonly door: Door
  /** DID. */
  readonly provider?: string
  /** That of the provider. */
  readonly enclave?: string
  /** The name of the server at its owner. */
  readonly server?: string
}

/** A message of a host that is meant for another node. */
export interface OutgoingMessage extends LeavingMessage {
  readonly kind: MethodClassification
  /** Why it was not sent; absent where it was. */
  readonly code?: string
}

/** What a request entry says of one message. */
export function requestDraft(
  call: string,
  place: OutgoingPlace,
  { message, kind, bytes, client, callSession, code }: OutgoingMessage,
): RequestDraft {
  const { method } = message
  const id = typeof method === 'string' ? idAt(message, 'id') : undefined
  const tool = typeof kind === 'object' ? kind.tool : undefined
  const value = argumentsIn(message, kind)
  return {
    kind: 'request',
    call,
    ...place,
    ...(client === undefined ? {} : { client }),
    ...(tool === undefined ? {} : { tool }),
    method: typeof method === 'string' ? method : '',
    ...(id === undefined ? {} : { rpcId: id }),
    ...(callSession === undefined ? {} : { session: callSession }),
    sent: code === undefined,
    ...(code === undefined ? {} : { code }),
    args: { keep: 'hash', ...(value === undefined ? {} : { value }) },
    bytes,
  }
}

/** The request of which a response tells the end. */
export interface OpenRequest {
  readonly call: string
  readonly seq: number
  readonly durationUs: number
  /** What the host was given where no answer was read in it. */
  readonly unread?: UnreadBytes
}

/** Bytes that were passed on and not kept. */
export interface UnreadBytes {
  readonly bytes: number
  /** Of all of them, in hexadecimal. */
  readonly sha256: string
}

/** What a response entry says of the end of a request. */
export function responseDraft(
  { outcome, code, answer }: JournaledEnd,
  { call, seq, durationUs, unread }: OpenRequest,
): ResponseDraft {
  const { value, ...said } =
    answer === undefined && unread !== undefined ? saidUnread(unread) : answerIn(answer)
  return {
    kind: 'response',
    call,
    request: seq,
    outcome,
    ...said,
    ...(code === undefined ? {} : { code }),
    durationUs,
    result: { keep: 'hash', ...(value === undefined ? {} : { value }) },
  }
}

/** Whoever has the bytes has the value of which the entry holds a digest. */
function saidUnread({ bytes, sha256 }: UnreadBytes): ReturnType<typeof answerIn> {
  return { bytes, value: { sha256 } }
}
