import { pairName } from '../records/keyring.ts'
import type { EnrollerRecord, MembershipRecord } from '../records/mesh-record.ts'
import { insertFirst } from './first-few.ts'
import { OncePerSet } from './once-per-set.ts'
import { compareRanks, type Ranked } from './ranks.ts'
import type { RecordSet } from './record-set.ts'
import { seeing, soundWitnesses } from './witnessed.ts'

/** Memberships of one DID that count under one credential: no number of them makes a look at it dear. */
export const MEMBERSHIPS_OF_ONE_MAX = 16

/** Memberships within the quota of a credential, by SCID. */
type Within = ReadonlyMap<string, readonly MembershipRecord[]>

interface Walk {
  readonly logs: RecordSet['logs']
  readonly witnesses: string
  readonly within: Within
}

/** By credential: everybody's standing asks for this. */
const WITHIN = new OncePerSet<Within>()
/** Walks over what an enroller granted, by credential. A list never changes once it stands in a set, and most new records leave it as it is. */
const WALKS = new WeakMap<readonly MembershipRecord[], Map<string, Walk>>()

/** Whether a membership lies within what a credential allows, and the keys of that very credential signed it. */
export function covers(
  { suite }: RecordSet,
  { enroller, enclave, roles, claimedMs, notAfterMs }: EnrollerRecord,
  { membership, signers }: MembershipRecord,
): boolean {
  return (
    membership.gen === 1 &&
    signers.includes(pairName(suite, enroller)) &&
    enclave === membership.enclave &&
    membership.roles.every((role) => roles.includes(role)) &&
    membership.notBeforeMs >= claimedMs &&
    membership.notBeforeMs < notAfterMs
  )
}

/**
 * The memberships that have a place in the quota of a credential, by SCID, the first first.
 *
 * Those that witnesses saw come first, the earliest seen before the others: nothing that is made later can push out
 * what stands in the logs. Of one DID no more than `MEMBERSHIPS_OF_ONE_MAX` take a place.
 */
export function withinQuota(set: RecordSet, credential: EnrollerRecord): Within {
  return WITHIN.get(set, credential.id, () => walkOver(set, credential))
}

/** One walk over all that an enroller granted, until that, the logs or the witnesses are others. */
function walkOver(set: RecordSet, credential: EnrollerRecord): Within {
  const { logs, tree } = set
  const records = set.tables.enrolled.get(credential.enroller.did) ?? []
  const walks = WALKS.get(records) ?? new Map<string, Walk>()
  WALKS.set(records, walks)
  const witnesses = [tree.tip.kWitness, ...soundWitnesses(set, tree.tip)].join(' ')
  const known = walks.get(credential.id)
  if (known?.logs === logs && known.witnesses === witnesses) return known.within
  const within = firstOf(set, credential, records)
  walks.set(credential.id, { logs, witnesses, within })
  return within
}

interface Placed extends Ranked {
  readonly record: MembershipRecord
}

function firstOf(
  set: RecordSet,
  credential: EnrollerRecord,
  records: readonly MembershipRecord[],
): Within {
  const seenAtMs = seeing(set)
  const byScid = new Map<string, Placed[]>()
  for (const record of records) {
    if (!covers(set, credential, record)) continue
    const { id, membership } = record
    const ofOne = byScid.get(membership.scid) ?? []
    byScid.set(membership.scid, ofOne)
    const placed = { record, ranks: [seenAtMs(id), membership.notBeforeMs, id] }
    insertFirst(ofOne, placed, MEMBERSHIPS_OF_ONE_MAX)
  }
  const within = [...byScid.values()].flat().toSorted(compareRanks).slice(0, credential.quota)
  return Map.groupBy(
    within.map(({ record }) => record),
    ({ membership }) => membership.scid,
  )
}
