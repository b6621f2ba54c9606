import type { Did } from '@warren/identity'
import { newestMembership, type RecordSet } from '@warren/membership'
import type { MeshMember, MeshPort, PinnedContact } from '@warren/network'
import type { Peers } from '@warren/storage'
import type { MemberStandings } from './records/member-standings.ts'
import { type PinnedWitness, soundWitnesses } from './records/pinned-witness.ts'

const PEER_ID_AT_END = /\/p2p\/([^/]+)$/

export interface MeshPeersInit {
  readonly set: () => RecordSet
  readonly standings: Pick<MemberStandings, 'membershipOf'>
  readonly pinned: Pick<PinnedWitness, 'current'>
  /** Where members were reached before. */
  readonly peers: Pick<Peers, 'get'>
}

/** What the records of a node say of the peers that it hears of. */
export class MeshPeers implements MeshPort {
  readonly #init: MeshPeersInit
  #indexed: RecordSet | undefined
  #didByPeerId: ReadonlyMap<string, Did> = new Map()

  constructor(init: MeshPeersInit) {
    this.#init = init
  }

  didOf(peerId: string): Did | undefined {
    const set = this.#init.set()
    if (set !== this.#indexed) {
      this.#indexed = set
      this.#didByPeerId = didsByPeerId(set)
    }
    return this.#didByPeerId.get(peerId)
  }

  member(did: string): MeshMember | undefined {
    const { set, standings } = this.#init
    const membership = standings.membershipOf(did)
    if (membership === undefined) return undefined
    const isWitness = soundWitnesses(set()).includes(membership.did)
    return { enclave: membership.enclave, isWitness }
  }

  pinned(): PinnedContact | undefined {
    const { pinned, standings, peers } = this.#init
    const did = pinned.current()
    if (did === undefined) return undefined
    const addresses = peers.get(did)?.addresses ?? []
    // A key that was rotated is none of the membership: where the member was reached, its peer of then stands too.
    const reached = addresses.flatMap((address) => PEER_ID_AT_END.exec(address)?.[1] ?? [])
    const peerIds = new Set([...(standings.membershipOf(did)?.peerIds ?? []), ...reached])
    const at = (peerId: string): readonly string[] =>
      addresses.filter((address) => address.endsWith(`/p2p/${peerId}`))
    return { did, peers: [...peerIds].map((peerId) => ({ peerId, addresses: at(peerId) })) }
  }
}

/** By the newest membership of each: what an earlier one names belongs to keys that are gone. */
function didsByPeerId(set: RecordSet): ReadonlyMap<string, Did> {
  const dids = new Map<string, Did>()
  for (const records of set.tables.memberships.values()) {
    const newest = newestMembership(records)?.membership
    for (const peerId of newest?.peerIds ?? [])
      if (newest !== undefined) dids.set(peerId, newest.did)
  }
  return dids
}
