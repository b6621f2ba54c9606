import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'
import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import { accessOf, variableOf } from '../context/expression.ts'
import { COMPARISONS, type Known, understood } from './comparisons.ts'

/** What an expression is, from the values of those before it. */
type Evaluate = (values: readonly Known[]) => Known

/** An expression that is no literal, and where its value goes. */
interface Step {
  readonly place: number
  readonly evaluate: Evaluate
}

/** A `when` holds where its expression does, an `unless` where it does not. */
interface Clause {
  readonly node: number
  readonly holds: boolean
}

/** The first expression is the context; the second what nobody here understands. */
const CONTEXT = 0
const UNKNOWN = 1

/**
 * The conditions of many rules, read as far as texts, whole numbers, truth values and sets of them in the context go.
 *
 * Each expression is kept once, behind those that stand in it, so that one pass over all of them evaluates every rule. A
 * pass looks at a thousand rules for one call, so it makes as little as it can.
 */
export class Conditions {
  /** Those of literals stay, the others are those of one pass. */
  readonly #values: Known[] = [undefined, undefined]
  readonly #steps: Step[] = []
  readonly #places = new Map<string, number>()
  readonly #rules: readonly (readonly Clause[])[]

  constructor(rules: readonly Pick<PolicyJson, 'conditions'>[]) {
    this.#rules = rules.map(({ conditions }) =>
      conditions.map(({ kind, body }) => ({ node: this.#read(body), holds: kind === 'when' })),
    )
    this.#places.clear()
  }

  /**
   * Says of each rule whether it may apply to a context, or err in it.
   *
   * "No" is certain: the engine would evaluate one of the rule's conditions to false and none to an error, so that the
   * rule would be in no answer, whatever its effect.
   */
  mayApply(context: JsonObject): readonly boolean[] {
    const values = this.#values
    values[CONTEXT] = context
    for (const { place, evaluate } of this.#steps) values[place] = evaluate(values)
    const may = this.#rules.map((clauses) => !isOut(clauses, values))
    // Nothing of a call outlasts it.
    values[CONTEXT] = undefined
    for (const { place } of this.#steps) values[place] = undefined
    return may
  }

  #read(expression: unknown): number {
    if (!isJsonObject(expression)) return UNKNOWN
    const [operator = '', ...others] = Object.keys(expression)
    if (others.length > 0) return UNKNOWN
    if (variableOf(expression) === 'context') return CONTEXT
    if (operator === 'Value') return this.#readLiteral(expression['Value'])
    if (operator === 'Set') return this.#readSet(expression['Set'])
    if (operator === '.' || operator === 'has') return this.#readAccess(expression)
    const operands = expression[operator]
    if (!isJsonObject(operands)) return UNKNOWN
    if (operator === '!') return this.#readNegation(operands['arg'])
    return this.#readJoined(operator, this.#read(operands['left']), operands['right'])
  }

  #readLiteral(value: JsonValue | undefined): number {
    const literal = understood(value)
    // What is written as a record here is an entity or an extension value.
    if (literal === undefined || isJsonObject(literal)) return UNKNOWN
    return this.#place(JSON.stringify(literal), literal)
  }

  #readSet(elements: JsonValue | undefined): number {
    if (!Array.isArray(elements)) return UNKNOWN
    const values = elements.map((element) => (isJsonObject(element) ? element['Value'] : undefined))
    return values.every((value) => value !== undefined) ? this.#readLiteral(values) : UNKNOWN
  }

  #readAccess(expression: JsonObject): number {
    const { left, attributes, operator } = accessOf(expression) ?? { attributes: [] }
    const [attribute, ...others] = attributes
    const record = this.#read(left)
    if (attribute === undefined || others.length > 0 || record === UNKNOWN) return UNKNOWN
    const key = `${operator} ${record} ${JSON.stringify(attribute)}`
    return this.#keep(key, (values) => {
      const value = values[record]
      if (!isJsonObject(value)) return undefined
      const isThere = Object.hasOwn(value, attribute)
      if (operator === 'has') return isThere
      return isThere ? understood(value[attribute]) : undefined
    })
  }

  #readNegation(operand: JsonValue | undefined): number {
    const node = this.#read(operand)
    if (node === UNKNOWN) return UNKNOWN
    return this.#keep(`! ${node}`, (values) => {
      const value = values[node]
      return typeof value === 'boolean' ? !value : undefined
    })
  }

  #readJoined(operator: string, left: number, operand: JsonValue | undefined): number {
    if (left === UNKNOWN) return UNKNOWN
    const right = this.#read(operand)
    const key = `${operator} ${left} ${right}`
    if (operator === '&&' || operator === '||') {
      const decisive = operator === '||'
      return this.#keep(key, (values) => decided(decisive, values[left], values[right]))
    }
    const compare = right === UNKNOWN ? undefined : COMPARISONS.get(operator)
    if (compare === undefined) return UNKNOWN
    return this.#keep(key, (values) => compare(values[left], values[right]))
  }

  /** The place of an expression that has to be evaluated for each context. */
  #keep(key: string, evaluate: Evaluate): number {
    const before = this.#values.length
    const place = this.#place(key, undefined)
    if (place === before) this.#steps.push({ place, evaluate })
    return place
  }

  /** The place of an expression, which has one only. */
  #place(key: string, value: Known): number {
    const place = this.#places.get(key)
    if (place !== undefined) return place
    const added = this.#values.push(value) - 1
    this.#places.set(key, added)
    return added
  }
}

/** The engine looks at the right side only where the left one leaves it open. */
function decided(decisive: boolean, left: Known, right: Known): Known {
  if (left === decisive) return decisive
  return left === !decisive && typeof right === 'boolean' ? right : undefined
}

/** Whichever clause the engine looks at first, none may be one that errs. */
function isOut(clauses: readonly Clause[], values: readonly Known[]): boolean {
  let out = false
  for (const { node, holds } of clauses) {
    const value = values[node]
    if (typeof value !== 'boolean') return false
    out ||= value !== holds
  }
  return out
}
