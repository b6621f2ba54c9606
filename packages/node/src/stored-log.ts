import type { CryptoSuite } from '@warren/crypto'
import { type VerifiedLog, verifyLog } from '@warren/identity'

/** A key log that this node verified before it stored it, read again. Time of the entries is not judged anew. */
export function readStoredLog(suite: CryptoSuite, text: string, nowMs: number): VerifiedLog {
  return verifyLog({ suite, text, nowMs })
}
