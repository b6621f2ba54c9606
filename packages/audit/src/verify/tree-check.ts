import type { Checkpoint, TreeFrontier } from '@warren/tlog'
import { equals } from 'uint8arrays/equals'
import { BATCH_MAX } from '../audit-log.ts'
import type { EntryCheck } from './entry-check.ts'
import { explainDamage, type ReadLine } from './explain-damage.ts'
import type { FindingList } from './finding.ts'
import type { KnownHeads } from './known-heads.ts'
import type { MissingRanges } from './missing-ranges.ts'
import { MovedEntries } from './moved-entries.ts'
import type { PlacedCheckpoint, SignatureCheck } from './signature-check.ts'
import type { StoredTree } from './stored-tree.ts'

export interface TreeCheckInit {
  readonly empty: TreeFrontier
  readonly tree: StoredTree | undefined
  readonly everySignature: boolean
  readonly findings: FindingList
  readonly signatures: SignatureCheck
  readonly known: KnownHeads
  readonly missing: MissingRanges
  readonly entries: EntryCheck
}

/** An alert of the log itself may come on top of a full batch. */
const PENDING_MAX = BATCH_MAX + 1

/**
 * Whether lines are what was signed: the root of the tree is computed and compared at every checkpoint.
 *
 * Where it differs, the stored tree tells what was signed, if it leads to the signed root, and the check goes on from there.
 */
export class TreeCheck {
  readonly #init: TreeCheckInit
  readonly #moved: MovedEntries
  /** The tree up to the last checkpoint that fits; undefined where it is not known. */
  #base: TreeFrontier | undefined
  /** The tree with the lines behind it. */
  #grown: TreeFrontier
  #pending: ReadLine[] = []
  /** A checkpoint that fits, and whose signatures were not verified. */
  #last: PlacedCheckpoint | undefined
  #isLossSaid = false

  constructor(init: TreeCheckInit) {
    this.#init = init
    this.#moved = new MovedEntries(init.findings)
    this.#base = init.empty
    this.#grown = init.empty
  }

  /** The tree up to the last checkpoint that fits; undefined where it got lost. */
  get tree(): TreeFrontier | undefined {
    return this.#base
  }

  add(line: ReadLine): void {
    if (this.#base === undefined) return
    if (this.#grown.size >= Number.MAX_SAFE_INTEGER) {
      this.#endAtLargest(line)
      return
    }
    this.#grown = this.#grown.append(line.hash)
    this.#pending.push(line)
    if (this.#pending.length <= PENDING_MAX) return
    this.#init.findings.add({
      code: 'checkpoint-missing',
      severity: 'error',
      place: line.place,
      seq: this.#base.size,
      sentence: `More than ${PENDING_MAX} entries stand without a checkpoint, more than a batch can have.`,
    })
    this.#lose()
  }

  /** Takes the next checkpoint; `isFirst`: it is the first line of its segment. */
  checkpoint(placed: PlacedCheckpoint, isFirst: boolean): void {
    const base = this.#base
    const { checkpoint } = placed
    if (base !== undefined && isHeadOf(this.#grown, checkpoint)) {
      this.#accept(base, placed)
      return
    }
    // The times of signatures may not go back, so they are verified in the order of the log.
    this.endSegment()
    if (base === undefined) this.#find(placed)
    else if (isFirst && checkpoint.size > this.#grown.size) this.#skip(base, placed)
    else if (this.#init.signatures.check(placed)) this.#explain(base, placed)
  }

  /** Verifies what the segment ends with; one signature over a tree vouches for all that is in it. */
  endSegment(): void {
    if (this.#last !== undefined) this.#init.signatures.check(this.#last)
    this.#last = undefined
  }

  /** Says what stands behind the last checkpoint, or should; `isCut`: the last line has no end. */
  endLog(isCut: boolean): void {
    this.#moved.settle()
    const base = this.#base
    if (base === undefined) return
    const torn = this.#pending.length + (isCut ? 1 : 0)
    if (torn > 0) {
      const [first] = this.#pending
      this.#init.findings.add({
        code: 'tail-truncated',
        severity: 'warn',
        seq: base.size,
        ...(first === undefined ? {} : { place: first.place }),
        sentence: `${torn} lines stand behind the last checkpoint: their batch was not written to its end, and nobody was told that it was.`,
      })
    }
    if (this.#init.tree?.leafHash(base.size) === undefined) return
    this.#init.findings.add({
      code: 'tail-truncated',
      severity: 'error',
      seq: base.size,
      sentence: `The log ends with ${base.size} entries, but the tree beside it knows of more.`,
    })
  }

  /** The lines are what was signed. */
  #accept(base: TreeFrontier, placed: PlacedCheckpoint): void {
    const { everySignature, signatures, known, entries } = this.#init
    if (everySignature) signatures.check(placed)
    else this.#last = placed
    const lines = this.#pending
    known.grow(
      base,
      lines.map(({ hash }) => hash),
    )
    for (const [index, line] of lines.entries()) entries.add(line, base.size + index)
    this.#goOn(this.#grown)
  }

