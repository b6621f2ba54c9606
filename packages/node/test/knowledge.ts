import type { Clock } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import type { VerifiedLog } from '@warren/identity'
import type { Membership, VerifiedCharter } from '@warren/membership'
import type { Store } from '@warren/storage'
import type { Report } from '../src/node-event.ts'
import { loadRecords } from '../src/records/load-records.ts'
import {
  createMeshKnowledge,
  type MeshKnowledge,
  type MeshKnowledgeInit,
} from '../src/records/mesh-knowledge.ts'

export interface KnowledgeInit {
  readonly clock: Clock
  readonly charter: VerifiedCharter
  readonly log: VerifiedLog
  readonly membership: Membership
  readonly store: Store
  readonly report?: Report
  readonly onChanged?: MeshKnowledgeInit['onChanged']
}

/** What a node with this store knows of its mesh, without a network that it could tell anybody. */
export function knowledge({
  clock,
  report = () => {},
  onChanged = () => {},
  ...opened
}: KnowledgeInit): MeshKnowledge {
  const signer = {
    did: opened.log.did,
    ed25519: suite.ed25519.signer(),
    mlDsa44: suite.mlDsa44.signer(),
  }
  const set = loadRecords(suite, opened.charter, opened.store.records)
  return createMeshKnowledge({
    suite,
    clock,
    opened: { ...opened, set, signer },
    report,
    trustClock: false,
    publish: () => Promise.resolve(),
    onChanged,
  })
}
