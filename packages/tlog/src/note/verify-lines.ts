import type { CryptoSuite } from '@warren/crypto'
import { equals } from 'uint8arrays/equals'
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

/** A key that may have signed: one of a signer, in the part in which it signs. */
interface KnownKey {
  readonly type: SignatureType
  readonly publicKey: Uint8Array
}

/** A key that has signed; a type that says no time has none. */
interface ProvenKey extends KnownKey {
  readonly timeSeconds: number | undefined
}

type KeysById = ReadonlyMap<number, readonly KnownKey[]>

const TIME_BYTES = 8
/**
 * What was computed for a signer, which never changes: a hash for each of its keys. Whoever has listed hundreds in its key log
 * must not make every checkpoint cost as many; a signer that nobody knows any more takes them with it.
 */
const KEYS_BY_ID = {
  log: new WeakMap<KnownSigner, KeysById>(),
  cosigner: new WeakMap<KnownSigner, KeysById>(),
}
/** Lines of one signer that count: one for each key of a pair. */
export const LINES_OF_PAIR = 2

/**
 * What the lines of one signer under a checkpoint come to; undefined when there are not both lines of one pair of keys.
 *
 * Every line of a known key has to be right, also where another pair would do: nothing but a forger writes a wrong one. A key
 * id is a hint of four bytes, for which a second key can be found: a line is right where it is for one key of its id.
 *
 * @throws TlogError `key-malformed`, `signature-twice`, `signature-wrong`, `time-malformed`
 */
export function verifyLines(input: VerifyLinesInput): HybridSignature | undefined {
  requireKeys(input.signer)
  const proven = provenKeys(input)
  if (proven.length < LINES_OF_PAIR) return undefined
  let newest: HybridSignature | undefined
  for (const [keysIndex, keys] of input.signer.keys.entries()) {
    const pair = knownKeys(keys, input.part).flatMap(
      (key) => proven.find((each) => isSameKey(each, key)) ?? [],
    )
    const times = pair.map(({ timeSeconds }) => timeSeconds).filter((time) => time !== undefined)
    const [timeSeconds] = times
    if (pair.length < LINES_OF_PAIR || timeSeconds === undefined) continue
    if (times.some((time) => time !== timeSeconds)) {
      throw wrong('the two signatures of one signer are of two times')
    }
    newest = { timeSeconds, keysIndex }
  }
  return newest
}

/** The lines under a checkpoint that are of one pair of keys, verified or not. */
export function pairLines(input: VerifyLinesInput, keys: HybridKeys): readonly SignatureLine[] {
  const { suite, checkpoint, signer, part } = input
  const { name } = signer
  return knownKeys(keys, part).flatMap((key) => {
    const keyId = keyIdOf(suite, { ...key, name })
    return checkpoint.lines.filter((each) => each.name === name && each.keyId === keyId)
  })
}

function knownKeys({ ed25519, mlDsa44 }: HybridKeys, part: VerifyLinesInput['part']): KnownKey[] {
  return [
    { type: part === 'log' ? 'ed25519' : 'ed25519-cosignature', publicKey: ed25519 },
    { type: 'ml-dsa-44', publicKey: mlDsa44 },
  ]
}

function isSameKey(one: KnownKey, other: KnownKey): boolean {
  return one.type === other.type && equals(one.publicKey, other.publicKey)
}

function provenKeys(input: VerifyLinesInput): readonly ProvenKey[] {
  const own = input.checkpoint.lines.filter(({ name }) => name === input.signer.name)
  if (own.length === 0) return []
  const keys = keysById(input)
  const signed = own.filter(({ keyId }) => keys.has(keyId))
  if (new Set(signed.map(({ keyId }) => keyId)).size < signed.length) {
    throw new TlogError('signature-twice', 'one key has signed twice')
  }
  return signed.map((line) => provenKey(input, line, keys.get(line.keyId) ?? []))
}

/** The keys of a signer by their id, each key once. */
function keysById({ suite, signer, part }: VerifyLinesInput): KeysById {
  const known = KEYS_BY_ID[part].get(signer)
  if (known !== undefined) return known
  const found = new Map<number, readonly KnownKey[]>()
  const seen = new Set<Uint8Array>()
  for (const key of signer.keys.flatMap((keys) => knownKeys(keys, part))) {
    if (seen.has(key.publicKey)) continue
    seen.add(key.publicKey)
    const keyId = keyIdOf(suite, { ...key, name: signer.name })
    const others = found.get(keyId) ?? []
    if (!others.some((each) => isSameKey(each, key))) found.set(keyId, [...others, key])
  }
  KEYS_BY_ID[part].set(signer, found)
  return found
}

/** The key that has signed a line, of those that have its id. */
function provenKey(
  input: VerifyLinesInput,
  line: SignatureLine,
  keys: readonly KnownKey[],
): ProvenKey {
  let fault: unknown
  for (const key of keys) {
    try {
      return { ...key, timeSeconds: verifyLine(input, key, line) }
    } catch (error) {
      if (!(error instanceof TlogError)) throw error
      fault ??= error
    }
  }
  throw fault
}

/** The time that the line says; undefined for a type that says none. */
function verifyLine(
  { suite, checkpoint }: VerifyLinesInput,
  { type, publicKey }: KnownKey,
  { name, signature }: SignatureLine,
): number | undefined {
  const { isTimed, signatureBytes, message, algorithm } = SIGNATURE_TYPES[type]
  const timeBytes = isTimed ? TIME_BYTES : 0
  if (signature.length !== timeBytes + signatureBytes) {
    throw wrong('a signature has another length than those of its key')
  }
  const timeSeconds = isTimed ? readTime(signature) : 0
  const isValid = algorithm(suite).verify({
    publicKey,
    message: message({ ...checkpoint, name, timeSeconds }),
    signature: signature.subarray(timeBytes),
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
