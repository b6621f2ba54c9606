import type { CryptoSuite } from '@warren/crypto'
import { concat } from 'uint8arrays/concat'
import { encodeBase58, utf8 } from './base-encoding.ts'

/** Multihash prefix of SHA-256: code 0x12, 32 bytes. */
const SHA256_PREFIX = Uint8Array.of(0x12, 0x20)

/** The SHA-256 multihash of a text in base58btc without prefix: `Qm…`, 46 characters. */
export function multihashOf(suite: CryptoSuite, text: string): string {
  return encodeBase58(concat([SHA256_PREFIX, suite.sha256(utf8(text))]))
}
