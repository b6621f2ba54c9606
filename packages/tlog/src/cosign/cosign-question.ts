import type { Evidence } from '../evidence/evidence.ts'
import type { KnownSigner } from '../note/hybrid-keys.ts'
import type { AddCheckpoint } from './add-checkpoint.ts'
import type { CosignAnswer } from './cosign-answer.ts'

/** What a cosigner holds of one log: the largest tree that it has signed. Plain data, to be stored. */
export interface CosignedTree {
  readonly size: number
  /** When the log signed, by its own word. */
  readonly signedSeconds: number
  /** When this cosigner signed; its times for one log never go back. */
  readonly cosignedSeconds: number
  /** The checkpoint as the log signed it: one half of the evidence, should the log ever contradict it. */
  readonly checkpoint: string
}

export interface CosignQuestion {
  readonly request: AddCheckpoint
  /** The log of that origin, with every pair of keys that it has had; absent where it is not known. */
  readonly log?: KnownSigner
  /** What was stored for that origin last. */
  readonly held?: CosignedTree
  readonly timeSeconds: number
}

export interface CosignOutcome {
  readonly answer: CosignAnswer
  /** To be stored, durably, before the answer leaves. */
  readonly next?: CosignedTree
  /** The log has contradicted itself. */
  readonly evidence?: Evidence
}
