import { canonicalJson, isJsonObject, parseJson } from '@warren/core'
import { NodeError } from '../../node-error.ts'

/** The newest set of a name that was in force here. */
export interface RememberedSet {
  readonly version: number
  /** Content id of its manifest. */
  readonly id: string
}

/** One durable text. */
export interface TextStore {
  read(): string | undefined
  write(text: string): void
}

/** Names of sets that one node has had. */
const SETS_MAX = 256
const LIMITS = { lengthMax: 65_536, depthMax: 4, keysMax: 2048 }

/** Which policy sets were in force here: the version of a name never goes back, over restarts too. */
export class SetMemory {
  readonly #store: TextStore

  constructor(store: TextStore) {
    this.#store = store
  }

  /** @throws NodeError `policy-set-memory` when what was kept cannot be read */
  get(name: string): RememberedSet | undefined {
    return this.#all().get(name)
  }

  /**
   * Refuses a set that is older than the newest, or another one of the same version.
   *
   * @throws NodeError `policy-set-rolled-back`, `policy-set-memory`
   */
  check(name: string, { version, id }: RememberedSet): void {
    const newest = this.get(name)
    if (newest === undefined || version > newest.version) return
    if (version === newest.version && id === newest.id) return
    throw new NodeError(
      'policy-set-rolled-back',
      version === newest.version
        ? `another set "${name}" of version ${version} was in force here; give this one a higher version`
        : `the set "${name}" has version ${version}, and version ${newest.version} was in force here; an older set never returns`,
    )
  }

  /**
   * Remembers a set; durable when this returns, and before the set decides anything.
   *
   * @throws NodeError `policy-set-rolled-back`, `policy-set-memory`
   */
  remember(name: string, set: RememberedSet): void {
    this.check(name, set)
    const all = this.#all().set(name, set)
    if (all.size > SETS_MAX) throw unusable(`more than ${SETS_MAX} names of sets`)
    const entries = [...all].map(
      ([each, { version, id }]) => [each, { version, id }] satisfies [string, object],
    )
    this.#store.write(canonicalJson(Object.fromEntries(entries)))
  }

  #all(): Map<string, RememberedSet> {
    const text = this.#store.read()
    if (text === undefined) return new Map()
    const value = parseJson(text, LIMITS)
    if (!isJsonObject(value)) throw unusable('no sets')
    return new Map(
      Object.entries(value).map(([name, set]) => {
        const { version, id } = isJsonObject(set) ? set : {}
        if (typeof version !== 'number' || typeof id !== 'string') throw unusable('no sets')
        return [name, { version, id }]
      }),
    )
  }
}

function unusable(what: string): NodeError {
  return new NodeError('policy-set-memory', `warren.db holds ${what} where the policy sets stand`)
}
