import type { CryptoSuite } from '@warren/crypto'
import { equals } from 'uint8arrays/equals'
import type { Checkpoint } from '../note/checkpoint.ts'
import type { KnownSigner } from '../note/hybrid-keys.ts'
import { type SignedHead, verifyCheckpoint } from '../note/verify-checkpoint.ts'
import { pairLines } from '../note/verify-lines.ts'
import { TlogError } from '../tlog-error.ts'
import { historyRoots } from '../tree/consistency-proof.ts'
import type { Sha256 } from '../tree/node-hash.ts'
import type { Evidence, EvidenceKind } from './evidence.ts'

export interface VerifyEvidenceInput {
  readonly suite: CryptoSuite
  readonly evidence: Evidence
  readonly log: KnownSigner
}

export interface FindEvidenceInput {
  readonly suite: CryptoSuite
  readonly log: KnownSigner
  readonly checkpoints: readonly [Checkpoint, Checkpoint]
  /** What the larger tree was at the size of the smaller one, where somebody has shown it: a `historyProof`. */
  readonly history?: readonly Uint8Array[]
}

/** Two heads of one log, and what is known of how the second came about. */
interface Heads {
  readonly smaller: SignedHead
  readonly larger: SignedHead
  readonly history: readonly Uint8Array[]
}

/** One row for each kind: when two heads that the log has signed are evidence of it. */
const CONTRADICTIONS: Readonly<Record<EvidenceKind, (suite: Sha256, heads: Heads) => boolean>> = {
  'two-roots': (_suite, { smaller, larger }) =>
    smaller.size === larger.size && !equals(smaller.root, larger.root),
  'went-back': (_suite, { smaller, larger }) =>
    smaller.size < larger.size && smaller.timeSeconds > larger.timeSeconds,
  rewritten: (suite, { smaller, larger, history }) => {
    // Of the empty tree there is one root, and `verifyCheckpoint` saw to it.
    if (smaller.size === 0 || smaller.size >= larger.size) return false
    const growth = { oldSize: smaller.size, size: larger.size }
    const roots = historyRoots(suite, history, growth)
    return equals(roots.root, larger.root) && !equals(roots.oldRoot, smaller.root)
  },
}

/**
 * Checks that evidence shows that its log signed what contradicts itself.
 *
 * @throws TlogError `evidence-unproven` when the checkpoints agree; as `verifyCheckpoint` and `historyRoots` do
 */
export function verifyEvidence(input: VerifyEvidenceInput): void {
  const { suite, evidence, log } = input
  const [smaller, larger] = evidence.checkpoints.map((checkpoint) =>
    verifyCheckpoint({ suite, checkpoint, log }),
  )
  const { kind, history } = evidence
  const isNeedless = kind !== 'rewritten' && history.length > 0
  if (smaller !== undefined && larger !== undefined && !isNeedless) {
    if (CONTRADICTIONS[kind](suite, { smaller, larger, history })) return
  }
  throw new TlogError('evidence-unproven', 'an honest log could have signed both checkpoints')
}

/**
 * The evidence that two checkpoints of one log are, or undefined where they can both be honest.
 *
 * @throws TlogError as `verifyCheckpoint` and `historyRoots` do
 */
export function findEvidence(input: FindEvidenceInput): Evidence | undefined {
  const { suite, log, history = [] } = input
  const [first, second] = input.checkpoints
  const [smaller, larger] = first.size <= second.size ? [first, second] : [second, first]
  const heads = {
    smaller: verifyCheckpoint({ suite, checkpoint: smaller, log }),
    larger: verifyCheckpoint({ suite, checkpoint: larger, log }),
    history,
  }
  const kind = kindsFor(history).find((each) => CONTRADICTIONS[each](suite, heads))
  if (kind === undefined) return undefined
  return {
    kind,
    origin: log.name,
    checkpoints: [
      ownLines({ suite, log, head: heads.smaller }, smaller),
      ownLines({ suite, log, head: heads.larger }, larger),
    ],
    history: kind === 'rewritten' ? history : [],
  }
}

/** The checkpoint with the two lines alone with which its log signed it, as `verifyCheckpoint` said. */
export function ownLines(
  { suite, log, head }: Pick<FindEvidenceInput, 'suite' | 'log'> & { readonly head: SignedHead },
  checkpoint: Checkpoint,
): Checkpoint {
  const lines = log.keys
    .slice(head.keysIndex, head.keysIndex + 1)
    .flatMap((keys) => pairLines({ suite, checkpoint, signer: log, part: 'log' }, keys))
  return { ...checkpoint, lines }
}

function kindsFor(history: readonly Uint8Array[]): readonly EvidenceKind[] {
  return history.length === 0 ? ['two-roots', 'went-back'] : ['two-roots', 'went-back', 'rewritten']
}
