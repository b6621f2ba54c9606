import { BoundedMap } from '@warren/core'

/** Where a member was reached last. */
export interface KnownPeer {
  readonly peerId: string
  /** The address that we dialled; absent for a peer that only ever dialled us. */
  readonly address: string | undefined
}

/** Members that were admitted before, by DID, so that a call can reach one that has no connection now. */
export class KnownPeers {
  readonly #peers: BoundedMap<string, KnownPeer>

  constructor(sizeMax: number) {
    this.#peers = new BoundedMap(sizeMax)
  }

  get(did: string): KnownPeer | undefined {
    return this.#peers.get(did)
  }

  /** An address that was dialled once stays, also when the peer dials us the next time. */
  remember(did: string, peerId: string, dialled: string | undefined): void {
    const known = this.#peers.get(did)
    const before = known?.peerId === peerId ? known.address : undefined
    this.#peers.set(did, { peerId, address: dialled ?? before })
  }

  forget(did: string): void {
    this.#peers.delete(did)
  }
}
