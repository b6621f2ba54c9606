import type { Clock } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import type { Did } from '@warren/identity'
import { type AuditPort, createNetwork, type MeshPort, type Network } from '@warren/network'
import type { AdmissionDesk } from './admission-desk.ts'
import { CosigningDesk } from './audit/cosigning-desk.ts'
import type { NodeAudit } from './audit/node-audit.ts'
import { componentLogger } from './component-logger.ts'
import { networkLimitsOf } from './config/applied-limits.ts'
import type { Config } from './config/load-config.ts'
import { createJoinDesk } from './create-join-desk.ts'
import type { JoinDesk } from './join-desk.ts'
import type { Report } from './node-event.ts'
import type { OpenedNode } from './open-node.ts'
import { createMeshKnowledge, type MeshKnowledge } from './records/mesh-knowledge.ts'
import type { RecordDesk } from './records/record-desk.ts'

/** What the node's part of the mesh is made from. */
export interface MeshSite {
  readonly config: Config
  readonly opened: OpenedNode
  readonly audit: NodeAudit
  readonly report: Report
  readonly clock: Clock
  readonly trustClock: boolean
}

const STATIC_PEERS_MAX = 256

/** What a node knows of its mesh, and whom it reaches. */
export interface MeshParts extends MeshKnowledge {
  readonly self: { readonly did: Did }
  readonly network: Network
  readonly cosigning: CosigningDesk
  readonly joinDesk: JoinDesk
}

/** The node's part of the mesh: what it knows, and whom it reaches. */
export function createMeshParts(
  site: MeshSite,
  onChanged: (dids: readonly string[] | 'all', arrivedMs: number) => void,
): MeshParts {
  const { opened, report, clock, audit } = site
  const knowledge = createMeshKnowledge({
    suite,
    clock,
    opened,
    report,
    trustClock: site.trustClock,
    publish: (bytes) => network.publish(bytes),
    onChanged,
    onAccepted: (accepted) => audit.recordsAccepted(accepted),
  })
  const { admission, records, peers } = knowledge
  const joinDesk = createJoinDesk(site, knowledge)
  const cosigning = new CosigningDesk({
    opened,
    desk: audit.desk,
    mesh: knowledge,
    network: () => network,
    clock,
    report,
  })
  const ports = { admission, records, mesh: peers, join: joinDesk, audit: cosigning.port }
  const network: Network = createMeshNetwork(site, ports)
  network.onGossip(async (bytes) => records.judgeGossip(bytes))
  return { ...knowledge, self: { did: opened.log.did }, network, cosigning, joinDesk }
}

function createMeshNetwork(
  { config, opened, report, clock }: MeshSite,
  ports: {
    readonly admission: AdmissionDesk
    readonly records: RecordDesk
    readonly mesh: MeshPort
    readonly join: JoinDesk
    readonly audit: AuditPort
  },
): Network {
  const { keys, charter, store } = opened
  const remembered = store.peers.list().flatMap(({ addresses }) => addresses)
  return createNetwork({
    suite,
    clock,
    privateIdentity: keys,
    meshId: charter.meshId,
    listen: config.listen,
    ...(config.announce.length === 0 ? {} : { announce: config.announce }),
    staticPeers: [...new Set([...config.peers, ...remembered])].slice(0, STATIC_PEERS_MAX),
    discovery: { enabled: config.discovery.lan },
    limits: networkLimitsOf(config),
    ...ports,
    logger: componentLogger(report),
  })
}
