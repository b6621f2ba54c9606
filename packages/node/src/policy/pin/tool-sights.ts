import { BoundedMap } from '@warren/core'
import type { PinnedDigests } from './tool-digest.ts'

/** What somebody was shown of a pinned tool. */
interface Sight {
  readonly tool: string
  /** As it was listed last. */
  readonly digest: string
  /** Whether it was listed otherwise than it is pinned, since the pins were loaded. */
  readonly changed: boolean
}

/** Of all callers and pinned tools. What is forgotten is not pinned until it is listed again. */
const SIGHTS_MAX = 65_536

/** What each caller was shown of pinned tools: nobody's answer says anything about another's. */
export class ToolSights {
  readonly #sights = new BoundedMap<string, Sight>(SIGHTS_MAX)

  /** Takes what a caller is shown of a tool. */
  take(
    did: string,
    tool: string,
    { digest, pin }: Readonly<Record<'digest' | 'pin', string>>,
  ): void {
    const key = keyOf(did, tool)
    const changed = digest !== pin || this.#sights.get(key)?.changed === true
    this.#sights.set(key, { tool, digest, changed })
  }

  /** Whether a caller was shown a tool as it is pinned, and never otherwise. */
  isPinned(did: string, tool: string, pin: string): boolean {
    const sight = this.#sights.get(keyOf(did, tool))
    return sight !== undefined && !sight.changed && sight.digest === pin
  }

  /** Compares with other pins what each caller was shown last; the tools that somebody was shown otherwise. */
  expect(pins: PinnedDigests): ReadonlySet<string> {
    const changed = new Set<string>()
    // Writing an entry moves it to the end.
    const known = [...this.#sights.entries()]
    for (const [key, sight] of known) {
      const pin = pins.get(sight.tool)
      if (pin === undefined) {
        this.#sights.delete(key)
        continue
      }
      const differs = sight.digest !== pin
      this.#sights.set(key, { ...sight, changed: differs })
      if (differs) changed.add(sight.tool)
    }
    return changed
  }
}

/** No DID has a space. */
function keyOf(did: string, tool: string): string {
  return `${did} ${tool}`
}
