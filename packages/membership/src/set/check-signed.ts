import { MembershipError } from '../membership-error.ts'
import { meshUrn } from '../membership.ts'
import { pairName } from '../records/keyring.ts'
import type {
  AuditForkRecord,
  CheckpointRecord,
  ForkProofRecord,
  MembershipRecord,
  MeshRecord,
  QuarantineRecord,
  RevocationRecord,
} from '../records/mesh-record.ts'
import type { AdminSet } from './admin-set.ts'
import type { RecordSet } from './record-set.ts'
import { covers } from './within-quota.ts'
import { isVouched } from './witnessed.ts'

/** A revocation with more targets than this, or of an admin, is a matter of the admin threshold. */
export const TARGETS_OF_K_MAX = 8

/**
 * Requires that enough signed a record for it to belong to a set at all.
 *
 * Any set of admins that ever was in force will do, so that a record that was taken up stays. What a
 * grant is worth now is another question: `isGranted` asks it each time.
 *
 * @throws MembershipError `record-unproved`, `predecessor-unknown`, `record-invalid`
 */
export function checkSigned(set: RecordSet, record: MeshRecord): void {
  if (isOneSaying(record)) return
  switch (record.type) {
    case 'admin-change':
      set.tree.with(record)
      return
    case 'revocation':
      if (record.signers.length === 0) checkVouched(set, record)
      else checkThreshold(set, record, revocationThreshold(record))
      return
    case 'membership':
      if (record.membership.issuer === meshUrn(set.charter.meshId)) checkThreshold(set, record, byK)
      else checkEnrolled(set, record)
      return
    case 'enroller':
    case 'readmission':
    case 'island':
      checkThreshold(set, record, byK)
      return
  }
}

/** One signer, which decoding has seen to; a proof of a fork proves itself. */
function isOneSaying(
  record: MeshRecord,
): record is QuarantineRecord | CheckpointRecord | ForkProofRecord | AuditForkRecord {
  const { type } = record
  return (
    type === 'quarantine' || type === 'checkpoint' || type === 'fork-proof' || type === 'audit-fork'
  )
}

function byK({ k }: AdminSet): number {
  return k
}

/** How many of a set's admins a revocation needs. */
export function revocationThreshold({
  targets,
}: Pick<RevocationRecord, 'targets'>): (set: AdminSet) => number {
  const isGrave = targets.length > TARGETS_OF_K_MAX || targets.some((target) => 'admin' in target)
  return ({ k, kAdmin }) => (isGrave ? kAdmin : k)
}

function checkThreshold(
  { suite, tree }: RecordSet,
  { signers }: MeshRecord,
  threshold: (set: AdminSet) => number,
): void {
  let best = ''
  for (const set of tree.allSets) {
    const names = new Set(set.admins.map((admin) => pairName(suite, admin)))
    const count = signers.filter((name) => names.has(name)).length
    if (count >= threshold(set)) return
    best = `${count} of ${threshold(set)} admins signed it`
  }
  throw new MembershipError(
    'record-unproved',
    `the record is not signed as the mesh requires: ${best}`,
  )
}

/** What takes away may be believed without its proofs on the word of witnesses; what gives, never. */
function checkVouched(set: RecordSet, { id }: RevocationRecord): void {
  if (isVouched(set, id)) return
  throw new MembershipError(
    'record-unproved',
    'the record is not signed, and no witnesses vouch for it',
  )
}

/** What an enroller grants has to lie within what it may. */
function checkEnrolled(set: RecordSet, record: MembershipRecord): void {
  const credentials = set.tables.enrollers.get(record.membership.issuer) ?? []
  if (credentials.some((enroller) => covers(set, enroller, record))) return
  throw new MembershipError('record-unproved', 'the enroller may not grant this membership')
}
