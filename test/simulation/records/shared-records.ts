import { type Acceptance, type RecordSet, standingOf, type Standing } from '@warren/membership'
import { type Did } from '@warren/identity'
import { type Cast, MESH_NOW_MS } from './cast.ts'

type AcceptOptions = Parameters<RecordSet['accept']>[1]

/**
 * Does once, for all nodes of a process, what each of them would do with the same result.
 *
 * A set of records is a value, and what comes of adding texts to it depends on the two alone. So nodes
 * that know the same share one value, and each is told how many texts it would have had to verify.
 */
export class SharedRecords {
  readonly #cast: Cast
  readonly #accepted = new WeakMap<RecordSet, Map<string, Acceptance>>()
  readonly #standings = new WeakMap<RecordSet, ReadonlyMap<Did, Standing>>()
  readonly #originals = new WeakMap<RecordSet, RecordSet>()
  /** Ids by text, of all records that any node has taken up. */
  readonly #ids = new Map<string, string>()
  /** Removals by their root, of all sets that any node has had. */
  readonly #removals = new Map<string, readonly string[]>()

  constructor(cast: Cast) {
    this.#cast = cast
    this.#note(cast.known)
  }

  /** A set as one node sees it: `onVerify` is told how many texts the node verifies. */
  viewOf(set: RecordSet, onVerify: (texts: number) => void): RecordSet {
    const accept: RecordSet['accept'] = (texts, options) => {
      onVerify(texts.length)
      const acceptance = this.#accept(set, texts, options)
      return { ...acceptance, set: this.viewOf(acceptance.set, onVerify) }
    }
    const view = new Proxy(set, {
      get: (original, key) => {
        if (key === 'accept') return accept
        const value: unknown = Reflect.get(original, key, original)
        return typeof value === 'function' ? value.bind(original) : value
      },
    })
    this.#originals.set(view, set)
    return view
  }

  /** How everybody stands, by what a set says. */
  standingsOf(view: RecordSet): ReadonlyMap<Did, Standing> {
    const set = this.#originals.get(view) ?? view
    const known = this.#standings.get(set)
    if (known !== undefined) return known
    const { target, others } = this.#cast
    const standings = new Map(
      [target, ...others].map((did) => [did, standingOf(set, did, MESH_NOW_MS)]),
    )
    this.#standings.set(set, standings)
    return standings
  }

  /** The id of a record, once any node has taken it up. */
  idOf(text: string): string | undefined {
    return this.#ids.get(text)
  }

  /** The removals that a root commits to, where any node has had it. */
  removalsOf(root: string): readonly string[] | undefined {
    return this.#removals.get(root)
  }

  #accept(set: RecordSet, texts: readonly string[], options: AcceptOptions): Acceptance {
    const byTexts = this.#accepted.get(set) ?? new Map<string, Acceptance>()
    this.#accepted.set(set, byTexts)
    // No record contains a line break: it is in canonical form.
    const key = [JSON.stringify(options), ...texts].join('\n')
    const known = byTexts.get(key)
    if (known !== undefined) return known
    const acceptance = set.accept(texts, options)
    byTexts.set(key, acceptance)
    this.#note(acceptance.set)
    return acceptance
  }

  #note(set: RecordSet): void {
    for (const { text, id } of set.records()) this.#ids.set(text, id)
    const removals = set.trie('removal')
    this.#removals.set(removals.root, removals.idsBelow(''))
  }
}
