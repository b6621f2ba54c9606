import {
  AuditError,
  decisionOn,
  decodeEntry,
  type Direction,
  type Entry,
  type EntryKind,
  KINDS_BY_DIRECTION,
} from '@warren/audit'
import { BoundedMap } from '@warren/core'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { integer } from '../row.ts'
import type { Parameters, Sqlite } from '../sqlite.ts'
import { StorageError } from '../storage-error.ts'
import type { ReadCursor, ReadSlice, StoredEntry } from './entry-reader.ts'
import { makeAnew, moveTo, openKnown, passedOver, passOver, positionOf } from './index-file.ts'

/** Entries that are indexed in one turn of the event loop. */
const SLICE_MAX = 128
const RESULTS_MAX = 1_000
const TEXT_LENGTH_MAX = 256
/** Segments that cannot be read, of which each is told once. */
const TOLD_MAX = 1_024

/** What to look for; all that is said must hold. */
export interface AuditQuery {
  readonly kind?: EntryKind
  /** Calls that came to this node, or those that its hosts made to others. */
  readonly direction?: Direction
  readonly call?: string
  readonly caller?: string
  readonly server?: string
  readonly tool?: string
  /** Whether a call that came was allowed, or one to another node was sent. */
  readonly decision?: 'allowed' | 'refused'
  readonly rule?: string
  readonly code?: string
  /** From this time on, as entries have it. */
  readonly since?: string
  /** Before this time. */
  readonly until?: string
  /** Words, each of which must stand in a name or a sentence of the entry. */
  readonly text?: string
  /** Only entries before this place: where the answer before ended. */
  readonly before?: number
  /** Default and most 1,000. */
  readonly limit?: number
}

/** What the index needs of the log. */
export interface IndexSource {
  readonly size: number
  /** The places of the first entries of all segments. */
  readonly segments: readonly number[]
  entry(seq: number): Promise<Uint8Array>
  slices(from: ReadCursor): AsyncGenerator<ReadSlice>
}

/** Who wants to know of a segment that cannot be read; the error says which. */
type DamageListener = (error: StorageError | AuditError) => void

/**
 * Finds entries without reading the log through. It holds nothing that the log does not: a file that is missing, damaged or
 * of another version is made anew, in slices between which everything else has its turn. So is one that holds what was
 * erased since: of words that were taken out of it, a database keeps pieces in places that nobody can point to.
 *
 * Of a closed segment that is damaged it has what comes before the damage, and goes on with the next one: one file that
 * somebody has spoilt must not keep everything else from being found.
 */
export class AuditIndex {
  readonly #path: string
  readonly #source: IndexSource
  #database: Sqlite
  /** One thing after the other: nobody reads, or adds to, a file that is being made anew. */
  #turn: Promise<unknown> = Promise.resolve()
  /** Whether it is to be made anew before anything is done with it. */
  #isStale = false
  readonly #listeners = new Set<DamageListener>()
  readonly #told = new BoundedMap<string, true>(TOLD_MAX)
  #closed = false

  private constructor(
    init: { readonly path: string; readonly source: IndexSource },
    database: Sqlite,
  ) {
    this.#path = init.path
    this.#source = init.source
    this.#database = database
  }

  static async open(path: string, source: IndexSource): Promise<AuditIndex> {
    const known = openKnown(path)
    if (known !== undefined && (await isOf(source, known)) && !(await isRestored(source, known))) {
      return new AuditIndex({ path, source }, known)
    }
    known?.close()
    return new AuditIndex({ path, source }, await makeAnew(path))
  }

  /** Whether somebody can still search in it. */
  get isOpen(): boolean {
    return !this.#closed
  }

