import type { Clock } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import type { MeshRecord, RecordSet } from '@warren/membership'
import { RecordWriter } from '@warren/storage'
import { AdmissionDesk } from '../admission-desk.ts'
import type { Report } from '../node-event.ts'
import { MeshPeers } from '../mesh-peers.ts'
import type { OpenedNode } from '../open-node.ts'
import { ForkAlarm } from './fork-alarm.ts'
import { MemberStandings } from './member-standings.ts'
import { NodeFreshness } from './node-freshness.ts'
import { PinnedWitness } from './pinned-witness.ts'
import { RecordDesk } from './record-desk.ts'
import { WitnessLedger } from './witness-ledger.ts'

export interface MeshKnowledgeInit {
  readonly suite: CryptoSuite
  readonly clock: Clock
  readonly opened: Pick<OpenedNode, 'store' | 'charter' | 'log' | 'set' | 'membership' | 'signer'>
  readonly report: Report
  /** See `WitnessLedger.duty`. */
  readonly trustClock: boolean
  readonly publish: (bytes: Uint8Array) => Promise<unknown>
  readonly onChanged: (dids: readonly string[] | 'all', arrivedMs: number) => void
  /** Called with records that were not known before. */
  readonly onAccepted?: (records: readonly MeshRecord[]) => void
}

/** What a node knows of its mesh: the records, how members stand by them, and who is admitted. */
export interface MeshKnowledge {
  readonly records: RecordDesk
  readonly standings: MemberStandings
  readonly freshness: NodeFreshness
  readonly admission: AdmissionDesk
  /** Whom to connect to. */
  readonly peers: MeshPeers
}

/** Puts together what a node knows of its mesh. */
export function createMeshKnowledge(init: MeshKnowledgeInit): MeshKnowledge {
  const { suite, clock, opened, report, trustClock, publish, onChanged, onAccepted } = init
  const { store, charter, log, membership } = opened
  const ledger = new WitnessLedger(store)
  const forks = new ForkAlarm(report)
  // What was found out before this start stands in the records.
  forks.look(opened.set)
  const records: RecordDesk = new RecordDesk({
    suite,
    clock,
    set: opened.set,
    bounds: ledger.bounds(opened.set),
    duty: ledger.duty({ signer: opened.signer, set: opened.set, clock, trustClock }),
    ledger,
    writer: new RecordWriter(store.records),
    report,
    publish,
    onChanged: (dids, arrivedMs) => {
      onChanged(dids, arrivedMs)
      forks.look(records.set)
    },
    ...(onAccepted === undefined ? {} : { onAccepted }),
  })
  const freshness = new NodeFreshness({
    clock,
    records,
    enclave: () => standings.enclaveOf(membership),
  })
  const standings: MemberStandings = new MemberStandings({
    set: () => records.set,
    meshTimeMs: () => freshness.meshTimeMs(),
  })
  const known = {
    get set(): RecordSet {
      return records.set
    },
    offer: (texts: readonly string[]) => records.offer(texts),
    standingOf: standings.of.bind(standings),
    standingBy: standings.by.bind(standings),
    standingWith: standings.withKeys.bind(standings),
  }
  const admission: AdmissionDesk = new AdmissionDesk({
    suite,
    clock,
    charter,
    log: log.text,
    membership: () => standings.membershipOf(log.did) ?? membership,
    peers: store.peers,
    records: known,
  })
  const set = (): RecordSet => records.set
  const kept = store.pinnedWitness
  const pinned = new PinnedWitness({ self: log.did, random: suite, set, standings, kept })
  const peers = new MeshPeers({ set, standings, pinned, peers: store.peers })
  return { records, standings, freshness, admission, peers }
}
