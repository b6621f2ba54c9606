import {
  assertionKeys,
  authenticationKeys,
  encodeMultikey,
  type VerifiedLog,
} from '@warren/identity'

/** Logs never change, and writing a key of ML-DSA in base58 costs more than judging by it. */
const KEYS = new WeakMap<VerifiedLog, readonly string[]>()

/** Every key by which the DID of a log speaks now, for what it authenticates and for what it asserts, as multikeys. */
export function logKeys(log: VerifiedLog): readonly string[] {
  const known = KEYS.get(log)
  if (known !== undefined) return known
  const uses = [authenticationKeys(log.document), assertionKeys(log.document)]
  const ed25519 = uses.flatMap((keys) => keys.ed25519)
  const mlDsa44 = uses.flatMap((keys) => keys.mlDsa44)
  const keys = new Set([
    ...ed25519.map((bytes) => encodeMultikey({ type: 'ed25519', bytes })),
    ...mlDsa44.map((bytes) => encodeMultikey({ type: 'mldsa44', bytes })),
  ])
  const listed = [...keys]
  KEYS.set(log, listed)
  return listed
}
