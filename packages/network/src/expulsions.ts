import { BoundedMap, type Clock } from '@warren/core'

interface Expulsion {
  readonly code: string
  readonly atMs: number
  /** Whether the peers of the member are to be refused from then on. */
  readonly isLasting: boolean
}

/** A connection whose admission is under way. */
export interface OpenedPeer {
  readonly peerId: string
  /** On the monotonic clock. */
  readonly openedAtMs: number
}

/**
 * Who was expelled: peers that are refused before and after the handshake, and members whose
 * admission was under way.
 *
 * What falls out of these bounds is still refused by the admission port, which knows why; here
 * it is only refused sooner.
 */
export class Expulsions {
  readonly #clock: Clock
  /** The member of each peer that is refused. */
  readonly #peers: BoundedMap<string, string>
  readonly #members: BoundedMap<string, Expulsion>

  constructor(clock: Clock, sizeMax: number) {
    this.#clock = clock
    this.#peers = new BoundedMap(sizeMax)
    this.#members = new BoundedMap(sizeMax)
  }

  expelMember(did: string, code: string): void {
    this.#members.set(did, { code, atMs: this.#clock.monotonicMs(), isLasting: true })
  }

  /** What was judged before holds no more; whoever connects again is judged anew. */
  dropMember(did: string, code: string): void {
    this.#members.set(did, { code, atMs: this.#clock.monotonicMs(), isLasting: false })
  }

  expelPeer(peerId: string, did: string): void {
    this.#peers.set(peerId, did)
  }

  /** Takes back what was said of a member and of all its peers. */
  pardon(did: string): void {
    this.#members.delete(did)
    for (const [peerId, member] of this.#peers.entries()) {
      if (member === did) this.#peers.delete(peerId)
    }
  }

  /** Whether connections to and from this peer are refused. */
  hasPeer(peerId: string): boolean {
    return this.#peers.has(peerId)
  }

  /**
   * The code, when the member was expelled after its connection had been opened: the port may have judged before.
   * Only now is it known that the peer is one of the member's, and it is refused from then on as the others are.
   */
  objection(did: string, { peerId, openedAtMs }: OpenedPeer): string | undefined {
    const expulsion = this.#members.get(did)
    if (expulsion === undefined || expulsion.atMs < openedAtMs) return undefined
    if (expulsion.isLasting) this.expelPeer(peerId, did)
    return expulsion.code
  }
}
