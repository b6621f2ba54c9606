import type { Membership } from '../membership.ts'
import type {
  EnrollerRecord,
  IslandRecord,
  QuarantineRecord,
  ReadmissionRecord,
} from '../records/mesh-record.ts'
import type { Said } from '../records/said.ts'
import type { RecordSet } from '../set/record-set.ts'
import { describeAdminChange } from './describe-admin-change.ts'
import { describeCharter } from './describe-charter.ts'
import { describeRevocation } from './describe-revocation.ts'
import type { RequestStatement } from './requested-record.ts'
import { duration, list, moment, named, quoted, shortKey } from './wording.ts'

/**
 * What a record means, in sentences: what it gives or takes, to or from whom, until when, and what cannot be undone.
 *
 * Made from the decoded record alone, so that nothing can be signed that is not read. A set, where one is at hand,
 * adds the names of members to their DIDs and replaces nothing. Each sentence is one line.
 */
export function describe(says: RequestStatement, set?: RecordSet): readonly string[] {
  switch (says.type) {
    case 'charter':
      return describeCharter(says)
    case 'membership':
      return describeMembership(says.membership)
    case 'enroller':
      return describeEnroller(says, set)
    case 'quarantine':
      return describeQuarantine(says, set)
    case 'revocation':
      return describeRevocation(says, set)
    case 'readmission':
      return describeReadmission(says, set)
    case 'admin-change':
      return describeAdminChange(says, set)
    case 'island':
    default:
      return describeIsland(says)
  }
}

function describeMembership(membership: Membership): readonly string[] {
  const { did, name, gen, enclave, roles, keys, peerIds, notBeforeMs, notAfterMs } = membership
  const who = name === undefined ? did : `${quoted(name)} (${did})`
  const admitted = membership.enrolRef === undefined ? [] : [`Admitted by: ${membership.enrolRef}.`]
  return [
    `ADMIT ${who} as a member, generation ${gen}, in the enclave ${enclave} with ${list('role', roles)}.`,
    `It holds from ${moment(notBeforeMs)} until ${moment(notAfterMs)} (${duration(notAfterMs - notBeforeMs)}).`,
    `Its keys: ${keys.map(shortKey).join(', ')}. Its peer ids: ${peerIds.join(', ')}.`,
    ...admitted,
  ]
}

function describeEnroller(
  { enroller, enclave, roles, quota, notAfterMs }: Said<EnrollerRecord>,
  set: RecordSet | undefined,
): readonly string[] {
  return [
    `LET ${named(enroller.did, set)} ADMIT up to ${quota} members alone, without asking an admin.`,
    `It may let them into the enclave ${enclave} with ${list('role', roles)}, until ${moment(notAfterMs)}.`,
    `It signs with the keys ${shortKey(enroller.ed25519.multikey)}, ${shortKey(enroller.mlDsa44.multikey)}.`,
  ]
}

function describeQuarantine(
  { did, issuer, reason, claimedMs, notAfterMs }: Said<QuarantineRecord>,
  set: RecordSet | undefined,
): readonly string[] {
  return [
    `QUARANTINE ${named(did, set)} until ${moment(notAfterMs)} (${duration(notAfterMs - claimedMs)}).`,
    `Reason: ${quoted(reason)}. It is the word of one admin, ${issuer}.`,
    'It takes effect at every node that learns of it, and ends by itself; until then it cannot be taken back.',
    'It voids nothing. Where it is an enroller its own node admits nobody meanwhile; whoever has its keys can go on signing memberships that count: to end that takes a revocation.',
  ]
}

function describeReadmission(
  { did, gen, keys, ref }: Said<ReadmissionRecord>,
  set: RecordSet | undefined,
): readonly string[] {
  return [
    `LET ${named(did, set)} RETURN after the revocation ${ref}, with generation ${gen}.`,
    `It returns with these keys and no others: ${keys.map(shortKey).join(', ')}.`,
    'It is a member again only with a membership of that generation besides.',
  ]
}

function describeIsland(island: Said<IslandRecord>): readonly string[] {
  const { enclave, maxStalenessMs, servers, notAfterMs } = island
  return [
    `LET THE ENCLAVE ${enclave} LIVE ON without signs of life of witnesses for ${duration(maxStalenessMs)}.`,
    `It may go on using ${list('server', servers)}, and nothing else, until ${moment(notAfterMs)}.`,
    'For that long its nodes may not learn of a revocation and may go on trusting whom it hits.',
  ]
}
