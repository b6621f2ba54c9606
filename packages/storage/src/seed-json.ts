import { StorageError } from './storage-error.ts'

/** Named secrets, such as `{ node: <32 bytes> }`. */
export type Seeds = Readonly<Record<string, Uint8Array>>

const SEEDS_MAX = 16
const SEED_BYTES_MIN = 16
const SEED_BYTES_MAX = 64
const SEED_NAME = /^[A-Za-z][A-Za-z0-9-]{0,31}$/

const ALPHABET = asciiBytes('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
const DIGITS: ReadonlyMap<number, number> = new Map(
  [...ALPHABET].map((byte, digit) => [byte, digit]),
)
/** Name, base64url digits, and `{"":""}` around them. */
const ENTRY_BYTES_MAX = 32 + 2 * SEED_BYTES_MAX + 8
const QUOTE = 0x22
const COMMA = 0x2c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const COLON = 0x3a

/**
 * Writes seeds as the bytes of a JSON object of base64url strings (RFC 4648 §5, unpadded).
 *
 * It goes from bytes to bytes, because a secret that was once a string can never be wiped.
 *
 * @throws StorageError `seed-name`, `seed-length`, `seeds-too-many`
 */
export function encodeSeeds(seeds: Seeds): Uint8Array {
  const entries = Object.entries(seeds)
  checkCount(entries.length)
  const scratch = new Uint8Array(ENTRY_BYTES_MAX * SEEDS_MAX)
  let end = 0
  for (const [name, seed] of entries) {
    checkSeed(name, seed)
    scratch.set([end === 0 ? OPEN_BRACE : COMMA, QUOTE], end)
    scratch.set(asciiBytes(name), end + 2)
    end += name.length + 2
    scratch.set([QUOTE, COLON, QUOTE], end)
    end += 3 + writeBase64Url(seed, scratch.subarray(end + 3))
    scratch[end] = QUOTE
    end += 1
  }
  scratch[end] = CLOSE_BRACE
  const bytes = scratch.slice(0, end + 1)
  scratch.fill(0)
  return bytes
}

/**
 * Reads what `encodeSeeds` wrote, and nothing else: no spaces, no escapes, no name twice.
 *
 * @throws StorageError `key-file-malformed`
 */
export function decodeSeeds(bytes: Uint8Array): Record<string, Uint8Array> {
  const seeds = new Map<string, Uint8Array>()
  let at = 0
  for (;;) {
    at = expect(bytes, at, [at === 0 ? OPEN_BRACE : COMMA, QUOTE])
    const nameEnd = endOfString(bytes, at)
    const name = String.fromCharCode(...bytes.subarray(at, nameEnd))
    at = expect(bytes, nameEnd, [QUOTE, COLON, QUOTE])
    const end = endOfString(bytes, at)
    const seed = fromBase64Url(bytes.subarray(at, end))
    if (!SEED_NAME.test(name) || seeds.has(name) || seeds.size === SEEDS_MAX) throw malformed()
    seeds.set(name, seed)
    at = end + 1
    if (bytes[at] === CLOSE_BRACE && at === bytes.length - 1) return Object.fromEntries(seeds)
  }
}

function checkCount(count: number): void {
  if (count === 0 || count > SEEDS_MAX) {
    throw new StorageError('seeds-too-many', `a key file holds 1 to ${SEEDS_MAX} seeds`)
  }
}

function checkSeed(name: string, seed: Uint8Array): void {
  if (!SEED_NAME.test(name)) {
    throw new StorageError('seed-name', 'the name of a seed is 1 to 32 letters, digits or "-"')
  }
  if (seed.length < SEED_BYTES_MIN || seed.length > SEED_BYTES_MAX) {
    throw new StorageError(
      'seed-length',
      `the seed "${name}" must have ${SEED_BYTES_MIN} to ${SEED_BYTES_MAX} bytes`,
    )
  }
}

/** Writes the digits of `bytes`; returns how many there are. */
function writeBase64Url(bytes: Uint8Array, into: Uint8Array): number {
  let held = 0
  let heldBits = 0
  let written = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    heldBits += 8
    while (heldBits >= 6) {
      heldBits -= 6
      into[written] = ALPHABET[(held >> heldBits) & 0x3f] ?? 0
      written += 1
    }
    held &= (1 << heldBits) - 1
  }
  if (heldBits === 0) return written
  into[written] = ALPHABET[(held << (6 - heldBits)) & 0x3f] ?? 0
  return written + 1
}

function fromBase64Url(digits: Uint8Array): Uint8Array {
  const length = Math.floor((digits.length * 6) / 8)
  if (digits.length % 4 === 1 || length < SEED_BYTES_MIN || length > SEED_BYTES_MAX) {
    throw malformed()
  }
  const bytes = new Uint8Array(length)
  let held = 0
  let heldBits = 0
  let written = 0
  for (const byte of digits) {
    const digit = DIGITS.get(byte)
    if (digit === undefined) throw malformed()
    held = (held << 6) | digit
    heldBits += 6
    if (heldBits >= 8) {
      heldBits -= 8
      bytes[written] = held >> heldBits
      written += 1
    }
    held &= (1 << heldBits) - 1
  }
  if (held !== 0) throw malformed()
  return bytes
}

function expect(bytes: Uint8Array, at: number, wanted: readonly number[]): number {
  if (wanted.some((byte, index) => bytes[at + index] !== byte)) throw malformed()
  return at + wanted.length
}

function endOfString(bytes: Uint8Array, start: number): number {
  const end = bytes.indexOf(QUOTE, start)
  if (end === -1 || end - start > 2 * SEED_BYTES_MAX) throw malformed()
  return end
}

function asciiBytes(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0))
}

function malformed(): StorageError {
  return new StorageError('key-file-malformed', 'the key file does not hold a set of seeds')
}
