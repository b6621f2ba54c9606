import type { CryptoSuite } from '@warren/crypto'
import { concat } from 'uint8arrays/concat'
import { TlogError } from '../tlog-error.ts'
import type { Sha256 } from '../tree/node-hash.ts'
import { formatHead, type TreeHead } from './checkpoint.ts'
import { utf8 } from './note-text.ts'

/** The kinds of lines that Warren writes and reads; C2SP signed-note, "Signature types". */
export type SignatureType = 'ed25519' | 'ed25519-cosignature' | 'ml-dsa-44'

/** What a signature is about: a head, by whom, and when; a plain Ed25519 signature says neither. */
export interface Statement extends TreeHead {
  readonly name: string
  readonly timeSeconds: number
}

interface TypeRow {
  readonly byte: number
  readonly signatureBytes: number
  /** Whether eight bytes of time stand before the signature. */
  readonly isTimed: boolean
  readonly message: (statement: Statement) => Uint8Array
  readonly algorithm: (suite: CryptoSuite) => CryptoSuite['ed25519' | 'mlDsa44']
}

const LABEL = utf8('subtree/v1\n\0')
/** The last second of the year 9999: no calendar names a later one in four digits, and nobody signs then. */
const TIME_SECONDS_MAX = 253_402_300_799

/** One row for each type: what differs between them, and nothing else. */
export const SIGNATURE_TYPES: Readonly<Record<SignatureType, TypeRow>> = {
  // C2SP signed-note, "Ed25519 signatures".
  ed25519: {
    byte: 0x01,
    signatureBytes: 64,
    isTimed: false,
    message: (statement) => utf8(formatHead(statement)),
    algorithm: (suite) => suite.ed25519,
  },
  // C2SP tlog-cosignature, "Ed25519 signed message".
  'ed25519-cosignature': {
    byte: 0x04,
    signatureBytes: 64,
    isTimed: true,
    message: (statement) =>
      utf8(`cosignature/v1\ntime ${statement.timeSeconds}\n${formatHead(statement)}`),
    algorithm: (suite) => suite.ed25519,
  },
  // C2SP tlog-cosignature, "ML-DSA-44 signed message"; the log itself signs the same.
  'ml-dsa-44': {
    byte: 0x06,
    signatureBytes: 2420,
    isTimed: true,
    message: subtreeMessage,
    algorithm: (suite) => suite.mlDsa44,
  },
}

/** The key id of C2SP signed-note: four bytes of SHA-256(name ‖ newline ‖ type ‖ public key). */
export function keyIdOf(
  suite: Sha256,
  key: { readonly name: string; readonly type: SignatureType; readonly publicKey: Uint8Array },
): number {
  const { byte } = SIGNATURE_TYPES[key.type]
  const digest = suite.sha256(utf8(`${key.name}\n`), Uint8Array.of(byte), key.publicKey)
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0)
}

/**
 * Refuses a time that no line has. Zero would mean that the signer does not say that the tree was its newest; C2SP has room
 * for times up to 2^63 − 1, of which whoever shows a time to people could show none beyond the year 9999.
 *
 * @throws TlogError `time-malformed`
 */
export function requireTime(timeSeconds: number): void {
  if (Number.isInteger(timeSeconds) && timeSeconds > 0 && timeSeconds <= TIME_SECONDS_MAX) return
  throw new TlogError(
    'time-malformed',
    'a signature has a time in whole seconds of the years 1970 to 9999',
  )
}

/** Eight bytes, big-endian. */
export function uint64(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value))
  return bytes
}

function subtreeMessage({ name, timeSeconds, origin, size, root }: Statement): Uint8Array {
  return concat([
    LABEL,
    withLength(utf8(name)),
    uint64(timeSeconds),
    withLength(utf8(origin)),
    uint64(0),
    uint64(size),
    root,
  ])
}

function withLength(bytes: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(bytes.length), bytes])
}
