import { nodeSuite as suite } from '@warren/crypto'
import { type Did, isDid } from '@warren/identity'
import {
  type Acceptance,
  explain,
  type MemberSummary,
  memberList,
  newestMembership,
  parseCharter,
  type Reason,
  RecordSet,
} from '@warren/membership'
import type { JsonObject, JsonValue } from '@warren/core'
import { z } from 'zod'
import { findMember } from '../ceremony/find-member.ts'
import { NodeError } from '../node-error.ts'

/** What the ceremony needs to know of a mesh. */
export interface MeshDescription {
  /** The mesh with its admins in force: the charter and the admin changes, verified again here. */
  readonly set: RecordSet
  /** Where the logs of all witnesses end. */
  readonly since: readonly { readonly witness: Did; readonly size: number }[]
  readonly members: readonly DescribedMember[]
}

/** A member as the node describes it. */
export interface DescribedMember {
  readonly did: Did
  readonly name: string | undefined
  readonly gen: number
  readonly enclave: string
  readonly roles: readonly string[]
  readonly status: string
  readonly why: string | undefined
  readonly until: string
  readonly enroller: Did | undefined
  readonly revocation: string | undefined
}

/** What came of one submitted record. */
export interface SubmitOutcome {
  readonly id: string | undefined
  readonly outcome: 'accepted' | 'known' | 'refused'
  readonly code: string | undefined
  readonly message: string | undefined
}

/** The answer to `records`, from the set that a node holds. */
export function describeMesh(set: RecordSet, nowMs: number): JsonObject {
  const { charter, tree, logs } = set
  return {
    charter: charter.text,
    changes: tree.reigns.flatMap(({ endedBy }) => (endedBy === undefined ? [] : [endedBy.text])),
    since: logs.ends().map(({ witness, size }) => ({ witness, size })),
    members: describeMembers(set, nowMs),
  }
}

/** The answer to `members`. */
export function describeMembers(set: RecordSet, nowMs: number): readonly JsonObject[] {
  return memberList(set, nowMs).map(describeMember)
}

/**
 * The answer to `why`.
 *
 * @throws NodeError `no-such-member`, `name-ambiguous`
 */
export function describeWhy(set: RecordSet, who: string, nowMs: number): JsonObject {
  return describeReason(explain(set, findMember(memberList(set, nowMs), who).did, nowMs))
}

/**
 * The answer to `membership`: what the membership says that a member is known by.
 *
 * @throws NodeError `no-such-member`, `name-ambiguous`
 */
export function describeMembership(set: RecordSet, who: string, nowMs: number): JsonObject {
  const { did } = findMember(memberList(set, nowMs), who)
  const newest = newestMembership(set, did)
  if (newest === undefined) throw new NodeError('no-such-member', 'that DID was never a member')
  const { gen, name, keys, peerIds, enclave, roles } = newest.membership
  return { did, gen, name: name ?? null, keys, peerIds, enclave, roles }
}

function describeReason({ says, record, because }: Reason): JsonObject {
  return { says, record: record ?? null, because: because.map(describeReason) }
}

/** The answer to `submit`: what came of each text, in order. */
export function describeOutcomes(
  before: RecordSet,
  texts: readonly string[],
  { added, refused }: Pick<Acceptance, 'added' | 'refused'>,
): JsonObject {
  const results = texts.map((text): JsonObject => {
    const error = refused.find((each) => each.text === text)?.error
    if (error !== undefined) {
      return { id: null, outcome: 'refused', code: error.code, message: error.message }
    }
    const record = added.find((each) => each.text === text)
    const id = record?.id ?? before.decode(text).id
    const outcome = record === undefined ? 'known' : 'accepted'
    return { id, outcome, code: null, message: null }
  })
  return { results }
}

