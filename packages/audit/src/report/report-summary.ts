import type { Entry, EntryKind } from '../entry.ts'
import { Counts } from './counts.ts'

/** Entries of one list that are kept; the rest is counted. */
const LISTED_MAX = 1000

/** Entries in full, as many as fit on paper. */
export class EntryExtract {
  readonly entries: Entry[] = []
  #more = 0

  /** Entries that were not kept. */
  get more(): number {
    return this.#more
  }

  add(entry: Entry): void {
    if (this.entries.length < LISTED_MAX) this.entries.push(entry)
    else this.#more += 1
  }
}

/** Kinds of which a report lists the entries, under these headings. */
const LISTED: Readonly<Partial<Record<EntryKind, ListName>>> = {
  record: 'membership',
  standing: 'membership',
  policy: 'changes',
  config: 'changes',
  start: 'runs',
  stop: 'runs',
  alert: 'alerts',
  unfinished: 'gaps',
  retention: 'gaps',
  export: 'gaps',
}
type ListName = 'membership' | 'changes' | 'runs' | 'alerts' | 'gaps'

/** What a report says of a stretch of a log, built by feeding the entries; memory is bounded. */
export class ReportSummary {
  readonly kinds: Counts = new Counts()
  readonly refusals: Counts = new Counts()
  readonly permits: Counts = new Counts()
  readonly targets: Counts = new Counts()
  readonly callers: Counts = new Counts()
  readonly outcomes: Counts = new Counts()
  /** What this node's hosts asked of other nodes, by whom it was asked. */
  readonly sent: Counts = new Counts()
  readonly sentOutcomes: Counts = new Counts()
  readonly unsent: Counts = new Counts()
  readonly lists: Readonly<Record<ListName, EntryExtract>> = {
    membership: new EntryExtract(),
    changes: new EntryExtract(),
    runs: new EntryExtract(),
    alerts: new EntryExtract(),
    gaps: new EntryExtract(),
  }
  #first: Entry | undefined
  #last: Entry | undefined
  #count = 0

  get first(): Entry | undefined {
    return this.#first
  }

  get last(): Entry | undefined {
    return this.#last
  }

  get count(): number {
    return this.#count
  }

  add(entry: Entry): void {
    this.#first ??= entry
    this.#last = entry
    this.#count += 1
    this.kinds.add(entry.kind)
    const list = LISTED[entry.kind]
    if (list !== undefined) this.lists[list].add(entry)
    if (entry.kind === 'decision') this.#addDecision(entry)
    if (entry.kind === 'result') this.outcomes.add(entry.outcome)
    if (entry.kind === 'request') this.#addRequest(entry)
    if (entry.kind === 'response') {
      this.sentOutcomes.add(withCode(entry.outcome, entry.code))
    }
  }

  #addRequest(entry: Extract<Entry, { kind: 'request' }>): void {
    const { provider = 'a node that is not known', server = '', tool, sent, code } = entry
    const target = tool === undefined ? server : `${server}/${tool}`
    this.sent.add(`${target} at ${provider}`)
    if (!sent) this.unsent.add(code ?? 'no reason given')
  }

  #addDecision(entry: Extract<Entry, { kind: 'decision' }>): void {
    const { allowed, rule, code, server, tool, caller } = entry
    const why = [code, rule].filter((part) => part !== undefined).join(' · ')
    const reasons = allowed ? this.permits : this.refusals
    reasons.add(why === '' ? 'no reason given' : why)
    this.targets.add(tool === undefined ? server : `${server}/${tool}`)
    this.callers.add(caller)
  }
}

function withCode(outcome: string, code: string | undefined): string {
  return code === undefined ? outcome : `${outcome} · ${code}`
}
