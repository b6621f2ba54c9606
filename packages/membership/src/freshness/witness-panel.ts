import type { Did } from '@warren/identity'
import type { FreshnessLimits } from '../charter.ts'
import type { IslandRecord } from '../records/mesh-record.ts'
import { isGranted } from '../set/is-granted.ts'
import type { RecordSet } from '../set/record-set.ts'
import { isForked } from '../set/witnessed.ts'

/** Whose word on freshness a node takes, and what it knows itself. */
export interface WitnessPanel {
  readonly meshId: string
  readonly limits: FreshnessLimits
  /** The witnesses in force; at most 16. */
  readonly witnesses: readonly Did[]
  /** Those that have said two things under one number. */
  readonly forked: ReadonlySet<Did>
  /** How many it takes; 0 where the mesh has no witnesses. */
  readonly kWitness: number
  /** Whether this node's own removals have, or had, a root. */
  readonly isCovered: (removalRoot: string) => boolean
}

/** The panel as a set has it; the roots that its removals had are remembered elsewhere. */
export function panelOf(set: RecordSet, isCovered: (removalRoot: string) => boolean): WitnessPanel {
  const { charter, tree } = set
  const witnesses = tree.tip.witnesses.map(({ did }) => did)
  return {
    meshId: charter.meshId,
    limits: charter.freshness,
    witnesses,
    forked: new Set(witnesses.filter((did) => isForked(set, did))),
    kWitness: tree.tip.kWitness,
    isCovered,
  }
}

/** The island grants of an enclave that count now, whatever the time: it is judged when they are used. */
export function islandsOf(set: RecordSet, enclave: string): readonly IslandRecord[] {
  const { islands, removals } = set.tables
  return [...islands.values()].filter(
    (island) =>
      island.enclave === enclave &&
      removals.revocations(`credential ${island.uuid}`).length === 0 &&
      isGranted(set, island),
  )
}
