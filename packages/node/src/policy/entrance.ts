import type { GateQuestion, Refusal } from '@warren/mcp'
import type { FreshnessView, Membership } from '@warren/membership'
import type { MethodClassification } from '@warren/policy'

/** Who is who, and how sure this node is of it. */
export interface EntranceComponents {
  /** How this DID stands now with the keys that it calls by, for a node whose knowledge is so fresh; asked again for every message. */
  readonly standingOf: (
    did: string,
    freshness: FreshnessView,
    keys: readonly string[] | undefined,
  ) => CallerStanding
  /** How fresh what this node knows is, as far as calls of that server go. */
  readonly freshnessFor: (server: string) => FreshnessView
  /** This node, whose own hosts depend on nobody's word. */
  readonly self: string
}

/** What a member may be taken for. */
export type Standing = Pick<Membership, 'roles' | 'enclave' | 'gen'>

/** As much of a standing as the gate looks at. */
export type CallerStanding =
  | { readonly status: 'member'; readonly membership: Standing }
  | { readonly status: 'quarantined' | 'revoked' | 'unknown' }
  | { readonly status: 'stale'; readonly standing: { readonly status: string } }

/** How the caller of a message stands at this moment. */
export interface Entrance {
  readonly membership: Standing
  /** Why nothing of it is asked at all. */
  readonly refusal?: Refusal
}

/** Of a node's own hosts nobody else has a say. */
const OWN: FreshnessView = { state: 'fresh', why: 'age' }
const NOBODY: Standing = { roles: [], enclave: '', gen: 0 }
const NOT_ADMITTED: Refusal = {
  allowed: false,
  code: 'caller-not-admitted',
  sentence: 'refused: you are not a member of this mesh (any more)',
}
const STALE: Refusal = {
  allowed: false,
  code: 'knowledge-stale',
  sentence:
    'refused: the node that owns this tool cannot show that it knows of the latest revocations; its administrator sees why with "warren status"',
}

/** The answer to a call that names no tool. */
export const MALFORMED: Refusal = {
  allowed: false,
  code: 'call-malformed',
  sentence: 'refused: the call names no tool',
}

/** Says whether a message is asked about at all: whether its caller is a member now, and this node knows of it freshly enough. */
export function entranceOf(
  { self, freshnessFor, standingOf }: EntranceComponents,
  { caller, server }: GateQuestion,
  kind: MethodClassification,
): Entrance {
  const freshness = caller.did === self ? OWN : freshnessFor(server)
  const standing = standingOf(caller.did, freshness, caller.keys)
  const { status } = standing.status === 'stale' ? standing.standing : standing
  const membership = standing.status === 'member' ? standing.membership : NOBODY
  if (status !== 'member') return { membership, refusal: NOT_ADMITTED }
  if (kind === 'malformed') return { membership, refusal: MALFORMED }
  // Beyond the limit for new things what has begun goes on; beyond the last one nothing does.
  const isNew = kind !== 'session'
  if (standing.status !== 'member' || (isNew && freshness.state === 'deny-new')) {
    return { membership, refusal: STALE }
  }
  return { membership }
}
