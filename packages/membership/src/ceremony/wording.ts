import { type Did, formatTimestamp } from '@warren/identity'
import type { LogPosition } from '../records/mesh-record.ts'
import { newestMembership } from '../set/newest-membership.ts'
import type { RecordSet } from '../set/record-set.ts'

/** Longest words first. */
const UNITS: readonly (readonly [string, number])[] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
]
const KEY_LENGTH_SHOWN = 64
const KEY_HEAD = 24
const KEY_TAIL = 16

/** A time in words that cannot be mistaken: ISO 8601, UTC. */
export function moment(ms: number): string {
  return formatTimestamp(ms)
}

/** A length of time in the largest units that say it exactly. */
export function duration(ms: number): string {
  let seconds = Math.round(ms / 1000)
  const parts: string[] = []
  for (const [unit, length] of UNITS) {
    const count = Math.floor(seconds / length)
    seconds -= count * length
    if (count > 0) parts.push(counted(count, unit))
  }
  return parts.length === 0 ? 'no time' : parts.join(' ')
}

/** A number with its noun. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** The noun with what it names; `no …` for nothing. */
export function list(noun: string, items: readonly string[]): string {
  if (items.length === 0) return `no ${noun}`
  return `the ${noun}${items.length === 1 ? '' : 's'} ${items.join(', ')}`
}

/** Words of somebody else, told from ours: in quotes, with every quote in them escaped. */
export function quoted(text: string): string {
  return JSON.stringify(text)
}

/** A DID, and the name that the membership it is known by gives it, where there is one. */
export function named(did: Did, set: RecordSet | undefined): string {
  const name = set === undefined ? undefined : newestMembership(set, did)?.membership.name
  return name === undefined ? did : `${quoted(name)} (${did})`
}

/** A key by its beginning and its end; a short one in full. */
export function shortKey(multikey: string): string {
  if (multikey.length <= KEY_LENGTH_SHOWN) return multikey
  return `${multikey.slice(0, KEY_HEAD)}…${multikey.slice(-KEY_TAIL)}`
}

/** What witnesses had seen by some positions of their logs, in words. */
export function seenBefore(since: readonly LogPosition[]): string {
  if (since.length === 0) return 'nothing: no witness is named'
  return since.map(({ witness, size }) => `the first ${size} of ${witness}`).join(', ')
}
