import { type TraceEntry } from './trace.ts'

/** How a diagram is drawn. */
export interface DiagramOptions {
  /** Whose messages are of interest; all, where this is empty. */
  readonly nodes: readonly number[]
  readonly nameOf: (node: number) => string
  /** Says in a few words what a message is. */
  readonly describe?: ((bytes: Uint8Array) => string) | undefined
}

const ROWS_MAX = 40
const COLUMNS_MAX = 8
const COLUMN_WIDTH = 14
const TIME_WIDTH = 14
const LABEL_LENGTH_MAX = 80

/** The last messages around some nodes as a sequence diagram in text: one column for each node, time downwards. */
export function sequenceDiagram(entries: readonly TraceEntry[], options: DiagramOptions): string {
  const wanted = new Set(options.nodes)
  const concerns = ({ node, peer = node }: TraceEntry): boolean =>
    wanted.size === 0 || wanted.has(node) || wanted.has(peer)
  const rows = entries.filter((entry) => concerns(entry)).slice(-ROWS_MAX)
  const columns = columnsOf(rows, options.nodes)
  const head = columns.map((node) => clip(options.nameOf(node), COLUMN_WIDTH - 2)).map(centred)
  return [
    ' '.repeat(TIME_WIDTH) + head.join(''),
    ...rows.map((entry) => row(entry, columns, options)),
  ]
    .map((line) => line.trimEnd())
    .join('\n')
}

/** The nodes asked for first, then those that took part most recently; in order of their number. */
function columnsOf(rows: readonly TraceEntry[], nodes: readonly number[]): readonly number[] {
  const latest = rows.toReversed().flatMap(({ node, peer = node }) => [node, peer])
  return [...new Set([...nodes, ...latest])]
    .slice(0, COLUMNS_MAX)
    .toSorted((one, other) => one - other)
}

function row(entry: TraceEntry, columns: readonly number[], options: DiagramOptions): string {
  const to = columns.indexOf(entry.node)
  const from = entry.peer === undefined ? to : columns.indexOf(entry.peer)
  const cells = Array.from('|'.repeat(columns.length), centred).join('')
  const time = entry.atMs
    .toFixed(3)
    .padStart(TIME_WIDTH - 4)
    .padEnd(TIME_WIDTH)
  return `${time}${drawn(cells, from, to)}  ${label(entry, options)}`
}

/** An arrow between two columns; a star where something happened at one node alone. */
function drawn(cells: string, from: number, to: number): string {
  const [start, end] = [middle(from), middle(to)]
  if (to < 0) return cells
  if (from === to || from < 0) return `${cells.slice(0, end)}*${cells.slice(end + 1)}`
  const [left, right] = [Math.min(start, end), Math.max(start, end)]
  const line = '-'.repeat(right - left - 1)
  const arrow = start < end ? `o${line.slice(1)}->` : `<-${line.slice(1)}o`
  return cells.slice(0, left) + arrow + cells.slice(right + 1)
}

function label(entry: TraceEntry, { nameOf, describe }: DiagramOptions): string {
  const { kind, node, peer, sentMs, bytes, text } = entry
  const what = bytes === undefined ? text : (describe?.(bytes) ?? `${bytes.length} bytes`)
  const between = peer === undefined ? nameOf(node) : `${nameOf(peer)} to ${nameOf(node)}`
  const sent = sentMs === undefined ? '' : `, sent ${sentMs.toFixed(3)}`
  return clip(`${kind} ${what ?? ''}`.trim() + ` (${between}${sent})`, LABEL_LENGTH_MAX)
}

function middle(column: number): number {
  return column * COLUMN_WIDTH + COLUMN_WIDTH / 2
}

function centred(text: string): string {
  const left = COLUMN_WIDTH / 2 - Math.floor(text.length / 2)
  return (' '.repeat(left) + text).padEnd(COLUMN_WIDTH)
}

function clip(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1)}…`
}
