import { decodeText, noteMalformed, parseDecimal, utf8 } from '../note/note-text.ts'

/**
 * Why a cosigner does not sign, in the numbers of C2SP tlog-witness: 400 the request makes no sense, 403 the log has not
 * signed, 404 the log is not known here, 409 the cosigner signed another size last, 422 the tree has not only grown.
 */
export type CosignRefusal = 400 | 403 | 404 | 409 | 422

/** What a cosigner answers: its lines, or why there are none. */
export type CosignAnswer =
  | { readonly status: 200; readonly lines: string }
  | { readonly status: 409; readonly size: number }
  | { readonly status: Exclude<CosignRefusal, 409> }

/** Bytes of the longest answer. */
export const COSIGN_ANSWER_BYTES_MAX = 16_384

/** Writes an answer: the number in a line, and below it what C2SP tlog-witness has as the body. */
export function encodeCosignAnswer(answer: CosignAnswer): Uint8Array {
  if (answer.status === 200) return utf8(`200\n${answer.lines}`)
  return utf8(answer.status === 409 ? `409\n${answer.size}\n` : `${answer.status}\n`)
}

/**
 * Reads an answer. Its lines are for `addCosignature` to look at.
 *
 * @throws TlogError `note-too-long`, `note-malformed`
 */
export function decodeCosignAnswer(bytes: Uint8Array): CosignAnswer {
  const text = decodeText(bytes, COSIGN_ANSWER_BYTES_MAX)
  const end = text.indexOf('\n')
  const status = text.slice(0, end)
  const body = text.slice(end + 1)
  if (end !== -1 && status === '200') return { status: 200, lines: body }
  if (end !== -1 && status === '409') return { status: 409, size: parseSize(body) }
  if (text === '400\n') return { status: 400 }
  if (text === '403\n') return { status: 403 }
  if (text === '404\n') return { status: 404 }
  if (text === '422\n') return { status: 422 }
  throw noteMalformed('the answer has no status that is known')
}

function parseSize(body: string): number {
  const size = body.endsWith('\n') ? parseDecimal(body.slice(0, -1)) : undefined
  if (size === undefined) throw noteMalformed('the answer has no size')
  return size
}