function describeMember(member: MemberSummary): JsonObject {
  const { did, name, gen, enclave, roles, status, why, untilMs, enroller, revocation } = member
  return {
    did,
    name: name ?? null,
    gen,
    enclave,
    roles,
    status,
    why: why ?? null,
    until: new Date(untilMs).toISOString(),
    enroller: enroller ?? null,
    revocation: revocation ?? null,
  }
}

const DID = z.string().refine(isDid)
const TEXT_OR_NULL = z
  .string()
  .nullable()
  .transform((text) => text ?? undefined)
const MEMBER = z.object({
  did: DID,
  name: TEXT_OR_NULL,
  gen: z.int(),
  enclave: z.string(),
  roles: z.array(z.string()),
  status: z.string(),
  why: TEXT_OR_NULL,
  until: z.string(),
  enroller: DID.nullable().transform((did) => did ?? undefined),
  revocation: TEXT_OR_NULL,
})
const DESCRIPTION = z.object({
  charter: z.string(),
  changes: z.array(z.string()),
  since: z.array(z.object({ witness: DID, size: z.int() })),
  members: z.array(MEMBER),
})
const OUTCOMES = z.object({
  results: z.array(
    z.object({
      id: TEXT_OR_NULL,
      outcome: z.enum(['accepted', 'known', 'refused']),
      code: TEXT_OR_NULL,
      message: TEXT_OR_NULL,
    }),
  ),
})

/**
 * Reads the answer to `records` and verifies the charter and the changes in it.
 *
 * @throws NodeError `control-malformed`; MembershipError
 */
export function readDescription(value: JsonValue): MeshDescription {
  const { charter, changes, since, members } = parsed(DESCRIPTION, value)
  const empty = RecordSet.empty(suite, parseCharter(suite, charter))
  const { set, refused } = empty.accept(changes)
  for (const { error } of refused) throw error
  return { set, since, members }
}

/** Reads the answer to `members`. */
export function readMembers(value: JsonValue): readonly DescribedMember[] {
  return parsed(z.object({ members: z.array(MEMBER) }), value).members
}

/** What a membership says of its member. */
export interface DescribedMembership {
  readonly did: Did
  readonly gen: number
  readonly name: string | undefined
  readonly keys: readonly string[]
  readonly peerIds: readonly string[]
  readonly enclave: string
  readonly roles: readonly string[]
}

const MEMBERSHIP: z.ZodType<DescribedMembership> = z.object({
  did: DID,
  gen: z.int(),
  name: TEXT_OR_NULL,
  keys: z.array(z.string()),
  peerIds: z.array(z.string()),
  enclave: z.string(),
  roles: z.array(z.string()),
})

/** Reads the answer to `membership`. */
export function readMembership(value: JsonValue): DescribedMembership {
  return parsed(MEMBERSHIP, value)
}

/** How fresh what a node says of members is. */
export interface DescribedFreshness {
  readonly state: string
  readonly says: string
}

const FRESHNESS = z.object({ freshness: z.object({ state: z.string(), says: z.string() }) })

/** Reads how fresh the answer to `members` or `why` is. */
export function readFreshness(value: JsonValue): DescribedFreshness {
  return parsed(FRESHNESS, value).freshness
}

/** Reads the answer to `submit`. */
export function readOutcomes(value: JsonValue): readonly SubmitOutcome[] {
  return parsed(OUTCOMES, value).results
}

/** A reason as it stands in the answer to `why`. */
export interface DescribedReason {
  readonly says: string
  readonly record: string | null
  readonly because: readonly DescribedReason[]
}

const REASON: z.ZodType<DescribedReason> = z.object({
  says: z.string(),
  record: z.string().nullable(),
  get because() {
    return z.array(REASON)
  },
})

/** Reads the answer to `why`. */
export function readReason(value: JsonValue): DescribedReason {
  return parsed(REASON, value)
}

function parsed<Value>(schema: z.ZodType<Value>, value: JsonValue): Value {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new NodeError('control-malformed', 'the node gave no valid answer about its records')
}
