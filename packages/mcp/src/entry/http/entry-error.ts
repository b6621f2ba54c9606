import { CodedError } from '@warren/core'

export type EntryErrorCode =
  // Who may speak.
  | 'host-not-local'
  | 'origin-not-local'
  | 'token-missing'
  | 'token-wrong'
  // What was asked for.
  | 'path-unknown'
  | 'server-not-here'
  | 'method-not-allowed'
  | 'request-malformed'
  | 'media-type-wrong'
  | 'not-acceptable'
  | 'body-too-long'
  | 'header-mismatch'
  | 'envelope-missing'
  // Sessions.
  | 'session-missing'
  | 'session-not-here'
  | 'stream-taken'
  | 'request-taken'
  | 'busy'
  // What our own configuration says wrongly.
  | 'token-too-short'
  | 'port-taken'

interface Answer {
  readonly status: number
  readonly rpcCode: number
}

/** JSON-RPC codes as the SDKs' own servers use them: -32000 for HTTP matters, -32020 for SEP-2243. */
const ANSWERS: Readonly<Record<EntryErrorCode, Answer>> = {
  'host-not-local': { status: 403, rpcCode: -32_000 },
  'origin-not-local': { status: 403, rpcCode: -32_000 },
  'token-missing': { status: 401, rpcCode: -32_000 },
  'token-wrong': { status: 401, rpcCode: -32_000 },
  'path-unknown': { status: 404, rpcCode: -32_000 },
  'server-not-here': { status: 404, rpcCode: -32_005 },
  'method-not-allowed': { status: 405, rpcCode: -32_000 },
  'request-malformed': { status: 400, rpcCode: -32_600 },
  'media-type-wrong': { status: 415, rpcCode: -32_000 },
  'not-acceptable': { status: 406, rpcCode: -32_000 },
  'body-too-long': { status: 413, rpcCode: -32_600 },
  'header-mismatch': { status: 400, rpcCode: -32_020 },
  'envelope-missing': { status: 400, rpcCode: -32_602 },
  'session-missing': { status: 400, rpcCode: -32_000 },
  'session-not-here': { status: 404, rpcCode: -32_001 },
  'stream-taken': { status: 409, rpcCode: -32_000 },
  'request-taken': { status: 400, rpcCode: -32_600 },
  busy: { status: 503, rpcCode: -32_004 },
  'token-too-short': { status: 500, rpcCode: -32_000 },
  'port-taken': { status: 500, rpcCode: -32_000 },
}

/** A request that the HTTP entry does not serve, or a setting with which it does not start. */
export class EntryError extends CodedError<EntryErrorCode> {
  override readonly name = 'EntryError'

  /** How a host is answered. */
  get answer(): Answer {
    return ANSWERS[this.code]
  }
}
