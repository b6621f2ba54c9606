import type { Clock } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { peerIdOf } from '@warren/identity'
import { JoinDesk } from './join-desk.ts'
import type { Report } from './node-event.ts'
import type { OpenedNode } from './open-node.ts'
import type { MeshKnowledge } from './records/mesh-knowledge.ts'

/** Makes the desk at which strangers ask this node to make them members. */
export function createJoinDesk(
  {
    opened,
    report,
    clock,
  }: { readonly opened: OpenedNode; readonly report: Report; readonly clock: Clock },
  { records, freshness }: Pick<MeshKnowledge, 'records' | 'freshness'>,
): JoinDesk {
  const { admin, signer, log, keys, store } = opened
  const self = {
    did: log.did,
    peerId: peerIdOf(keys.ed25519.publicKey),
    mlDsa44Key: keys.mlDsa44.publicKey,
    log: log.text,
  }
  const { invitations } = store
  const meshClock = { ...clock, wallMs: () => freshness.meshTimeMs() }
  return new JoinDesk({
    suite,
    clock: meshClock,
    records,
    freshness,
    admin,
    signer,
    self,
    invitations,
    report,
  })
}
