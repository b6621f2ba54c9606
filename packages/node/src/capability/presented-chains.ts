import {
  type CapabilityCall,
  CapabilityError,
  type CapabilityKnowledge,
  checkStillHolds,
  covers,
  type VerifiedChain,
  verifyChain,
} from '@warren/capability'
import { BoundedMap } from '@warren/core'
import { lastContentId } from './capability-files.ts'

/** Chains that one member may show at a time. */
export const CHAINS_PER_MEMBER_MAX = 16
/** The admitted peers of a node are fewer; whoever was not heard of longest goes first. */
const MEMBERS_MAX = 1_024

/** What a request is about, as capabilities look at it: a call of a tool, or the listing of a server. */
export type CapabilityQuestion = CapabilityCall | { readonly server: string }

/** A chain that covers a request. */
export interface CoveringChain {
  /** What the owner calls its first issuer. */
  readonly label: string
  /** Of every link, the first first. */
  readonly ids: readonly string[]
}

export interface PresentedChainsInit {
  readonly knowledge: () => CapabilityKnowledge
  /** Something by which this member has called holds no more, for the reason of that code. */
  readonly onFallen: (did: string, fallen: FallenChain) => void
  /** Something kept a chain, or all of them, from being looked at: it does not count. */
  readonly onUnchecked: (error: unknown) => void
}

export interface FallenChain {
  readonly id: string
  readonly server: string
  readonly code: string
  /** Whether it has covered a request. */
  readonly used: boolean
}

/** The code of a chain that could not be judged: it falls, and may be shown again. */
export const UNCHECKED = 'capability-unchecked'

interface Presented {
  verified: VerifiedChain
  used: boolean
}

/** The chains that connected members have shown to this node, each judged again for every request. */
export class PresentedChains {
  readonly #init: PresentedChainsInit
  readonly #members = new BoundedMap<string, Map<string, Presented>>(MEMBERS_MAX)

  constructor(init: PresentedChainsInit) {
    this.#init = init
  }

  /**
   * Remembers a chain whose last holder this member is; says whether it was not remembered before.
   *
   * @throws CapabilityError `presentation-exhausted`
   */
  add(did: string, verified: VerifiedChain): boolean {
    const chains = this.#members.get(did) ?? new Map<string, Presented>()
    // By what it says: its id is whatever its issuer likes, also that of another.
    const key = lastContentId(verified.chain)
    const before = chains.get(key)
    if (before === undefined && chains.size >= CHAINS_PER_MEMBER_MAX) {
      throw new CapabilityError(
        'presentation-exhausted',
        `a member shows at most ${CHAINS_PER_MEMBER_MAX} capabilities at a time`,
      )
    }
    chains.set(key, { verified, used: before?.used ?? false })
    this.#members.set(did, chains)
    return before === undefined
  }

  /** The chains of a member that cover a request now; those that hold no more are dropped. */
  covering(did: string, question: CapabilityQuestion): readonly CoveringChain[] {
    if (!this.#members.has(did)) return []
    this.#recheck(did, this.#knowledge())
    const chains = [...(this.#members.get(did)?.values() ?? [])]
    const covering = chains.filter(({ verified: { chain } }) => concerns(chain, question))
    for (const each of covering) each.used = true
    return covering.map(({ verified: { chain, label } }) => ({
      label,
      ids: chain.links.map(({ id }) => id),
    }))
  }

  /** Looks at all of them, as when something was revoked. Never throws: what cannot be judged falls. */
  recheck(): void {
    const knowledge = this.#knowledge()
    for (const did of [...this.#members.entries()].map(([each]) => each)) {
      this.#recheck(did, knowledge)
    }
  }

  /** What there is to judge by; nothing where that cannot be said. */
  #knowledge(): CapabilityKnowledge | undefined {
    try {
      return this.#init.knowledge()
    } catch (error) {
      this.#init.onUnchecked(error)
      return undefined
    }
  }

  /** Forgets what a member has shown. */
  forget(did: string): void {
    this.#members.delete(did)
  }

  /** Whose chains are here, for the operator. */
  describe(): readonly { readonly did: string; readonly ids: readonly string[] }[] {
    return [...this.#members.entries()].map(([did, chains]) => ({
      did,
      ids: [...chains.values()].map(({ verified }) => verified.chain.last.id),
    }))
  }

  #recheck(did: string, knowledge: CapabilityKnowledge | undefined): void {
    const chains = this.#members.get(did)
    for (const [key, presented] of chains ?? []) {
      const code = knowledge === undefined ? UNCHECKED : this.#objection(presented, knowledge)
      if (code === undefined) continue
      chains?.delete(key)
      const { first, last } = presented.verified.chain
      this.#init.onFallen(did, {
        id: last.id,
        server: first.server,
        code,
        used: presented.used,
      })
    }
    if (chains?.size === 0) this.#members.delete(did)
  }

  #objection(presented: Presented, knowledge: CapabilityKnowledge): string | undefined {
    try {
      return objection(presented, knowledge)
    } catch (error) {
      this.#init.onUnchecked(error)
      return UNCHECKED
    }
  }
}

function concerns(chain: VerifiedChain['chain'], question: CapabilityQuestion): boolean {
  return 'tool' in question ? covers(chain, question) : chain.first.server === question.server
}

/** The code for which a chain holds no more. Where keys have been replaced its signatures are checked once more. */
function objection(presented: Presented, knowledge: CapabilityKnowledge): string | undefined {
  try {
    try {
      checkStillHolds(presented.verified, knowledge)
    } catch (error) {
      if (!(error instanceof CapabilityError) || error.code !== 'capability-unproved') throw error
      presented.verified = verifyChain(presented.verified.chain, knowledge)
    }
    return undefined
  } catch (error) {
    if (error instanceof CapabilityError) return error.code
    throw error
  }
}
