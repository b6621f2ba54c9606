import type { JsonValue } from '@warren/core'
import { NodeError } from '../node-error.ts'
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

/**
 * Answers what commands ask about the records of the mesh, and takes up those that they bring.
 *
 * @throws NodeError `records-not-durable`, and as the answers themselves
 */
export async function answerAboutRecords(
  { records, freshness }: Pick<MeshKnowledge, 'records' | 'freshness'>,
  request: RecordsRequest,
): Promise<JsonValue> {
  const { set } = records
  const nowMs = freshness.meshTimeMs()
  if (request.do === 'submit') {
    const { added, refused } = set.accept(request.texts)
    const { durable } = await records.submit(request.texts)
    if (!durable) throw notDurable()
    return describeOutcomes(set, request.texts, { added, refused })
  }
  if (request.do === 'membership') return describeMembership(set, request.who, nowMs)
  if (request.do === 'records') return describeMesh(set, nowMs)
  const fresh = describeFreshness(freshness.judge())
  if (request.do === 'why') return { ...describeWhy(set, request.who, nowMs), freshness: fresh }
  return { members: describeMembers(set, nowMs), freshness: fresh }
}

/** What is not written is not acknowledged, although it is in force. */
function notDurable(): NodeError {
  return new NodeError(
    'records-not-durable',
    'the records are in force on this node, but could not be written, and are not passed on before they are: ' +
      'free space where its data directory lies, and submit them again until they are taken',
  )
}
