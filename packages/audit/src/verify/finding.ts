import type { Severity } from '../entry.ts'

/** What can be wrong with a log; codes never change. */
export type FindingCode =
  /** An entry is not the one that was signed. */
  | 'entry-changed'
  | 'entry-missing'
  /** A line is there that was never signed. */
  | 'entry-inserted'
  | 'entry-reordered'
  /** It was signed, and says that it is of another node. */
  | 'entry-foreign'
  /** It was signed, and says that it stands elsewhere. */
  | 'seq-wrong'
  /** It was signed, and is no entry. */
  | 'not-canonical'
  | 'checkpoint-malformed'
  /** A checkpoint of an earlier tree stands between later entries. */
  | 'checkpoint-misplaced'
  /** More entries than a batch can have stand without one. */
  | 'checkpoint-missing'
  | 'signature-wrong'
  | 'signature-missing'
  /** Signed by keys of another, or by keys that had been replaced. */
  | 'key-wrong'
  /** The log ends in the middle of a batch, or before what its own tree knows of. */
  | 'tail-truncated'
  /** Somebody has seen a larger tree of this log. */
  | 'rolled-back'
  /** Somebody has seen another tree of this size. */
  | 'forked'
  /** Somebody has seen a tree of a size at which nothing tells what this log was. */
  | 'cosigned-unchecked'
  | 'clock-set-back'
  | 'result-without-decision'
  | 'response-without-request'
  /** A decision, or a request, of an earlier boot has no end, nor an entry that says that none is known. */
  | 'unfinished'
  | 'segment-missing'
  /** A segment is not there, and an entry says that it was erased. */
  | 'segment-erased'
  /** What follows cannot be told right from wrong, since the tree before it is not known. */
  | 'tree-unknown'

/** Where in the files something stands. */
export interface LinePlace {
  readonly segment: string
  /** Counted from 1. */
  readonly line: number
  /** Bytes from the start of the segment. */
  readonly offset: number
}

/** One thing that is wrong, or that whoever reads the log should know. */
export interface Finding {
  readonly code: FindingCode
  readonly severity: Severity
  readonly place?: LinePlace
  /** The entry, or the first of several. */
  readonly seq?: number
  /** The first one behind, where there are several. */
  readonly to?: number
  readonly sentence: string
}

/** What is kept of them; whatever comes then is counted. */
const FINDINGS_MAX = 1000

/** The findings of one run, in the order of the log. */
export class FindingList {
  #items: Finding[] = []
  #more = 0

  get items(): readonly Finding[] {
    return this.#items
  }

  /** Findings that were not kept. */
  get more(): number {
    return this.#more
  }

  add(finding: Finding): void {
    if (this.#items.length < FINDINGS_MAX) this.#items.push(finding)
    else this.#more += 1
  }

  /** Says again what was found, once more of the log was read. */
  revise(again: (finding: Finding) => readonly Finding[]): void {
    const revised = this.#items.flatMap((finding) => again(finding))
    this.#items = revised.slice(0, FINDINGS_MAX)
    this.#more += revised.length - this.#items.length
  }
}
