import type { KeyObject } from 'node:crypto'
import { Secret } from '../secret.ts'

/** A private key inside OpenSSL: no JavaScript code can overwrite it, so wiping drops the only reference. */
export function nodeSecret(privateKey: KeyObject): Secret<KeyObject> {
  return new Secret(privateKey, () => {})
}
