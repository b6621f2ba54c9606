import type { FreshnessState } from '@warren/membership'
import type { MeshKnowledge } from '../records/mesh-knowledge.ts'
import type { NodeFreshness } from '../records/node-freshness.ts'
import type { MeshMoment } from './open-audit.ts'

/** What lets nothing new begin but where an island grant does. */
const BEYOND: ReadonlySet<FreshnessState> = new Set(['deny-new', 'stop'])

/** What time it is, and who says so. */
export interface MeshNow {
  /** Milliseconds since 1970. */
  readonly ms: number
  /** Whether witnesses say so; otherwise the mesh has none, and the clock of this machine stands in for them. */
  readonly isWitnessed: boolean
}

/** What time it is in the mesh; undefined until its witnesses have answered. */
export function meshNow(
  freshness: Pick<NodeFreshness, 'judge' | 'meshTimeMs'>,
): MeshNow | undefined {
  const { state, meshTimeMs } = freshness.judge()
  if (meshTimeMs !== undefined) return { ms: meshTimeMs, isWitnessed: true }
  if (state !== 'unwitnessed') return undefined
  return { ms: freshness.meshTimeMs(), isWitnessed: false }
}

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
