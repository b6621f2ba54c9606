import { join } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto'
import { type Did, type Identity } from '@warren/identity'
import {
  adminSigner,
  type Membership,
  type RecordSet,
  type VerifiedCharter,
} from '@warren/membership'
import { createNetwork, type Network, type RecordLink, type RecordsPort } from '@warren/network'
import { openStore, type Store } from '@warren/storage'
import { Enforcement } from '../../packages/node/src/records/enforcement.ts'
import {
  createMeshKnowledge,
  type MeshKnowledge,
} from '../../packages/node/src/records/mesh-knowledge.ts'
import { storedOf } from '../../packages/node/src/records/record-desk.ts'
import { systemClock as clock } from '../../packages/node/src/system-clock.ts'

export interface BenchNodeInit {
  readonly directory: string
  readonly charter: VerifiedCharter
  readonly identity: Identity
  readonly membership: Membership
  /** What every node knows from the beginning: one value for all, since it never changes. */
  readonly set: RecordSet
  readonly dials: readonly string[]
}

const RECORDS_PER_WRITE = 512

/** One node as `startNode` puts it together, without its servers, its hosts and its control socket. */
export class BenchNode {
  readonly did: Did
  readonly network: Network
  readonly #store: Store
  readonly #knowledge: MeshKnowledge
  readonly #links = new Set<RecordLink>()
  #exchanges = true
  /** When a member was no member any more here, by `performance.now()`. */
  readonly refusedMs = new Map<string, number>()

  constructor(init: BenchNodeInit) {
    const { directory, charter, identity, membership, set, dials } = init
    this.did = identity.did
    this.#store = openStore(join(directory, 'warren.db'))
    const { records: stored } = this.#store
    const known = [...set.records()].map(storedOf)
    for (let at = 0; at < known.length; at += RECORDS_PER_WRITE) {
      stored.add(known.slice(at, at + RECORDS_PER_WRITE))
    }
    const signer = adminSigner(identity)
    const report = (): void => {}
    this.#knowledge = createMeshKnowledge({
      suite,
      clock,
      opened: { store: this.#store, charter, log: identity.log, set, membership, signer },
      report,
      trustClock: false,
      publish: (bytes) => this.network.publish(bytes),
      onChanged: (dids) => {
        enforcement.enforce(dids)
        if (dids !== 'all') for (const did of dids) this.#look(did)
      },
    })
    const { admission, records } = this.#knowledge
    this.network = createNetwork({
      suite,
      clock,
      privateIdentity: { ed25519: identity.nodeSigner, mlDsa44: signer.mlDsa44 },
      meshId: charter.meshId,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      staticPeers: dials,
      discovery: { enabled: false },
      admission,
      records: this.#port(),
      logger: { log: () => {} },
    })
    const enforcement = new Enforcement({
      self: this.did,
      network: this.network,
      provider: { dropCaller: () => Promise.resolve() },
      catalog: { forget: () => {} },
      admission,
      report,
      clock,
    })
    this.network.onGossip(async (bytes) => records.judgeGossip(bytes))
    this.network.onCall((stream, { did }) => {
      if (admission.memberOf(did) === undefined) this.network.drop(did, 'membership-expired')
      stream.abort(new Error('nothing is served here'))
      return Promise.resolve()
    })
  }

  get address(): string {
    const [address = ''] = this.network.addresses()
    return address
  }

  async start(): Promise<void> {
    this.#knowledge.records.start()
    await this.network.start()
  }

  /** Members to whom this node keeps a connection that it has opened itself. */
  dialled(): number {
    return this.network.peers().filter(({ direction }) => direction === 'outbound').length
  }

  isMember(did: Did): boolean {
    return this.#knowledge.standings.membershipOf(did) !== undefined
  }

  isFresh(): boolean {
    const { state } = this.#knowledge.freshness.judge()
    return state === 'fresh' || state === 'unwitnessed'
  }

  /** Takes up a record that an administrator made here; resolves when it is durable and on its way. */
  async submit(text: string): Promise<void> {
    const { refused, durable } = await this.#knowledge.records.submit([text])
    if (refused.length > 0 || !durable) throw new Error('the revocation was not taken up')
  }

  /** Begins or ends the exchange of records with neighbours, on the connections that there are. */
  exchange(isOn: boolean): void {
    this.#exchanges = isOn
    const { records } = this.#knowledge
    for (const link of this.#links) {
      if (isOn) records.connected(link)
      else records.disconnected(link)
    }
  }

  async stop(): Promise<void> {
    await this.network.stop()
    await this.#knowledge.records.stop()
    this.#store.close()
  }

  #look(did: string): void {
    if (this.refusedMs.has(did)) return
    if (this.#knowledge.standings.membershipOf(did) !== undefined) return
    this.refusedMs.set(did, performance.now())
  }

  /** The node's own port, which can be switched off while connections stay. */
  #port(): RecordsPort {
    const { records } = this.#knowledge
    return {
      connected: (link) => {
        this.#links.add(link)
        if (this.#exchanges) records.connected(link)
        else link.settle()
      },
      message: async (link, bytes) => {
        if (this.#exchanges) await records.message(link, bytes)
      },
      disconnected: (link) => {
        this.#links.delete(link)
        if (this.#exchanges) records.disconnected(link)
      },
    }
  }
}
