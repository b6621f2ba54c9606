import { StorageError } from './storage-error.ts'

/** How hard it is to guess a passphrase: Argon2id, RFC 9106. */
export interface KdfParameters {
  readonly memoryKib: number
  readonly passes: number
  readonly lanes: number
}

/** RFC 9106 §4, the second recommended option with one lane set for each of four cores. */
export const KDF_DEFAULT: KdfParameters = { memoryKib: 65_536, passes: 3, lanes: 4 }

// The upper bounds keep a planted file from eating the machine; the lower ones keep a weak one
// from being written. 7 MiB and five passes is the least that OWASP recommends.
const MEMORY_KIB_MIN = 7_168
const MEMORY_KIB_MAX = 1_048_576
const PASSES_MAX = 16
const LANES_MAX = 16
/** Memory times passes. */
const WORK_MIN = 35_840
const WORK_MAX = 4_194_304

/**
 * Refuses parameters that are too weak to protect or too heavy to compute.
 *
 * @throws StorageError `kdf-out-of-bounds`
 */
export function checkKdfParameters({ memoryKib, passes, lanes }: KdfParameters): void {
  const work = memoryKib * passes
  const sound =
    isWithin(memoryKib, MEMORY_KIB_MIN, MEMORY_KIB_MAX) &&
    isWithin(passes, 1, PASSES_MAX) &&
    isWithin(lanes, 1, LANES_MAX) &&
    isWithin(work, WORK_MIN, WORK_MAX)
  if (!sound) {
    throw new StorageError('kdf-out-of-bounds', 'the Argon2id parameters are out of bounds')
  }
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max
}
