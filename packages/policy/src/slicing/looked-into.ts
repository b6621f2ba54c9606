import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'
import { isJsonObject } from '@warren/core'
import type { Uid } from '../cedar-request.ts'
import { partsOf } from '../context/expression.ts'
import { keyOf, uidOf } from './rule-scope.ts'

/** Operators that compare entities by their names alone, on both sides or in each element. */
const COMPARING: ReadonlySet<string> = new Set([
  '==',
  '!=',
  'Set',
  'contains',
  'containsAll',
  'containsAny',
])

/**
 * The entities that conditions name and look into: they ask what one stands in, or what attributes it has, so that the
 * engine has to be given it. Each once; what this does not understand counts as looking.
 */
export function lookedInto(policies: readonly Pick<PolicyJson, 'conditions'>[]): readonly Uid[] {
  const named = policies.flatMap(({ conditions }) =>
    conditions.flatMap(({ body }) => namedBelow(body, true)),
  )
  return [...new Map(named.map((uid) => [keyOf(uid), uid])).values()]
}

function namedBelow(expression: unknown, isLookedInto: boolean): readonly Uid[] {
  if (!isJsonObject(expression)) return []
  const uid = uidOf(expression['Value'])
  if (uid !== undefined) return isLookedInto ? [uid] : []
  const compared = new Set(comparedParts(expression, isLookedInto))
  return partsOf(expression).flatMap((part) => namedBelow(part, !compared.has(part)))
}

/** The operands of which an entity is no more than compared. */
function comparedParts(
  expression: Readonly<Record<string, unknown>>,
  isLookedInto: boolean,
): readonly unknown[] {
  const [operator = ''] = Object.keys(expression)
  if (COMPARING.has(operator)) return partsOf(expression)
  const operands = expression[operator]
  if (!isJsonObject(operands)) return []
  const { right, in: group } = operands
  // Of what stands in what, the engine follows the left one.
  if (operator === 'in') return [right]
  if (operator === 'is') return [group]
  const isPassedOn = operator === 'if-then-else' && !isLookedInto
  return isPassedOn ? [operands['then'], operands['else']] : []
}
