import { BoundedMap } from '@warren/core'
import type { PinnedDigests } from './tool-digest.ts'

/** What somebody was shown of a pinned tool. */
interface Sight {
  readonly tool: string
  /** As it was listed last. */
  readonly digest: string
}

/** Of all callers and pinned tools. What is forgotten is not pinned until it is listed again. */
const SIGHTS_MAX = 65_536
/** Of callers and tools that they were shown otherwise: of these none is forgotten, and beyond them a tool is closed to all. */
const CHANGED_MAX = 65_536

/** What each caller was shown of pinned tools: nobody's answer says anything about another's. */
export class ToolSights {
  /** As they are pinned. */
  readonly #sights = new BoundedMap<string, Sight>(SIGHTS_MAX)
  /** Listed otherwise since the pins were loaded, whatever was listed after that. */
  readonly #changed = new Map<string, Sight>()
  /** Tools that were shown otherwise to callers who cannot be remembered: some of the pinned ones. */
  readonly #closed = new Set<string>()

  /** Takes what a caller is shown of a tool. */
  take(
    did: string,
    tool: string,
    { digest, pin }: Readonly<Record<'digest' | 'pin', string>>,
  ): void {
    const key = keyOf(did, tool)
    const isChanged = digest !== pin || this.#changed.has(key)
    this.#keep(key, { tool, digest }, isChanged)
  }

  /** Whether a caller was shown a tool as it is pinned, and never otherwise. */
  isPinned(did: string, tool: string, pin: string): boolean {
    const sight = this.#sights.get(keyOf(did, tool))
    return sight?.digest === pin && !this.#closed.has(tool)
  }

  /** Whether a tool is closed to all because there is no room to remember to whom it was shown otherwise. */
  isClosed(tool: string): boolean {
    return this.#closed.has(tool)
  }

  /** Compares with other pins what each caller was shown last; the tools that somebody was shown otherwise. */
  expect(pins: PinnedDigests): ReadonlySet<string> {
    // What was listed otherwise comes last, so that it is not what makes room for the rest.
    const known = [...this.#sights.entries(), ...this.#changed]
    this.#changed.clear()
    this.#closed.clear()
    const changed = new Set<string>()
    for (const [key, sight] of known) {
      const pin = pins.get(sight.tool)
      if (pin === undefined) {
        this.#sights.delete(key)
        continue
      }
      const differs = sight.digest !== pin
      this.#keep(key, sight, differs)
      if (differs) changed.add(sight.tool)
    }
    return changed
  }

  /** Forgets what anybody was shown of some tools. */
  forget(isMeant: (tool: string) => boolean): void {
    const known = [...this.#sights.entries(), ...this.#changed]
    for (const [key, { tool }] of known) {
      if (!isMeant(tool)) continue
      this.#sights.delete(key)
      this.#changed.delete(key)
    }
    for (const tool of this.#closed) if (isMeant(tool)) this.#closed.delete(tool)
  }

  /** A sight stands in one of the two. */
  #keep(key: string, sight: Sight, isChanged: boolean): void {
    if (!isChanged) {
      this.#sights.set(key, sight)
      return
    }
    this.#sights.delete(key)
    if (this.#changed.has(key) || this.#changed.size < CHANGED_MAX) this.#changed.set(key, sight)
    else this.#closed.add(sight.tool)
  }
}

/** No DID has a space. */
function keyOf(did: string, tool: string): string {
  return `${did} ${tool}`
}