  /** Calls the listener once for each segment that cannot be read to its end, until the returned function is called. */
  listen(listener: DamageListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The first entry that is not in the index yet. */
  get size(): number {
    return positionOf(this.#database).seq
  }

  /** Takes over what the log has and the index has not. */
  async catchUp(): Promise<void> {
    // Whoever asks wants all that the log has now, also where a round has already passed it, or was cut short.
    while (!(await this.#inTurn(async () => this.#takeOver())));
  }

  /** The places of the entries that fit, the newest first, when the index has caught up. */
  async search(query: AuditQuery): Promise<readonly number[]> {
    try {
      return await this.#search(query)
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'store-corrupt') throw error
      this.#isStale = true
      return this.#search(query)
    }
  }

  /**
   * Forgets all, so that nothing is left in its files of what the log has no more; a round that is under way ends, and begins
   * again.
   *
   * @throws StorageError where the file cannot be made anew; the next search tries again
   */
  async forget(): Promise<void> {
    if (this.#closed) return
    this.#isStale = true
    await this.#inTurn(async () => this.#makeAnewIfStale())
  }

  /** Waits for the slice that is under way, and closes the file. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#inTurn(async () => {
      try {
        await this.#makeAnewIfStale()
      } finally {
        this.#database.close()
      }
    })
  }

  async #search(query: AuditQuery): Promise<readonly number[]> {
    const { where, parameters } = conditionsOf(query)
    const limit = Math.max(0, Math.floor(Math.min(query.limit ?? RESULTS_MAX, RESULTS_MAX)))
    const sql = `SELECT seq FROM entry ${where} ORDER BY seq DESC LIMIT $limit`
    for (;;) {
      const rows = await this.#inTurn(async () => {
        const hasAll = await this.#takeOver()
        return hasAll ? this.#database.all(sql, { ...parameters, limit }) : undefined
      })
      if (rows !== undefined) return rows.map((row) => integer(row, 'seq'))
    }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {
      // Whoever asked is told how it went; the next one stands for itself.
    })
    return turn
  }

  async #makeAnewIfStale(): Promise<void> {
    if (!this.#isStale) return
    this.#database.close()
    this.#database = await makeAnew(this.#path)
    this.#isStale = false
  }

  /** Whether it came to the end of the log, and was not cut short since all is to be forgotten. */
  async #takeOver(): Promise<boolean> {
    await this.#makeAnewIfStale()
    // Each turn goes on in a later segment.
    for (;;) {
      try {
        return await this.#takeOverReadable()
      } catch (error) {
        this.#passOver(error)
      }
    }
  }

  /**
   * Goes on behind the segment in which the index stands. That may be the one before the damage, which has been taken over:
   * then the one that is damaged is passed over in the next turn.
   */
  #passOver(error: unknown): void {
    const isDamage =
      error instanceof AuditError ||
      (error instanceof StorageError && error.code === 'audit-damaged')
    const next = this.#segmentBehind(positionOf(this.#database).first)
    // Of the segment that grows, what comes next is in it.
    if (!isDamage || next === undefined) throw error
    passOver(this.#database, next)
    if (this.#told.has(error.message)) return
    this.#told.set(error.message, true)
    for (const listener of this.#listeners) listener(error)
  }

  #segmentBehind(first: number): number | undefined {
    return this.#source.segments.find((each) => each > first)
  }

  async #takeOverReadable(): Promise<boolean> {
    for await (const slice of this.#source.slices(positionOf(this.#database))) {
      const { cursor } = slice
      const next = this.#segmentBehind(cursor.first) ?? Infinity
      // What somebody has put behind the last entry of a segment must not stand for those of the next one.
      const entries = slice.entries.filter(({ seq }) => seq < next)
      for (let at = 0; at < entries.length && !this.#closed; at += SLICE_MAX) {
        const part = entries.slice(at, at + SLICE_MAX)
        this.#add(part, at + SLICE_MAX >= entries.length ? cursor : undefined)
        await nextTurn()
        if (this.#isStale) return this.#closed
      }
      if (this.#closed) return true
    }
    return true
  }

  /** The position moves with the last part of what one read gave; what is added twice until then is the same. */
  #add(entries: readonly StoredEntry[], cursor: ReadCursor | undefined): void {
    const { seq: known } = positionOf(this.#database)
    this.#database.transaction(() => {
      for (const { seq, bytes } of entries) {
        if (seq < known) continue
        const entry = decodeEntry(bytes)
        const added = this.#database.run(INSERT, { ...columnsOf(entry), seq })
        if (added > 0)
          this.#database.run('INSERT INTO entry_text (rowid, words) VALUES ($seq, $words)', {
            seq,
            words: wordsOf(entry),
          })
      }
      if (cursor === undefined) return
      moveTo(this.#database, cursor)
    })
  }
}

const INSERT =
  'INSERT OR IGNORE INTO entry (seq, at, kind, call, caller, server, tool, decision, rule, code) ' +
  'VALUES ($seq, $at, $kind, $call, $caller, $server, $tool, $decision, $rule, $code)'

/** Columns that are compared as they are. */
const EXACT = ['kind', 'call', 'caller', 'server', 'tool', 'decision', 'rule', 'code'] as const

function conditionsOf(query: AuditQuery): {
  readonly where: string
  readonly parameters: Parameters
} {
  const conditions: string[] = []
  const parameters: Record<string, string | number> = {}
  const add = (condition: string, name: string, value: string | number | undefined): void => {
    if (value === undefined) return
    conditions.push(condition)
    parameters[name] = value
  }
  for (const column of EXACT) add(`${column} = $${column}`, column, query[column])
  for (const direction of ['in', 'out'] as const) {
    const kinds = KINDS_BY_DIRECTION[direction].map((kind) => `'${kind}'`).join(', ')
    if (query.direction === direction) conditions.push(`kind IN (${kinds})`)
  }
  add('at >= $since', 'since', query.since)
  add('at < $until', 'until', query.until)
  add('seq < $before', 'before', query.before)
  const words = matchOf(query.text)
  add('seq IN (SELECT rowid FROM entry_text WHERE entry_text MATCH $words)', 'words', words)
  return { where: conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`, parameters }
}

/** Each word as FTS5 would have it between quotes, so that no text is a command. */
function matchOf(words: string | undefined): string | undefined {
  const found = words?.slice(0, TEXT_LENGTH_MAX).match(/[\p{L}\p{N}]+/gu)
  return words === undefined
    ? undefined
    : (found ?? ['\u0001']).map((word) => `"${word}"`).join(' AND ')
}

function columnsOf(entry: Entry): Parameters {
  const column = (name: string): string | null => {
    const value: unknown = Object.entries(entry).find(([key]) => key === name)?.[1]
    return typeof value === 'string' ? value : null
  }
  return {
    seq: entry.seq,
    at: entry.at,
    kind: entry.kind,
    call: column('call'),
    caller: column('caller'),
    server: column('server'),
    tool: column('tool'),
    rule: column('rule'),
    code: column('code'),
    decision: decisionOn(entry) ?? null,
  }
}

/** Whatever text an entry says, of itself and in lists; the head alone is left out. */
function wordsOf({
  v: _v,
  seq: _seq,
  node: _node,
  boot: _boot,
  at: _at,
  monoUs: _monoUs,
  ...body
}: Entry): string {
  return Object.values(body)
    .flat()
    .filter((value) => typeof value === 'string')
    .join(' ')
}

/** Whether the newest entry of the index is that of the log. */
async function isOf(source: IndexSource, database: Sqlite): Promise<boolean> {
  const { seq } = positionOf(database)
  if (seq === 0 || seq > source.size) return seq === 0
  try {
    const { at, kind, call } = columnsOf(decodeEntry(await source.entry(seq - 1)))
    const row = database.get('SELECT at, kind, call FROM entry WHERE seq = $seq', { seq: seq - 1 })
    return row?.['at'] === at && row?.['kind'] === kind && row?.['call'] === call
  } catch (error) {
    // What was erased since cannot be compared; what is damaged is made anew.
    return error instanceof StorageError && error.code === 'audit-erased'
  }
}

/** Whether a segment that was passed over can be read now. */
async function isRestored(source: IndexSource, database: Sqlite): Promise<boolean> {
  for (const last of passedOver(database)) {
    try {
      decodeEntry(await source.entry(last))
      return true
    } catch (error) {
      if (!(error instanceof StorageError || error instanceof AuditError)) throw error
      // It is as it was.
    }
  }
  return false
}
