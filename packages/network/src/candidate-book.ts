import { BoundedMap } from '@warren/core'

export interface CandidateLimits {
  readonly candidatesMax: number
  readonly addressesPerTargetMax: number
  readonly candidateRestMs: number
}

/** A member that others have named, and where it is said to be. */
export interface Candidate {
  readonly peerId: string
  /** The newest first. */
  readonly addresses: readonly string[]
  /** Until then it is left alone, because it has not answered. On the monotonic clock. */
  readonly restsUntilMs: number
}

/** Members that this node has heard of and could dial. What others say of them is taken for no more than a hint. */
export class CandidateBook {
  readonly #limits: CandidateLimits
  readonly #candidates: BoundedMap<string, Candidate>

  constructor(limits: CandidateLimits) {
    this.#limits = limits
    this.#candidates = new BoundedMap(limits.candidatesMax)
  }

  get(peerId: string): Candidate | undefined {
    return this.#candidates.get(peerId)
  }

  all(): readonly Candidate[] {
    return [...this.#candidates.values()]
  }

  /** Takes in what was said of a peer. It rests on, whatever is said: else whoever goes on naming it would waste our dials. */
  hear(peerId: string, addresses: readonly string[]): void {
    const known = this.#candidates.get(peerId)
    const all = [...new Set([...addresses, ...(known?.addresses ?? [])])]
    if (all.length === 0) return
    this.#candidates.set(peerId, {
      peerId,
      addresses: all.slice(0, this.#limits.addressesPerTargetMax),
      restsUntilMs: known?.restsUntilMs ?? Number.NEGATIVE_INFINITY,
    })
  }

  /** It has not answered: others come first for a while. */
  rest(peerId: string, nowMs: number): void {
    const known = this.#candidates.get(peerId)
    if (known === undefined) return
    const restsUntilMs = nowMs + this.#limits.candidateRestMs
    this.#candidates.set(peerId, { ...known, restsUntilMs })
  }
}
