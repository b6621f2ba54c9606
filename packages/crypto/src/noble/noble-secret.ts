import { Secret } from '../secret.ts'

/** Private bytes on JavaScript's heap, overwritten with zeroes when wiped. Takes the array, not a copy. */
export function nobleSecret(bytes: Uint8Array): Secret<Uint8Array> {
  return new Secret(bytes, (material) => material.fill(0))
}
