import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'
import { isJsonObject } from '@warren/core'
import { partsOf } from './context/expression.ts'
import { CALL, NAMESPACE } from './vocabulary/policy-schema.ts'

/**
 * Says whether a policy means the action `call` and nothing in it. Each defined tool is an action of
 * its own inside `call`, so such a policy would miss it: a forbid would protect less than it says.
 */
export function comparesWithCall({ action, conditions }: PolicyJson): boolean {
  const isScope = action.op === '==' && 'entity' in action && isCall(action.entity)
  return isScope || conditions.some(({ body }) => usesCallAlone(body))
}

/** To the right of `in` the action is a group; everywhere else it stands for itself. */
function usesCallAlone(expression: unknown): boolean {
  if (!isJsonObject(expression)) return false
  if (isCall(expression['Value'])) return true
  const membership = expression['in']
  if (!isJsonObject(membership)) return partsOf(expression).some(usesCallAlone)
  const { left, right } = membership
  const groups = isJsonObject(right) && Array.isArray(right['Set']) ? right['Set'] : [right]
  const others = groups.filter((group) => !isJsonObject(group) || !isCall(group['Value']))
  return [left, ...others].some(usesCallAlone)
}

function isCall(value: unknown): boolean {
  if (!isJsonObject(value)) return false
  const { type, id } = value
  return (type === `${NAMESPACE}::Action` && id === CALL) || isCall(value['__entity'])
}
