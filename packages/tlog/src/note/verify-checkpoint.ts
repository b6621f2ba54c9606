import type { CryptoSuite } from '@warren/crypto'
import { equals } from 'uint8arrays/equals'
import { TlogError } from '../tlog-error.ts'
import { emptyRoot } from '../tree/node-hash.ts'
import type { Checkpoint, TreeHead } from './checkpoint.ts'
import type { KnownSigner } from './hybrid-keys.ts'
import { type HybridSignature, verifyLines } from './verify-lines.ts'

/** A tree head that its log has signed, with the time that it says, and the pair of keys that it signed with. */
export type SignedHead = TreeHead & HybridSignature

export interface VerifyCheckpointInput {
  readonly suite: CryptoSuite
  readonly checkpoint: Checkpoint
  readonly log: KnownSigner
}

/**
 * Checks that a checkpoint is of this log and signed by it with both keys of one of its pairs.
 *
 * @throws TlogError `origin-foreign`, `root-malformed`, `key-malformed`, `signature-missing`, `signature-twice`,
 * `signature-wrong`, `time-malformed`
 */
export function verifyCheckpoint(input: VerifyCheckpointInput): SignedHead {
  const { suite, checkpoint, log } = input
  const { origin, size, root } = checkpoint
  if (origin !== log.name) {
    throw new TlogError('origin-foreign', 'the checkpoint is of another log')
  }
  if (size === 0 && !equals(root, emptyRoot(suite))) {
    throw new TlogError('root-malformed', 'a tree without entries has the root of nothing')
  }
  const signature = verifyLines({ suite, checkpoint, signer: log, part: 'log' })
  if (signature === undefined) {
    throw new TlogError('signature-missing', 'the log has not signed with both of its keys')
  }
  return { origin, size, root, ...signature }
}
