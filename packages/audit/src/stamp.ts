import type { Did } from '@warren/identity'
import { formatMicros } from './entry-time.ts'
import type { EntryHead } from './entry.ts'

/** What the node knows of time, and of itself, as a batch is written. */
export interface Stamp {
  /** 32 hex digits, drawn at start. */
  readonly boot: string
  /** The wall clock, in microseconds since 1970. */
  readonly wallUs: number
  /** The monotonic clock, in microseconds since the start of this boot. */
  readonly monoUs: number
  /** The newest beacon that counts. */
  readonly beacon?: string
  /** Mesh time in microseconds since 1970, where it is known. */
  readonly meshUs?: number
  /** Whether the node lives by an island grant. */
  readonly island?: boolean
}

/**
 * The heads of entries of one batch.
 *
 * @throws AuditError `time-malformed`
 */
export function headOf(node: Did, stamp: Stamp): (seq: number) => EntryHead {
  const { boot, wallUs, monoUs, beacon, meshUs, island } = stamp
  const common = {
    v: 1,
    node,
    boot,
    at: formatMicros(wallUs),
    monoUs,
    ...(beacon === undefined ? {} : { beacon }),
    ...(meshUs === undefined ? {} : { meshAt: formatMicros(meshUs) }),
    ...(island === true ? { island } : {}),
  } as const
  return (seq) => ({ ...common, seq })
}
