import type { JsonObject } from '@warren/core'
import type { FreshnessJudgement, RecordSet } from '@warren/membership'
import type { DiversityStatus, MissedGoal } from '@warren/network'
import { forkWords, memberWords } from '../records/fork-alarm.ts'
import type { MeshKnowledge } from '../records/mesh-knowledge.ts'
import { forkedWitnesses } from '../records/pinned-witness.ts'

/** Whom a node sees of its mesh, for its status, and what somebody should look into, of that and of other things. */
export function describeView(
  { records, freshness }: Pick<MeshKnowledge, 'records' | 'freshness'>,
  view: DiversityStatus | undefined,
  others: readonly string[] = [],
): JsonObject {
  const { set } = records
  const judgement = freshness.judge()
  const warnings = [
    ...others,
    ...[...forkedWitnesses(set)].map((did) => forkWords(set, did)),
    ...ageWords(judgement),
    ...silenceWords(set, judgement),
  ]
  if (view === undefined) return { warnings }
  const { chosen, enclaves, networks, witnesses, pinned, missed } = view
  return {
    chosenPeers: chosen,
    chosenEnclaves: enclaves,
    chosenNetworks: networks,
    connectedWitnesses: witnesses,
    pinnedWitness: pinned === undefined ? null : memberWords(set, pinned.did),
    pinnedWitnessConnected: pinned === undefined ? null : pinned.isConnected,
    warnings: [...warnings, ...missed.map((goal) => missedWords(set, view, goal))],
  }
}

function ageWords({ state, ageMs, why }: FreshnessJudgement): readonly string[] {
  if (state === 'fresh' || state === 'unwitnessed') return []
  if (why === 'witnesses') return [`fewer witnesses count than it takes: ${state}`]
  if (ageMs === undefined) return ['no witness has been heard, so that nothing new is trusted']
  return [`no new beacon has come for ${Math.round(ageMs / 1000)} seconds: ${state}`]
}

/** Also while all is fresh: with one witness fewer it takes fewer failures until it is not. */
function silenceWords(set: RecordSet, { counted }: FreshnessJudgement): readonly string[] {
  const { denyMs } = set.charter.freshness
  return counted
    .filter(({ ageMs }) => ageMs > denyMs)
    .map(
      ({ witness, ageMs }) =>
        `the witness ${memberWords(set, witness)} has said nothing new for ${Math.round(ageMs / 1000)} seconds`,
    )
}

function missedWords(set: RecordSet, view: DiversityStatus, goal: MissedGoal): string {
  const { chosen, enclaves, networks, wanted, pinned } = view
  if (goal === 'pinned') {
    return `the witness to which this node keeps, ${memberWords(set, pinned?.did ?? '-')}, is not connected`
  }
  if (goal === 'connections') {
    return `only ${chosen} of ${wanted.connections} connections are of this node's own choice, though it knows more members`
  }
  return `what this node has chosen lies in ${enclaves} enclaves and ${networks} networks; ${wanted.groups} of either are wanted, and it knows more`
}
