import { BoundedMap, type Clock } from '@warren/core'

interface Expulsion {
  readonly code: string
  readonly atMs: number
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
  readonly #peers: BoundedMap<string, string>
  readonly #members: BoundedMap<string, Expulsion>

  constructor(clock: Clock, sizeMax: number) {
    this.#clock = clock
    this.#peers = new BoundedMap(sizeMax)
    this.#members = new BoundedMap(sizeMax)
  }

  expelMember(did: string, code: string): void {
    this.#members.set(did, { code, atMs: this.#clock.monotonicMs() })
  }

  expelPeer(peerId: string, code: string): void {
    this.#peers.set(peerId, code)
  }

  /** Whether connections to and from this peer are refused. */
  hasPeer(peerId: string): boolean {
    return this.#peers.has(peerId)
  }

  /** The code, when the member was expelled after its connection had been opened: the port may have judged before. */
  objection(did: string, openedAtMs: number): string | undefined {
    const expulsion = this.#members.get(did)
    return expulsion !== undefined && expulsion.atMs >= openedAtMs ? expulsion.code : undefined
  }
}
