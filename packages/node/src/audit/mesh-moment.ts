import type { FreshnessState } from '@warren/membership'
import type { MeshKnowledge } from '../records/mesh-knowledge.ts'
import type { MeshMoment } from './open-audit.ts'

/** What lets nothing new begin but where an island grant does. */
const BEYOND: ReadonlySet<FreshnessState> = new Set(['deny-new', 'stop'])

/** What a node knows of mesh time now, for the head of an entry. */
export function meshMoment({
  records,
  freshness,
}: Pick<MeshKnowledge, 'records' | 'freshness'>): MeshMoment {
  const { state, counted, servers } = freshness.judge()
  const meshMs = records.meshTimeMs()
  const [newest] = counted
  const island = BEYOND.has(state) && servers.some((each) => !BEYOND.has(each.state))
  return {
    ...(newest === undefined ? {} : { beacon: `${newest.witness}#${newest.seq}` }),
    ...(meshMs === undefined ? {} : { meshMs }),
    ...(island ? { island } : {}),
  }
}
