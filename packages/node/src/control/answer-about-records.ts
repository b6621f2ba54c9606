import type { JsonValue } from '@warren/core'
import type { MeshKnowledge } from '../records/mesh-knowledge.ts'
import type { RecordsRequest } from './control-protocol.ts'
import { describeFreshness } from './describe-knowledge.ts'
import {
  describeMembers,
  describeMembership,
  describeMesh,
  describeOutcomes,
  describeWhy,
} from './records-protocol.ts'

/** Answers what commands ask about the records of the mesh, and takes up those that they bring. */
export async function answerAboutRecords(
  { records, freshness }: Pick<MeshKnowledge, 'records' | 'freshness'>,
  request: RecordsRequest,
): Promise<JsonValue> {
  const { set } = records
  const nowMs = freshness.meshTimeMs()
  if (request.do === 'submit') {
    const { added, refused } = set.accept(request.texts)
    const { durable } = await records.submit(request.texts)
    return { ...describeOutcomes(set, request.texts, { added, refused }), durable }
  }
  if (request.do === 'membership') return describeMembership(set, request.who, nowMs)
  if (request.do === 'records') return describeMesh(set, nowMs)
  const fresh = describeFreshness(freshness.judge())
  if (request.do === 'why') return { ...describeWhy(set, request.who, nowMs), freshness: fresh }
  return { members: describeMembers(set, nowMs), freshness: fresh }
}
