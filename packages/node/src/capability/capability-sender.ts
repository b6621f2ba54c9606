import type { CapabilityChain } from '@warren/capability'

/** Something that is to be shown to another node. */
export interface ToShow {
  /** What it is, for the operator. */
  readonly id: string
  readonly what: 'capability' | 'revocation'
  /** The text, for the session on which it is shown. */
  readonly text: (challenge: string) => string
}

export interface CapabilitySenderInit {
  /** What that node has to see. */
  readonly toShow: (did: string) => readonly ToShow[]
  /** Shows one; a throw says why it was not taken. */
  readonly show: (did: string, item: ToShow) => Promise<void>
  readonly onShown: (did: string, item: ToShow) => void
  readonly onRefused: (did: string, item: ToShow, error: unknown) => void
}

/** How one member stands with what it has to see. */
interface Told {
  readonly taken: Set<string>
  /** By id, what was said last: that it was taken, or why not. */
  readonly said: Map<string, string>
  busy: boolean
}

const TAKEN = 'taken'

/** Shows members what they have to see, each thing until it is taken, and everything once more where it may be forgotten. */
export class CapabilitySender {
  readonly #init: CapabilitySenderInit
  readonly #told = new Map<string, Told>()

  constructor(init: CapabilitySenderInit) {
    this.#init = init
  }

  /** Shows a connected member what it has not taken yet, one after the other. Never rejects. */
  async offer(did: string): Promise<void> {
    const items = this.#init.toShow(did)
    if (items.length === 0) return
    const told = this.#told.get(did) ?? { taken: new Set(), said: new Map(), busy: false }
    this.#told.set(did, told)
    if (told.busy) return
    told.busy = true
    try {
      for (const item of items) if (!told.taken.has(item.id)) await this.#show(did, item, told)
    } finally {
      told.busy = false
    }
  }

  /** The member is gone, or is here by another connection: what it took may not be there any more. */
  forget(did: string): void {
    this.#told.delete(did)
  }

  /** Lets everything be shown once more: a member may have dropped what holds again by now. */
  again(): void {
    for (const { taken } of this.#told.values()) taken.clear()
  }

  /** Whether that node has taken something, or what it said instead. */
  state(did: string, id: string): string {
    const told = this.#told.get(did)
    return told === undefined ? 'not connected' : (told.said.get(id) ?? 'not shown yet')
  }

  async #show(did: string, item: ToShow, told: Told): Promise<void> {
    const { show, onShown, onRefused } = this.#init
    const before = told.said.get(item.id)
    try {
      await show(did, item)
      told.taken.add(item.id)
      told.said.set(item.id, TAKEN)
      if (before !== TAKEN) onShown(did, item)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      told.said.set(item.id, message)
      // Tried again in the next round; told once.
      if (before !== message) onRefused(did, item, error)
    }
  }
}

/** Chains of which the owner of the server is that node, at most as many as it takes. */
export function chainsFor(
  chains: readonly CapabilityChain[],
  did: string,
  { max, nowMs }: { readonly max: number; readonly nowMs: number },
): readonly CapabilityChain[] {
  return chains
    .filter(({ first, last }) => first.node === did && nowMs < last.validUntilMs)
    .slice(0, max)
}
