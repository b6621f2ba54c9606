import type { RecordSet } from './record-set.ts'

/** What follows from a set about each of several things, worked out once for each: a set never changes. */
export class OncePerSet<Value> {
  readonly #known = new WeakMap<RecordSet, Map<string, Value>>()

  /** `key`: what it is about. */
  get(set: RecordSet, key: string, make: () => Value): Value {
    const ofSet = this.#known.get(set) ?? new Map<string, Value>()
    this.#known.set(set, ofSet)
    const value = ofSet.get(key) ?? make()
    ofSet.set(key, value)
    return value
  }
}
