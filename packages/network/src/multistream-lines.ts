import { concat } from 'uint8arrays/concat'
import { equals } from 'uint8arrays/equals'
import { fromString } from 'uint8arrays/from-string'
import { NetworkError } from './network-error.ts'
import type { StreamReader } from './stream-reader.ts'

export const ADMISSION_PROTOCOL = '/warren/admission/1'
export const JOIN_PROTOCOL = '/warren/join/1'
export const CALL_PROTOCOL = '/warren/call/1'
export const RECORDS_PROTOCOL = '/warren/records/1'
export const AUDIT_PROTOCOL = '/warren/audit/1'

const MULTISTREAM_PROTOCOL = '/multistream/1.0.0'
/** Up to here the length of a line is one byte of its varint. */
const LINE_BYTES_MAX = 127

export type SelectionName = 'admission' | 'join' | 'call' | 'records' | 'audit'

/** What one side says of a stream, and the other repeats: both lines of multistream-select, for one of our protocols. */
export const SELECTIONS: Readonly<Record<SelectionName, Uint8Array>> = {
  admission: selection(ADMISSION_PROTOCOL),
  join: selection(JOIN_PROTOCOL),
  call: selection(CALL_PROTOCOL),
  records: selection(RECORDS_PROTOCOL),
  audit: selection(AUDIT_PROTOCOL),
}

const NAMES: readonly SelectionName[] = ['admission', 'join', 'call', 'records', 'audit']

/**
 * Reads which of our protocols a stream is for; what is not one of them stays unread.
 *
 * Our own nodes send both lines and the first bytes of the protocol in one message, which saves
 * a round trip and is sound because the peer is known to speak the protocol or to refuse it.
 */
export async function readSelection(reader: StreamReader): Promise<SelectionName | 'other'> {
  let read: Uint8Array = new Uint8Array(0)
  for (;;) {
    const chunk = await reader.next()
    if (chunk === undefined) throw new NetworkError('stream-truncated', 'nothing was selected')
    read = read.length === 0 ? chunk : concat([read, chunk])
    const candidates = NAMES.filter((name) => agrees(SELECTIONS[name], read))
    const chosen = candidates.find((name) => SELECTIONS[name].length <= read.length)
    if (chosen === undefined && candidates.length > 0) continue
    reader.unread(chosen === undefined ? read : read.subarray(SELECTIONS[chosen].length))
    return chosen ?? 'other'
  }
}

/** Reads the echo of a selection; anything else is a refusal. */
export async function readEcho(
  reader: StreamReader,
  name: SelectionName,
  signal: AbortSignal,
): Promise<void> {
  const expected = SELECTIONS[name]
  if (!equals(await reader.exactly(expected.length, signal), expected)) {
    throw new NetworkError('protocol-refused', `the peer does not speak the protocol of ${name}`)
  }
}

function agrees(line: Uint8Array, read: Uint8Array): boolean {
  const length = Math.min(line.length, read.length)
  return equals(line.subarray(0, length), read.subarray(0, length))
}

function selection(protocol: string): Uint8Array {
  return concat([MULTISTREAM_PROTOCOL, protocol].map(lineOf))
}

function lineOf(text: string): Uint8Array {
  const line = fromString(`${text}\n`)
  if (line.length > LINE_BYTES_MAX) throw new RangeError('the line needs a longer length')
  return concat([Uint8Array.of(line.length), line])
}
