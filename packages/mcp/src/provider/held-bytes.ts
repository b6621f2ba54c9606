import type { ByteAccount } from '../byte-account.ts'
import { McpError } from '../mcp-error.ts'

export interface HeldBytesLimits {
  /** Bytes of messages of one caller, and of all, that are under way here at one time. */
  readonly heldBytesPerCallerMax: number
  readonly heldBytesMax: number
}

/**
 * So much of each stream counts for nothing: ordinary calls go on, also while large ones use up what
 * there is for all. How much that is together is bounded by the number of calls.
 */
export const UNCOUNTED_BYTES = 65_536

/**
 * What the messages of callers take up while they are under way: from the first byte that is read
 * until the request has been answered, since it is kept for as long.
 */
export class HeldBytes {
  readonly #limits: HeldBytesLimits
  readonly #byCaller = new Map<string, number>()
  #all = 0

  constructor(limits: HeldBytesLimits) {
    this.#limits = limits
  }

  /** The account of one stream. Whoever opens it says at its end that it holds nothing any more. */
  open(did: string): ByteAccount {
    let counted = 0
    return {
      holds: (bytes) => {
        const wanted = Math.max(0, bytes - UNCOUNTED_BYTES)
        this.#add(did, wanted - counted)
        counted = wanted
      },
    }
  }

  #add(did: string, bytes: number): void {
    const { heldBytesPerCallerMax, heldBytesMax } = this.#limits
    const own = (this.#byCaller.get(did) ?? 0) + bytes
    const all = this.#all + bytes
    if (bytes > 0 && (own > heldBytesPerCallerMax || all > heldBytesMax)) {
      const whose = own > heldBytesPerCallerMax ? 'of this caller' : 'of all callers'
      throw new McpError('bytes-exhausted', `too many bytes ${whose} are under way here; try later`)
    }
    if (own === 0) this.#byCaller.delete(did)
    else this.#byCaller.set(did, own)
    this.#all = all
  }
}
