import type { Signer } from '@warren/crypto'
import { TlogError } from '../tlog-error.ts'

/** The two public keys of whoever signs notes; neither counts without the other. */
export interface HybridKeys {
  /** 32 bytes. */
  readonly ed25519: Uint8Array
  /** 1312 bytes. */
  readonly mlDsa44: Uint8Array
}

/** What signing needs of a private key. */
export type NoteSigner = Pick<Signer, 'publicKey' | 'sign'>

/** The two private keys of whoever signs notes. */
export interface HybridSigners {
  readonly ed25519: NoteSigner
  readonly mlDsa44: NoteSigner
}

/** A log or a cosigner as a verifier knows it. */
export interface KnownSigner {
  /** For a log, its origin. */
  readonly name: string
  /** Every pair that it has or had, oldest first; one pair alone has signed each note. */
  readonly keys: readonly HybridKeys[]
}

const ED25519_KEY_BYTES = 32
const ML_DSA_44_KEY_BYTES = 1312

/** Refuses what cannot be a pair of keys; it comes from configuration or a key log, never with the note. */
export function requireKeys(signer: KnownSigner): void {
  const fit = signer.keys.every(
    ({ ed25519, mlDsa44 }) =>
      ed25519.length === ED25519_KEY_BYTES && mlDsa44.length === ML_DSA_44_KEY_BYTES,
  )
  if (fit && signer.keys.length > 0) return
  throw new TlogError('key-malformed', 'a signer of notes has an Ed25519 and an ML-DSA-44 key')
}
