import { NetworkError } from './network-error.ts'

/** How an address of a target became known. */
export type AddressSource = 'lan' | 'static' | 'walk'

/**
 * The addresses of one peer, in the order in which they are tried.
 *
 * Those that were written down or have answered, those that members gave, and those that were only heard on
 * the link stand apart: anybody there can announce any number for any peer. They take turns, so that none
 * keeps another from being tried, and an address that fails goes behind the others of its kind.
 */
export class DialTarget {
  readonly source: AddressSource
  /** Unknown for an address without one, until somebody has answered there. */
  peerId: string | undefined
  failures = 0
  /** Dials in a row without an answer since this node has chosen the peer; undefined for one that it has not. */
  unanswered: number | undefined
  dueAtMs: number
  isDialling = false
  /** Whether it is never dropped, tried first, and never has to wait for others. */
  isPinned = false
  /** Heard on the LAN since the dial that is under way began. */
  isHeardAgain = false
  /** When the last dial ended. */
  triedAtMs: number = -Infinity
  readonly #addressesMax: number
  /** Who alone may answer; undefined where anybody may who is at the address. */
  readonly #wanted: string | undefined
  /** Written down, or answered before; the last good one first. */
  #trusted: readonly string[] = []
  /** Given by other members. The newest first. */
  #named: readonly string[] = []
  /** Heard on the LAN. The newest first. */
  #heard: readonly string[] = []

  constructor(
    source: AddressSource,
    peerId: string | undefined,
    at: { readonly dueAtMs: number; readonly addressesMax: number },
  ) {
    this.source = source
    this.peerId = peerId
    this.#wanted = peerId
    this.dueAtMs = at.dueAtMs
    this.#addressesMax = at.addressesMax
  }

  /** Whether there is an address that was written down or has answered. */
  get isTrusted(): boolean {
    return this.#trusted.length > 0
  }

  /** What is tried first, however long others have waited: a pinned peer, then a chosen one. */
  get rank(): number {
    if (this.isPinned) return 2
    return this.unanswered === undefined ? 0 : 1
  }

  /** Takes addresses in; says whether any of them is new. */
  add(source: AddressSource, addresses: readonly string[]): boolean {
    const known = this.#knownTo(source)
    const added = addresses.filter((address) => !known.includes(address))
    if (added.length === 0) return false
    if (source === 'static') this.#trust([...this.#trusted, ...added])
    else if (source === 'lan') this.#heard = [...added, ...this.#heard].slice(0, this.#addressesMax)
    else {
      this.#named = [...added, ...this.#named].slice(0, this.#addressesMax)
      this.#heard = this.#heard.filter((address) => !added.includes(address))
    }
    return true
  }

  /** The addresses in the order in which they are tried now. */
  inOrder(): readonly string[] {
    const kinds = [this.#trusted, this.#named, this.#heard]
    const rows = Math.max(...kinds.map(({ length }) => length))
    return Array.from({ length: rows }, (_, index) => kinds.map((kind) => kind[index]))
      .flat()
      .filter((address) => address !== undefined)
  }

  /**
   * Somebody has answered at an address.
   *
   * @throws NetworkError `channel-refused` where it is somebody else: an address that others gave can name another peer
   */
  answered(address: string, peerId: string): void {
    if (this.#wanted !== undefined && this.#wanted !== peerId) {
      throw new NetworkError('channel-refused', 'another peer has answered at this address')
    }
    this.peerId = peerId
    this.failures = 0
    this.#trust([address, ...this.#trusted.filter((other) => other !== address)])
  }

  failed(address: string): void {
    this.#trusted = behindOthers(this.#trusted, address)
    this.#named = behindOthers(this.#named, address)
    this.#heard = behindOthers(this.#heard, address)
  }

  /** A dial of all that there was time for has ended. */
  ended(isAnswered: boolean, nowMs: number): void {
    this.isDialling = false
    this.triedAtMs = nowMs
    if (this.unanswered !== undefined) this.unanswered = isAnswered ? 0 : this.unanswered + 1
  }

  /** Where an address of this source would be known already: what is only heard is known wherever it stands. */
  #knownTo(source: AddressSource): readonly string[] {
    if (source === 'static') return this.#trusted
    const known = [...this.#trusted, ...this.#named]
    return source === 'walk' ? known : [...known, ...this.#heard]
  }

  #trust(addresses: readonly string[]): void {
    this.#trusted = addresses.slice(0, this.#addressesMax)
    this.#named = this.#named.filter((address) => !addresses.includes(address))
    this.#heard = this.#heard.filter((address) => !addresses.includes(address))
  }
}

function behindOthers(addresses: readonly string[], address: string): readonly string[] {
  if (!addresses.includes(address)) return addresses
  return [...addresses.filter((other) => other !== address), address]
}
