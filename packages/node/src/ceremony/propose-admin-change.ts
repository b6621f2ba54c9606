import type { JsonObject } from '@warren/core'
import type { Did } from '@warren/identity'
import {
  type AdminSet,
  adminThresholdMin,
  type CharterAdmin,
  witnessThreshold,
  writeAdminChange,
} from '@warren/membership'
import type { MeshDescription } from '../control/records-protocol.ts'
import { NodeError } from '../node-error.ts'
import { systemClock } from '../system-clock.ts'
import { findMember } from './find-member.ts'
import { adminOf } from './proposals.ts'

/** How the admins or witnesses are to change, as a person says it. */
export interface AdminChangeWish {
  readonly add: readonly CharterAdmin[]
  /** DIDs. */
  readonly remove: readonly string[]
  readonly rotate: readonly CharterAdmin[]
  readonly addWitnesses: readonly CharterAdmin[]
  /** DIDs, or names of members. */
  readonly removeWitnesses: readonly string[]
  readonly threshold?: number | undefined
  readonly adminThreshold?: number | undefined
  readonly witnessThreshold?: number | undefined
  /** DIDs of those who approve; as many as it takes when there are none, whose keys are at hand first. */
  readonly approvers: readonly string[]
  /** Admins whose keys are at hand, by DID. */
  readonly atHand: readonly string[]
}

/**
 * An admin change, unsigned. A threshold that nobody names stays, or is brought within what the change leaves.
 *
 * @throws NodeError `not-an-admin`, `no-such-member`, `name-ambiguous`, `threshold-impossible`
 */
export function proposeAdminChange(mesh: MeshDescription, wish: AdminChangeWish): JsonObject {
  const { set, members, since } = mesh
  const tip = set.tree.tip
  const remove = wish.remove.map((who) => adminOf(mesh, who))
  const removeWitnesses = wish.removeWitnesses.map((who) => findMember(members, who).did)
  const admins = tip.admins.length + wish.add.length - remove.length
  const witnesses = tip.witnesses.length + wish.addWitnesses.length - removeWitnesses.length
  return writeAdminChange({
    meshId: set.charter.meshId,
    claimedMs: systemClock.wallMs(),
    prev: tip.head,
    approvers: approversOf(mesh, wish, remove),
    add: wish.add,
    remove,
    rotate: wish.rotate,
    addWitnesses: wish.addWitnesses,
    removeWitnesses,
    k: wish.threshold ?? Math.min(tip.k, admins),
    kAdmin: wish.adminThreshold ?? adminThreshold(tip, admins),
    kWitness: wish.witnessThreshold ?? witnessThresholdOf(tip, witnesses),
    since,
  })
}

/** Two thirds at least, and no fewer than now where there are as many. */
function adminThreshold({ kAdmin }: AdminSet, admins: number): number {
  return Math.max(adminThresholdMin(admins), Math.min(kAdmin, admins))
}

/** More than half, where their number changes. */
function witnessThresholdOf({ kWitness, witnesses }: AdminSet, count: number): number {
  return count === witnesses.length ? kWitness : witnessThreshold(count)
}

/** Those that are named; else as many as it takes: whose keys are at hand first, then in the order of the mesh; nobody who is to go. */
function approversOf(
  mesh: MeshDescription,
  { approvers, atHand }: AdminChangeWish,
  leaving: readonly Did[],
): readonly Did[] {
  if (approvers.length > 0) return approvers.map((who) => adminOf(mesh, who))
  const { admins, kAdmin } = mesh.set.tree.tip
  const staying = admins.map(({ did }) => did).filter((did) => !leaving.includes(did))
  const all = [...staying.filter((did) => atHand.includes(did)), ...staying, ...leaving]
  const enough = [...new Set(all)].slice(0, kAdmin)
  if (enough.length === kAdmin) return enough
  throw new NodeError('threshold-impossible', 'there are not enough admins to approve the change')
}
