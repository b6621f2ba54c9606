import type { CedarValueJson } from '@cedar-policy/cedar-wasm/nodejs'
import { isJsonObject } from '@warren/core'
import { type Reads, readsBelow } from './context-reads.ts'

/** A record of texts, numbers, truth values, sets and other such records. */
export type SaidRecord = Readonly<Record<string, CedarValueJson>>

/** As much of a record as rules read, the counterpart of `typeRead`. */
export function valueRead(record: SaidRecord, reads: Reads): Record<string, CedarValueJson> {
  const read: Record<string, CedarValueJson> = {}
  for (const [name, value] of Object.entries(record)) {
    const below = readsBelow(reads, name)
    if (below !== undefined) read[name] = isRecord(value) ? valueRead(value, below) : value
  }
  return read
}

function isRecord(value: CedarValueJson): value is Record<string, CedarValueJson> {
  return isJsonObject(value)
}
