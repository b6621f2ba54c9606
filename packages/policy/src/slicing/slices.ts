import { BoundedMap } from '@warren/core'
import type { CedarScope } from '../cedar-request.ts'
import { contextReads, isReading } from '../context/context-reads.ts'
import type { Rule } from '../policy-source.ts'
import { PartedSet, preparedSet, type RuleSet } from './parted-set.ts'
import { headMatches, namedIn, type Place, type Places, placesOf } from './rule-scope.ts'

/** The rules whose head matches a request, as one prepared set. */
export interface Slice {
  /** In the order of the files. */
  readonly rules: readonly Rule[]
  readonly permits: readonly Rule[]
  readonly set: RuleSet
  /** One of the rules reads the context. */
  readonly readsContext: boolean
}

/** Sets prepared besides that of all rules; beyond them requests are decided by all rules at once. */
const SLICES_MAX = 512
/** A set of so many rules is asked about in parts. */
const PARTED_RULES_MIN = 128
/** Rules in those sets together, which is what takes memory; those that are asked about in parts take twice of it. */
const RULES_PREPARED_MAX = 16_384
const KEYS_MAX = 4096

/**
 * Finds the rules that can matter for a request, so that the time of a decision does not grow with
 * the others.
 *
 * A rule is left out only when its head cannot match, and then the engine would not look at its
 * conditions either: the answer is that of all rules. What is prepared is prepared once and kept, so
 * a caller who asks for this and that makes work only until the limits are reached.
 */
export class Slices {
  readonly #rules: readonly Rule[]
  readonly #all: RuleSet
  readonly #named: ReadonlySet<string>
  readonly #byKey: BoundedMap<string, Slice>
  readonly #byRules = new Map<string, Slice>()
  readonly #slicesMax: number
  #rulesPrepared = 0

  /** @throws PolicyError `policy-engine-failed` */
  constructor(rules: readonly Rule[], slicesMax: number = SLICES_MAX) {
    this.#rules = rules
    this.#slicesMax = slicesMax
    this.#named = new Set(rules.flatMap(({ json }) => namedIn(json)))
    this.#byKey = new BoundedMap(KEYS_MAX)
    this.#all = setOf(rules)
  }

  /** The slice of one request. */
  of(scope: CedarScope): Slice {
    const places = placesOf(scope)
    const key = this.#keyOf(places)
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    const slice = this.#sliceFor(this.#rules.filter(({ json }) => headMatches(json, places)))
    this.#byKey.set(key, slice)
    return slice
  }

  /** Frees every set. */
  retire(): void {
    this.#all.retire()
    for (const { set } of this.#byRules.values()) set.retire()
  }

  #sliceFor(rules: readonly Rule[]): Slice {
    const permits = rules.filter(({ json }) => json.effect === 'permit')
    const readsContext = isReading(contextReads(rules.map(({ json }) => json)))
    const described = { rules, permits, readsContext }
    if (rules.length === this.#rules.length) return { ...described, set: this.#all }
    const key = JSON.stringify(rules.map(({ id }) => id))
    const known = this.#byRules.get(key)
    if (known !== undefined) return known
    const isFull =
      this.#byRules.size >= this.#slicesMax ||
      this.#rulesPrepared + rules.length > RULES_PREPARED_MAX
    if (isFull) return { ...described, set: this.#all }
    const slice = { ...described, set: setOf(rules) }
    this.#rulesPrepared += rules.length
    this.#byRules.set(key, slice)
    return slice
  }

  /** What of a request the heads of rules can tell apart. */
  #keyOf({ principal, action, resource }: Places): string {
    const named = ({ within }: Place): readonly string[] =>
      [...within].filter((key) => this.#named.has(key)).toSorted()
    return JSON.stringify([action.self, resource.type, named(resource), named(principal)])
  }
}

/** Of few rules it would take more time to find out which may apply than to ask about all. */
function setOf(rules: readonly Rule[]): RuleSet {
  return rules.length < PARTED_RULES_MIN ? preparedSet(rules) : new PartedSet(rules)
}
