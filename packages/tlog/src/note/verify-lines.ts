import type { CryptoSuite } from '@warren/crypto'
import { TlogError } from '../tlog-error.ts'
import type { Checkpoint } from './checkpoint.ts'
import { type HybridKeys, type KnownSigner, requireKeys } from './hybrid-keys.ts'
import type { SignatureLine } from './signature-line.ts'
import { keyIdOf, requireTime, SIGNATURE_TYPES, type SignatureType } from './signature-type.ts'

/** That somebody signed a checkpoint with both keys of one pair. */
export interface HybridSignature {
  readonly timeSeconds: number
  /** Which of the known pairs it was, counted from 0. */
  readonly keysIndex: number
}

export interface VerifyLinesInput {
  readonly suite: CryptoSuite
  readonly checkpoint: Checkpoint
  readonly signer: KnownSigner
  /** The part in which the signer signs: it decides the type of the Ed25519 line. */
  readonly part: 'log' | 'cosigner'
}

/** A line under a checkpoint, of a key that is known. */
interface KnownLine {
  readonly type: SignatureType
  readonly publicKey: Uint8Array
  readonly line: SignatureLine
}

const TIME_BYTES = 8
/** Lines of one signer that count: one for each key of a pair. */
export const LINES_OF_PAIR = 2

/**
 * What the lines of one signer under a checkpoint come to; undefined when there are not both lines of one pair of keys.
 *
 * Every line of a known key has to be right, also where another pair would do: nothing but a forger writes a wrong one.
 *
 * @throws TlogError `key-malformed`, `signature-twice`, `signature-wrong`
 */
export function verifyLines(input: VerifyLinesInput): HybridSignature | undefined {
  requireKeys(input.signer)
  let newest: HybridSignature | undefined
  for (const [keysIndex, keys] of input.signer.keys.entries()) {
    const lines = linesOf(input, keys)
    const times = lines.map((line) => verifyLine(input, line)).filter((time) => time !== undefined)
    const [timeSeconds] = times
    if (lines.length < LINES_OF_PAIR || timeSeconds === undefined) continue
    if (times.some((time) => time !== timeSeconds)) {
      throw wrong('the two signatures of one signer are of two times')
    }
    newest = { timeSeconds, keysIndex }
  }
  return newest
}

/** The lines under a checkpoint that are of one pair of keys, verified or not. */
export function pairLines(input: VerifyLinesInput, keys: HybridKeys): readonly SignatureLine[] {
  return linesOf(input, keys).map(({ line }) => line)
}

function linesOf(input: VerifyLinesInput, keys: HybridKeys): readonly KnownLine[] {
  const { suite, checkpoint, signer, part } = input
  const { name } = signer
  const known: readonly Omit<KnownLine, 'line'>[] = [
    { type: part === 'log' ? 'ed25519' : 'ed25519-cosignature', publicKey: keys.ed25519 },
    { type: 'ml-dsa-44', publicKey: keys.mlDsa44 },
  ]
  return known.flatMap((key) => {
    const keyId = keyIdOf(suite, { ...key, name })
    const [line, ...more] = checkpoint.lines.filter(
      (each) => each.name === name && each.keyId === keyId,
    )
    if (more.length > 0) throw new TlogError('signature-twice', 'one key has signed twice')
    return line === undefined ? [] : [{ ...key, line }]
  })
}

/** The time that the line says; undefined for a type that says none. */
function verifyLine(
  input: VerifyLinesInput,
  { type, publicKey, line }: KnownLine,
): number | undefined {
  const { isTimed, signatureBytes, message, algorithm } = SIGNATURE_TYPES[type]
  const timeBytes = isTimed ? TIME_BYTES : 0
  if (line.signature.length !== timeBytes + signatureBytes) {
    throw wrong('a signature has another length than those of its key')
  }
  const timeSeconds = isTimed ? readTime(line.signature) : 0
  const isValid = algorithm(input.suite).verify({
    publicKey,
    message: message({ ...input.checkpoint, name: line.name, timeSeconds }),
    signature: line.signature.subarray(timeBytes),
  })
  if (!isValid) throw wrong('a signature of a known key does not verify')
  return isTimed ? timeSeconds : undefined
}

function readTime(signature: Uint8Array): number {
  const { buffer, byteOffset } = signature
  const timeSeconds = Number(new DataView(buffer, byteOffset).getBigUint64(0))
  requireTime(timeSeconds)
  return timeSeconds
}

function wrong(reason: string): TlogError {
  return new TlogError('signature-wrong', reason)
}
