import type { CryptoSuite } from '@warren/crypto'
import type { Did } from '@warren/identity'
import { type HybridKeys, leafHash, TreeFrontier } from '@warren/tlog'
import { originOf } from '../audit-log.ts'
import type { Entry } from '../entry.ts'
import { EntryCheck } from './entry-check.ts'
import { type Finding, FindingList } from './finding.ts'
import { type KnownHead, KnownHeads } from './known-heads.ts'
import { LineSplitter, type SplitLine } from './line-splitter.ts'
import { MissingRanges } from './missing-ranges.ts'
import { readLine } from './read-line.ts'
import { SignatureCheck } from './signature-check.ts'
import type { StoredTree } from './stored-tree.ts'
import { TreeCheck } from './tree-check.ts'

export interface LogVerifierInit {
  readonly suite: CryptoSuite
  /** Whose log it is. */
  readonly node: Did
  /** Every pair of keys that the node's key log gives it, oldest first. */
  readonly keys: readonly HybridKeys[]
  /** What others have seen of this log. Their signatures are the caller's to verify. */
  readonly known?: readonly KnownHead[]
  readonly tree?: StoredTree
  /** Verifies the signatures of all checkpoints, and not those at the end of segments alone. */
  readonly everySignature?: boolean
  /** Takes each entry that was signed and is there. */
  readonly onEntry?: (entry: Entry) => void
  /** Takes each tree that others have seen and that this log agrees with. */
  readonly onMatch?: (head: KnownHead) => void
}

/** What came of verifying a log. */
export interface Verification {
  /** Entries up to the last checkpoint that fits, and their root; undefined where the tree got lost. */
  readonly size: number | undefined
  readonly root: Uint8Array | undefined
  /** Entries that are there as they were signed. */
  readonly entries: number
  readonly checkpoints: number
  /** Checkpoints whose signatures were verified and hold. */
  readonly signatures: number
  /** Trees that others have seen and that this log agrees with. */
  readonly matched: number
  readonly findings: readonly Finding[]
  /** Findings that were not kept. */
  readonly more: number
}

/**
 * Reads a log as it comes, segment after segment, and says what is wrong with it.
 *
 * Every root is computed. Signatures are verified at the end of every segment, wherever something does not fit, and
 * everywhere where that is asked for. Memory is bounded by one batch, and nothing in a file makes it throw.
 */
export class LogVerifier {
  readonly #suite: CryptoSuite
  readonly #findings: FindingList = new FindingList()
  readonly #signatures: SignatureCheck
  readonly #known: KnownHeads
  readonly #missing: MissingRanges
  readonly #entries: EntryCheck
  readonly #tree: TreeCheck
  #splitter = new LineSplitter()
  #segment = ''
  #line = 0
  #checkpoints = 0

  constructor(init: LogVerifierInit) {
    const { suite, node, keys, tree, onEntry, onMatch } = init
    const findings = this.#findings
    this.#suite = suite
    this.#signatures = new SignatureCheck(suite, { name: originOf(node), keys }, findings)
    const heads = init.known ?? []
    this.#known = new KnownHeads({ suite, findings, heads, tree, onMatch })
    this.#missing = new MissingRanges(findings)
    this.#entries = new EntryCheck({ node, findings, missing: this.#missing, onEntry })
    this.#tree = new TreeCheck({
      empty: TreeFrontier.empty(suite),
      tree,
      everySignature: init.everySignature ?? false,
      findings,
      signatures: this.#signatures,
      known: this.#known,
      missing: this.#missing,
      entries: this.#entries,
    })
  }

  /** Goes on with the next segment; its name is for those who read the findings. */
  beginSegment(name: string): void {
    // A line without its end in the middle of the log is a line like any other: what it was, the checkpoint shows.
    const { rest } = this.#splitter
    if (rest !== undefined) this.#take(rest)
    this.#tree.endSegment()
    this.#splitter = new LineSplitter()
    this.#segment = name
    this.#line = 0
  }

  /** Takes the next bytes of the segment; the array may be filled anew afterwards. */
  push(chunk: Uint8Array): void {
    for (const line of this.#splitter.push(chunk)) this.#take(line)
  }

  /** Says what came of it, once everything was read. */
  finish(): Verification {
    this.#tree.endSegment()
    this.#tree.endLog(this.#splitter.rest !== undefined)
    const { tree } = this.#tree
    this.#known.finish(tree?.size)
    this.#missing.finish()
    this.#entries.finish()
    return {
      size: tree?.size,
      root: tree?.root(),
      entries: this.#entries.count,
      checkpoints: this.#checkpoints,
      signatures: this.#signatures.verified,
      matched: this.#known.matched,
      findings: this.#findings.items,
      more: this.#findings.more,
    }
  }

  #take({ bytes, offset }: SplitLine): void {
    this.#line += 1
    const place = { segment: this.#segment, line: this.#line, offset }
    const line = readLine(bytes)
    if (line.type === 'entry') {
      this.#tree.add({ hash: leafHash(this.#suite, bytes), entry: line.entry, place })
    } else if (line.type === 'checkpoint') {
      this.#checkpoints += 1
      this.#tree.checkpoint({ checkpoint: line.checkpoint, place }, this.#line === 1)
    } else {
      const sentence = 'A line that should be a checkpoint is none.'
      this.#findings.add({ code: 'checkpoint-malformed', severity: 'error', place, sentence })
    }
  }
}
