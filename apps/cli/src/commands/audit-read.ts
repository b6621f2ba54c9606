import { setTimeout as pause } from 'node:timers/promises'
import {
  decisionOn,
  decodeEntry,
  directionOf,
  type AuditArchive,
  type AuditSearch,
  type Entry,
  entrySentence,
  openArchive,
  readPlaces,
  readRange,
} from '@warren/node/audit'
import { askNode, listMember, NodeError } from '@warren/node/client'
import type { JsonValue } from '@warren/core'
import type { Command } from 'commander'
import { logDirectory, type LogOptions } from '../audit-options.ts'
import { entryPlace, entryTime } from '../audit-range.ts'
import { CommandError } from '../command-error.ts'
import { type Context, contextOf } from '../context.ts'
import { table } from '../table.ts'
import { wholeNumber } from '../whole-number.ts'

const SHOWN_MAX = 1_000
const FOLLOW_MS = 250
const DIRECTION_WIDTH = 3

interface TailOptions extends LogOptions {
  readonly follow?: boolean
  readonly lines: string
}

/** `warren audit tail`: the newest entries, and with `--follow` each one that comes. */
export async function auditTail(_options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<TailOptions>()
  const context = contextOf(options)
  const archive = await openArchive(logDirectory(context, options.log))
  const count = wholeNumber(options.lines, '--lines', SHOWN_MAX)
  const from = Math.max(0, archive.size - count)
  if (options.follow === true) {
    await follow(archive, from, { context, json: options.json === true })
    return
  }
  const entries: Entry[] = []
  for await (const entry of readRange(archive, { from: { seq: from } })) entries.push(entry)
  context.output.result({ entries: entries.map(jsonOf) }, entryLines(entries))
}

async function follow(
  archive: AuditArchive,
  from: number,
  { context: { output }, json }: { readonly context: Context; readonly json: boolean },
): Promise<void> {
  for (let next = from; ;) {
    for await (const { seq, bytes } of archive.entries(next)) {
      if (seq >= archive.size) break
      next = seq + 1
      const entry = decodeEntry(bytes)
      if (json) output.line(JSON.stringify(entry))
      else output.line(entryLines([entry])[0] ?? '')
    }
    await pause(FOLLOW_MS)
    await archive.refresh()
  }
}

interface ShowOptions extends LogOptions {
  readonly values?: boolean
}

/** `warren audit show`: one entry in full, and with `--values` what is kept beside it. */
export async function auditShow(seq: string, _options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<ShowOptions>()
  const context = contextOf(options)
  const place = entryPlace(seq)
  const archive = await openArchive(logDirectory(context, options.log))
  const entry = decodeEntry(await archive.entry(place))
  const json = jsonOf(entry)
  const direction = directionOf(entry.kind)
  const lines = table([
    ...(direction === undefined ? [] : [['direction', direction]]),
    ...Object.entries(entry).map(([name, value]) => [name, shown(value)]),
  ])
  if (options.values !== true) {
    context.output.result(json, [entrySentence(entry), '', ...lines])
    return
  }
  const answer = await askNode(context.socket, { do: 'audit-values', seq: place })
  const values = listMember(answer, 'values')
  const kept = values.map((value) => shown(value))
  context.output.result({ entry: json, values: [...values] }, [
    entrySentence(entry),
    '',
    ...lines,
    '',
    ...(kept.length === 0 ? ['Nothing is kept beside it.'] : kept),
  ])
}

interface SearchOptions extends LogOptions {
  readonly kind?: AuditSearch['kind']
  readonly direction?: AuditSearch['direction']
  readonly caller?: string
  readonly server?: string
  readonly tool?: string
  readonly call?: string
  readonly rule?: string
  readonly code?: string
  readonly allowed?: boolean
  readonly refused?: boolean
  readonly since?: string
  readonly until?: string
  readonly limit: string
}

/** `warren audit search`: entries that fit, found by the index of the running node, or without it by reading the log. */
export async function auditSearch(
  words: readonly string[],
  _options: unknown,
  command: Command,
): Promise<void> {
  const options = command.optsWithGlobals<SearchOptions>()
  const context = contextOf(options)
  const query = queryOf(options, words)
  const archive = await openArchive(logDirectory(context, options.log))
  const places = await searchIn(context, archive, { query, isOwn: options.log === undefined })
  await archive.refresh()
  const { entries, troubles } = await readPlaces(archive, places)
  for (const trouble of troubles) context.output.progress(`note: not all was read: ${trouble}`)
  if (entries.length === 0) context.output.progress('note: no entry fits')
  context.output.result({ entries: entries.map(jsonOf) }, entryLines(entries))
}

async function searchIn(
  { socket, output }: Context,
  archive: AuditArchive,
  { query, isOwn }: { readonly query: AuditSearch; readonly isOwn: boolean },
): Promise<readonly number[]> {
  try {
    if (isOwn) {
      const answer = await askNode(socket, { do: 'audit-search', query })
      return listMember(answer, 'entries').filter((seq) => typeof seq === 'number')
    }
  } catch (error) {
    if (!(error instanceof NodeError) || error.code !== 'node-not-running') throw error
  }
  output.progress('note: without the index of the running node, the whole log is read')
  const places: number[] = []
  for await (const entry of readRange(archive, {})) {
    if (!fits(entry, query)) continue
    places.push(entry.seq)
    if (places.length > (query.limit ?? SHOWN_MAX)) places.shift()
  }
  return places
}

function queryOf(options: SearchOptions, words: readonly string[]): AuditSearch {
  const { kind, direction, caller, server, tool, call, rule, code } = options
  const { allowed, refused, since, until } = options
  if (allowed === true && refused === true) {
    throw new CommandError('usage', 'a call is --allowed or --refused, not both')
  }
  const decision = allowed === true ? 'allowed' : refused === true ? 'refused' : undefined
  return {
    kind,
    direction,
    caller,
    server,
    tool,
    call,
    rule,
    code,
    decision,
    since: since === undefined ? undefined : entryTime(since),
    until: until === undefined ? undefined : entryTime(until),
    text: words.length === 0 ? undefined : words.join(' '),
    limit: wholeNumber(options.limit, '--limit', SHOWN_MAX),
  }
}

const EXACT = ['kind', 'caller', 'server', 'tool', 'call', 'rule', 'code'] as const

function fits(entry: Entry, query: AuditSearch): boolean {
  const members = new Map<string, unknown>(Object.entries(entry))
  const isExact = EXACT.every(
    (name) => query[name] === undefined || members.get(name) === query[name],
  )
  const { since = '', until, decision, direction, text = '' } = query
  const isThen = entry.at >= since && (until === undefined || entry.at < until)
  const whole = JSON.stringify(entry).toLowerCase()
  return (
    isExact &&
    isThen &&
    (decision === undefined || decisionOn(entry) === decision) &&
    (direction === undefined || directionOf(entry.kind) === direction) &&
    text
      .toLowerCase()
      .split(/\s+/)
      .every((word) => whole.includes(word))
  )
}

/** Entries as people read them, one a line. */
function entryLines(entries: readonly Entry[]): readonly string[] {
  return entries.map(
    (entry) => `${entry.seq}  ${entry.at}  ${directionWord(entry)}  ${entrySentence(entry)}`,
  )
}

/** As wide for every entry. */
function directionWord({ kind }: Entry): string {
  return (directionOf(kind) ?? '-').padEnd(DIRECTION_WIDTH)
}

function jsonOf(entry: Entry): JsonValue {
  const value: JsonValue = JSON.parse(JSON.stringify(entry))
  return value
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
