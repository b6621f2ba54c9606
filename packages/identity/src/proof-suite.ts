import type { CryptoSuite } from '@warren/crypto'
import { decodeBase58, decodeBase64Url, encodeBase58, encodeBase64Url } from './base-encoding.ts'
import type { KeyType } from './multikey.ts'

/** The names of the Data Integrity suites that Warren signs with. */
export type Cryptosuite = 'eddsa-jcs-2022' | 'mldsa44-jcs-2024'

/** One row for each suite: what differs between them, and nothing else. */
export interface ProofSuite {
  /**
   * Whether the proof itself carries the `@context` of the document.
   * `eddsa-jcs-2022` does; `mldsa44-jcs-2024` adds it to what is hashed and does not store it.
   */
  readonly storesContext: boolean
  readonly encodeProofValue: (signature: Uint8Array) => string
  /** Undefined when the text is not the one encoding of a signature of the right length. */
  readonly decodeProofValue: (text: string) => Uint8Array | undefined
  readonly verifier: (suite: CryptoSuite) => CryptoSuite['ed25519' | 'mlDsa44']
}

const ED25519_SIGNATURE_BYTES = 64
const ED25519_PROOF_LENGTH_MAX = 90
const MLDSA44_SIGNATURE_BYTES = 2420
const MLDSA44_PROOF_LENGTH_MAX = 3230

/** W3C Data Integrity EdDSA Cryptosuites 1.0 §3.3; W3C Quantum-Resistant Cryptosuites (FPWD 2026-06-16). */
export const PROOF_SUITES: Readonly<Record<Cryptosuite, ProofSuite>> = {
  'eddsa-jcs-2022': {
    storesContext: true,
    encodeProofValue: (signature) => `z${encodeBase58(signature)}`,
    decodeProofValue: (text) => {
      if (!text.startsWith('z')) return undefined
      const signature = decodeBase58(text.slice(1), ED25519_PROOF_LENGTH_MAX)
      return signature?.length === ED25519_SIGNATURE_BYTES ? signature : undefined
    },
    verifier: (suite) => suite.ed25519,
  },
  'mldsa44-jcs-2024': {
    storesContext: false,
    encodeProofValue: (signature) => `u${encodeBase64Url(signature)}`,
    decodeProofValue: (text) => {
      if (!text.startsWith('u')) return undefined
      const signature = decodeBase64Url(text.slice(1), MLDSA44_PROOF_LENGTH_MAX)
      return signature?.length === MLDSA44_SIGNATURE_BYTES ? signature : undefined
    },
    verifier: (suite) => suite.mlDsa44,
  },
}

/** The suite that a type of key signs with. */
export const SUITE_OF_KEY: Readonly<Record<KeyType, Cryptosuite>> = {
  ed25519: 'eddsa-jcs-2022',
  mldsa44: 'mldsa44-jcs-2024',
}

/** Tells the name of a suite of ours from every other text. */
export function isCryptosuite(text: string): text is Cryptosuite {
  return Object.hasOwn(PROOF_SUITES, text)
}
