import type { Entry } from '../entry.ts'
import type { FindingCode, LinePlace } from './finding.ts'
import { outOfOrder } from './out-of-order.ts'

/** A line of a segment that should be an entry. */
export interface ReadLine {
  readonly hash: Uint8Array
  /** Undefined when it cannot be read as one. */
  readonly entry: Entry | undefined
  readonly place: LinePlace
}

/** One thing that differs between what was signed and what stands there. */
export interface Damage {
  readonly code: Extract<
    FindingCode,
    'entry-changed' | 'entry-missing' | 'entry-inserted' | 'entry-reordered'
  >
  readonly seq?: number
  readonly to?: number
  readonly place?: LinePlace
  /** The leaf hash, in hexadecimal, of the line that nobody signed in this batch. */
  readonly stranger?: string
  /** The leaf hashes, from `seq` on, that were signed and stand at no line of this batch; where they are known. */
  readonly absent?: readonly string[]
}

export interface DamagedBatch {
  /** The place of the first entry that was signed, and the first behind the last. */
  readonly from: number
  readonly to: number
  readonly lines: readonly ReadLine[]
  /** The leaf hashes that were signed, from `from` on; undefined where nobody has kept them. */
  readonly signed: readonly Uint8Array[] | undefined
}

/** For each line the place of the entry that it is; undefined for a line that is none. */
type Places = readonly (number | undefined)[]

/**
 * Says in what a batch differs from what was signed. With the leaf hashes that is exact; without them the lines' own
 * numbers tell what is missing, added or moved, but not which of them was changed.
 */
export function explainDamage(batch: DamagedBatch): readonly Damage[] {
  const { signed, lines, from, to } = batch
  const places = signed === undefined ? placesByNumber(batch) : placesByHash(batch, signed)
  const taken = new Set(places.filter((place) => place !== undefined))
  const strangers = explainStrangers(batch, places, taken).map((each) => withAbsent(each, batch))
  const moved = outOfOrder(places).flatMap((index): readonly Damage[] => {
    const seq = places[index]
    const line = lines[index]
    if (seq === undefined || line === undefined) return []
    return [{ code: 'entry-reordered', seq, place: line.place }]
  })
  const lost = missing(batch, taken).map((each) => withAbsent(each, batch))
  const damage = [...strangers, ...moved, ...lost]
  return damage.length > 0 ? damage : [{ code: 'entry-changed', seq: from, to }]
}

function withAbsent(damage: Damage, { from, signed }: DamagedBatch): Damage {
  const { seq, to } = damage
  if (signed === undefined || seq === undefined) return damage
  const absent = signed.slice(seq - from, (to ?? seq + 1) - from).map((hash) => hash.toHex())
  return { ...damage, absent }
}

function placesByHash({ from, lines }: DamagedBatch, signed: readonly Uint8Array[]): Places {
  const free = new Map<string, number[]>()
  for (const [index, hash] of signed.entries()) {
    const key = hash.toHex()
    free.set(key, [...(free.get(key) ?? []), from + index])
  }
  return lines.map(({ hash }) => free.get(hash.toHex())?.shift())
}

function placesByNumber({ from, to, lines }: DamagedBatch): Places {
  const taken = new Set<number>()
  return lines.map(({ entry }) => {
    if (entry === undefined || entry.seq < from || entry.seq >= to) return undefined
    if (taken.has(entry.seq)) return undefined
    taken.add(entry.seq)
    return entry.seq
  })
}

/** Lines that nobody signed: each stands for an entry whose place it says it has, or stands in, or is one too many. */
function explainStrangers(
  { from, to, lines }: DamagedBatch,
  places: Places,
  taken: Set<number>,
): readonly Damage[] {
  const damage: Damage[] = []
  let next = from
  for (const [index, { entry, place, hash }] of lines.entries()) {
    const known = places[index]
    if (known !== undefined) {
      next = known + 1
      continue
    }
    const seq = [entry?.seq, next].find(
      (each) => each !== undefined && each >= from && each < to && !taken.has(each),
    )
    const stranger = hash.toHex()
    if (seq === undefined) {
      damage.push({ code: 'entry-inserted', place, stranger })
      continue
    }
    taken.add(seq)
    next = seq + 1
    damage.push({ code: 'entry-changed', seq, place, stranger })
  }
  return damage
}

/**
 * The entries of a stretch that are not among those that were found, as few ranges as tell it. The work is that of what
 * was found: how long the stretch is, whoever made the log says.
 */
export function missing(
  { from, to }: Pick<DamagedBatch, 'from' | 'to'>,
  taken: ReadonlySet<number>,
): readonly Damage[] {
  const damage: Damage[] = []
  let start = from
  for (const seq of [...taken, to].toSorted((one, other) => one - other)) {
    if (start < seq) damage.push({ code: 'entry-missing', seq: start, to: seq })
    start = seq + 1
  }
  return damage
}