  /** A segment starts further on than the one before has ended: of that nothing counts behind its last checkpoint. */
  #skip(base: TreeFrontier, placed: PlacedCheckpoint): void {
    const { size } = placed.checkpoint
    const [first] = this.#pending
    if (first !== undefined) {
      this.#init.findings.add({
        code: 'checkpoint-missing',
        severity: 'error',
        place: first.place,
        seq: base.size,
        sentence: `${this.#pending.length} lines stand before a gap without a checkpoint: nobody has signed them.`,
      })
    }
    this.#init.missing.miss(base.size, size)
    this.#init.entries.skipTo(size)
    this.#lose()
    this.#find(placed)
  }

  /** The lines are not what was signed: says in what they differ, and goes on from what was signed. */
  #explain(base: TreeFrontier, placed: PlacedCheckpoint): void {
    const { findings, entries, known } = this.#init
    const { size } = placed.checkpoint
    if (size <= base.size) {
      const sentence = `A checkpoint of ${size} entries stands behind ${base.size} of them.`
      findings.add({
        code: 'checkpoint-misplaced',
        severity: 'error',
        place: placed.place,
        seq: size,
        sentence,
      })
      return
    }
    const signed = this.#signedLeaves(base, placed.checkpoint)
    const lines = this.#pending
    for (const damage of explainDamage({ from: base.size, to: size, lines, signed })) {
      this.#moved.add(damage)
    }
    entries.skipTo(size)
    if (signed === undefined) {
      this.#lose()
      this.#goOnFrom(placed)
      return
    }
    const byHash = new Map(lines.map((line) => [line.hash.toHex(), line]))
    for (const [index, leaf] of signed.entries()) {
      const line = byHash.get(leaf.toHex())
      if (line !== undefined) entries.add(line, base.size + index)
    }
    known.grow(base, signed)
    this.#goOn(signed.reduce((tree, leaf) => tree.append(leaf), base))
  }

  /** The leaf hashes behind a tree, where they are at hand and lead to the root that was signed. */
  #signedLeaves(base: TreeFrontier, head: Checkpoint): readonly Uint8Array[] | undefined {
    // Nobody signs a batch of more.
    if (head.size - base.size > PENDING_MAX) return undefined
    const leaves: Uint8Array[] = []
    let tree = base
    for (let seq = base.size; seq < head.size; seq += 1) {
      const leaf = this.#init.tree?.leafHash(seq)
      if (leaf === undefined) return undefined
      leaves.push(leaf)
      tree = tree.append(leaf)
    }
    return isHeadOf(tree, head) ? leaves : undefined
  }

  /** Looks for a tree that a checkpoint vouches for, if the node has signed that. */
  #find(placed: PlacedCheckpoint): void {
    if (this.#init.signatures.check(placed)) this.#goOnFrom(placed)
  }

  #goOnFrom({ checkpoint, place }: PlacedCheckpoint): void {
    const { tree, known, findings } = this.#init
    const { size } = checkpoint
    const frontier = size === 0 ? this.#init.empty : tree?.frontier(size)
    if (frontier !== undefined && isHeadOf(frontier, checkpoint)) {
      known.skipTo(checkpoint)
      known.grow(frontier, [])
      this.#goOn(frontier)
      return
    }
    if (this.#isLossSaid) return
    this.#isLossSaid = true
    findings.add({
      code: 'tree-unknown',
      severity: 'error',
      place,
      seq: size,
      sentence: `What follows cannot be verified: the tree of the first ${size} entries is not at hand.`,
    })
  }

  /** Whoever holds the keys of the node can sign a tree of any size, behind which nothing can be counted any more. */
  #endAtLargest({ place }: ReadLine): void {
    this.#init.findings.add({
      code: 'tree-unknown',
      severity: 'error',
      place,
      seq: this.#grown.size,
      sentence: `What follows cannot be verified: a log has at most ${Number.MAX_SAFE_INTEGER} entries.`,
    })
    this.#isLossSaid = true
    this.#lose()
  }

  #goOn(tree: TreeFrontier): void {
    this.#base = tree
    this.#grown = tree
    this.#pending = []
    this.#isLossSaid = false
  }

  #lose(): void {
    this.#base = undefined
    this.#pending = []
    this.#last = undefined
  }
}

function isHeadOf(tree: TreeFrontier, { size, root }: Checkpoint): boolean {
  return tree.size === size && equals(tree.root(), root)
}
