import type { Did } from '@warren/identity'
import { pairName } from '../records/keyring.ts'
import type { MeshRecord } from '../records/mesh-record.ts'
import type { AdminSet } from './admin-set.ts'
import type { RecordSet } from './record-set.ts'
import { areEnough, wasEverSeen, wasSeen } from './witnessed.ts'

/** Sets never change, and everybody's standing asks for this. */
const FROZEN = new WeakMap<RecordSet, ReadonlySet<Did>>()

/**
 * Whether enough admins signed something that counts now: those in force, or those of an earlier set while witnesses
 * saw that it was in force.
 */
export function isSignedByAdmins(set: RecordSet, record: MeshRecord): boolean {
  const frozen = frozenAdmins(set)
  return set.tree.reigns.some(({ set: admins, endedBy }) => {
    if (countSigners(set, { admins, record, frozen }) < admins.k) return false
    if (endedBy === undefined) return true
    return wasSeen(set, { id: record.id, since: endedBy.since }, admins)
  })
}

function countSigners(
  set: RecordSet,
  { admins, record, frozen }: { admins: AdminSet; record: MeshRecord; frozen: ReadonlySet<Did> },
): number {
  return admins.admins.filter((admin) => {
    if (!record.signers.includes(pairName(set.suite, admin)) || frozen.has(admin.did)) return false
    const revocations = set.tables.removals.revocations(`admin ${admin.did}`)
    return revocations.every(({ since }) => wasEverSeen(set, { id: record.id, since }))
  }).length
}

/** Admins whom two changes of one set concern: they grant nothing until witnesses, of the set before or of now, have settled on one of the two. */
export function frozenAdmins(set: RecordSet): ReadonlySet<Did> {
  const known = FROZEN.get(set)
  if (known !== undefined) return known
  const open = set.tree.conflicts().filter(({ winner, isSettled }) => {
    if (isSettled) return false
    const settled = set.logs.witnessesWith((head) => set.tree.isAfter(head, winner))
    return !areEnough(set, settled, set.tree.tip)
  })
  const frozen = new Set<Did>()
  for (const conflict of open) for (const did of conflict.frozen) frozen.add(did)
  FROZEN.set(set, frozen)
  return frozen
}
