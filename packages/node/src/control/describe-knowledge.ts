import type { JsonObject } from '@warren/core'
import type { FreshnessJudgement, Membership } from '@warren/membership'
import type { MeshKnowledge } from '../records/mesh-knowledge.ts'

/** What a node knows of its mesh, for its status: its own place in it, how fresh that is, and how much there is. */
export function describeKnowledge(
  { records, freshness, standings }: Pick<MeshKnowledge, 'records' | 'freshness' | 'standings'>,
  given: Membership,
): JsonObject {
  const { set } = records
  const standing = standings.of(given.did)
  const membership = standing.status === 'member' ? standing.membership : given
  const judgement = freshness.judge()
  const { tip } = set.tree
  const { denyMs } = set.charter.freshness
  // One that has been silent for so long has a place in the list, and no say in what is fresh.
  const heard = judgement.counted.filter(({ ageMs }) => ageMs <= denyMs)
  return {
    enclave: membership.enclave,
    roles: membership.roles,
    memberUntil: new Date(membership.notAfterMs).toISOString(),
    standing: standing.status,
    freshness: freshnessWords(judgement),
    freshnessAgeSeconds: judgement.ageMs === undefined ? null : Math.round(judgement.ageMs / 1000),
    witnesses: `${heard.length} of ${tip.witnesses.length} count, ${tip.kWitness} needed`,
    islandServers: judgement.servers.map(({ server, state }) => `${server}: ${state}`),
    admins: `${tip.k} of ${tip.admins.length}`,
    members: set.tables.memberships.size,
    grants: set.trie('grant').count,
    removals: set.trie('removal').count,
    forkedAuditLogs: [...set.tables.auditForks.values()].map(({ did }) => did),
    removalRoot: set.trie('removal').root,
  }
}

/** How fresh what a node knows is, beside what it says of members. */
export function describeFreshness(judgement: FreshnessJudgement): JsonObject {
  return { state: judgement.state, says: freshnessWords(judgement) }
}

function freshnessWords({ state, why }: FreshnessJudgement): string {
  if (state === 'unwitnessed') return 'not enforced: this mesh has no witnesses'
  if (why === 'boot') return 'stop: no witness has answered since this node started'
  if (why === 'witnesses') return `${state}: fewer witnesses count than are needed`
  return state
}
