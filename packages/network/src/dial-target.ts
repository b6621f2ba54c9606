import { NetworkError } from './network-error.ts'

/** How an address of a target became known. */
export type AddressSource = 'lan' | 'static' | 'walk'

/**
 * The addresses of one peer, in the order in which they are tried.
 *
 * Those that were written down or have answered stand apart from those that were only heard: anybody on
 * the link can announce any number of the latter for any peer. They take turns, so that neither
 * keeps the other from being tried, and an address that fails goes behind the others of its kind.
 */
export class DialTarget {
  readonly source: AddressSource
  /** Unknown for an address without one, until somebody has answered there. */
  peerId: string | undefined
  failures = 0
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
  /** The newest first. */
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

  /** Takes addresses in; says whether any of them is new. */
  add(source: AddressSource, addresses: readonly string[]): boolean {
    const known = source === 'static' ? this.#trusted : [...this.#trusted, ...this.#heard]
    const added = addresses.filter((address) => !known.includes(address))
    if (added.length === 0) return false
    if (source === 'static') this.#trust([...this.#trusted, ...added])
    else this.#heard = [...added, ...this.#heard].slice(0, this.#addressesMax)
    return true
  }

  /** The addresses in the order in which they are tried now. */
  inOrder(): readonly string[] {
    const rows = Math.max(this.#trusted.length, this.#heard.length)
    return Array.from({ length: rows }, (_, index) => [this.#trusted[index], this.#heard[index]])
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
    this.#trust([address, ...this.#trusted.filter((other) => other !== address)])
  }

  failed(address: string): void {
    this.#trusted = behindOthers(this.#trusted, address)
    this.#heard = behindOthers(this.#heard, address)
  }

  #trust(addresses: readonly string[]): void {
    this.#trusted = addresses.slice(0, this.#addressesMax)
    this.#heard = this.#heard.filter((address) => !addresses.includes(address))
  }
}

function behindOthers(addresses: readonly string[], address: string): readonly string[] {
  if (!addresses.includes(address)) return addresses
  return [...addresses.filter((other) => other !== address), address]
}
