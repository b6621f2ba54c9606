import type { Did } from '@warren/identity'
import type { RecordSet } from '@warren/membership'
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
  #didsByPeerId: ReadonlyMap<string, ReadonlySet<Did>> = new Map()

  constructor(init: MeshPeersInit) {
    this.#init = init
  }

  /**
   * Only the membership in force says whose a peer is: what an earlier one names belongs to keys that are gone. Whoever
   * grants memberships can write down the peer of somebody else in one: where two name it, it is the witness's.
   */
  didOf(peerId: string): Did | undefined {
    const { set, standings } = this.#init
    const known = set()
    if (known !== this.#indexed) {
      this.#indexed = known
      this.#didsByPeerId = didsByPeerId(known)
    }
    const members = [...(this.#didsByPeerId.get(peerId) ?? [])].filter(
      (did) => standings.membershipOf(did)?.peerIds.includes(peerId) === true,
    )
    return members.find((did) => this.member(did)?.isWitness === true) ?? members[0]
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

/** By every membership of each, whether it counts or not. */
function didsByPeerId({ tables }: RecordSet): ReadonlyMap<string, ReadonlySet<Did>> {
  const index = new Map<string, Set<Did>>()
  for (const { membership } of [...tables.memberships.values()].flat()) {
    for (const peerId of membership.peerIds) {
      const dids = index.get(peerId) ?? new Set()
      index.set(peerId, dids.add(membership.did))
    }
  }
  return index
}
