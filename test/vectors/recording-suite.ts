import type { CryptoSuite, HkdfInput } from '@warren/crypto'
import { toString } from 'uint8arrays/to-string'

/** One result of a hash or a key derivation, in hexadecimal, as it was before anything could wipe it. */
export type Derivation = { readonly hash: string } | { readonly keys: string }

/** A suite that also writes down, in order, every transcript hash and every derived key. */
export function recordingSuite(suite: CryptoSuite): {
  readonly suite: CryptoSuite
  readonly derivations: Derivation[]
} {
  const derivations: Derivation[] = []
  return {
    derivations,
    suite: {
      ...suite,
      sha256: (...parts: readonly Uint8Array[]) => {
        const hash = suite.sha256(...parts)
        derivations.push({ hash: hex(hash) })
        return hash
      },
      hkdfSha256: (input: HkdfInput) => {
        const keys = suite.hkdfSha256(input)
        derivations.push({ keys: hex(keys) })
        return keys
      },
    },
  }
}

export function hex(bytes: Uint8Array): string {
  return toString(bytes, 'hex')
}
