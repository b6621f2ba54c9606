import { isJsonObject, type JsonObject } from '@warren/core'
import { objectAt } from '../../json-rpc.ts'
import { McpError } from '../../mcp-error.ts'
import type { AggregateLimits } from './aggregate-limits.ts'
import type { Backend } from './backend.ts'
import { paramsForBackend } from './era-bridge.ts'
import type { HostProfile } from './host-profile.ts'
import { type ItemKind, KINDS } from './item-kind.ts'
import { itemsOf } from './merge-lists.ts'

export interface ListItemsInit {
  readonly profile: HostProfile
  readonly limits: AggregateLimits
  readonly signal: AbortSignal
}

/**
 * Everything of one kind that a server lists, through all of its pages.
 *
 * @throws McpError `server-answer-unacceptable` for an error, a list without end or beyond the limits
 */
export async function listItems(
  backend: Backend,
  kind: ItemKind,
  { profile, limits, signal }: ListItemsInit,
): Promise<readonly JsonObject[]> {
  const { listMethod: method, capability } = KINDS[kind]
  const { facts } = await backend.open(signal)
  if (!isJsonObject(facts.capabilities[capability])) return []
  const bridge = { hostEra: 'legacy', backendEra: facts.era, profile } as const
  const items: JsonObject[] = []
  let length = 0
  let cursor: string | undefined
  for (let page = 0; page < limits.listPagesMax; page += 1) {
    const params = paramsForBackend(cursor === undefined ? {} : { cursor }, bridge)
    const response = await backend.ask({ method, params, signal })
    if ('error' in response) throw refused(method, objectAt(response, 'error'))
    const result = objectAt(response, 'result')
    for (const item of itemsOf(kind, result)) {
      length += JSON.stringify(item).length
      items.push(item)
    }
    if (items.length > limits.itemsMax || length > limits.listLengthMax) throw tooLong(method)
    const { nextCursor } = result
    if (typeof nextCursor !== 'string') return items
    cursor = nextCursor
  }
  throw tooLong(method)
}

function refused(method: string, { code }: JsonObject): McpError {
  const number = typeof code === 'number' ? ` (${code})` : ''
  return new McpError('server-answer-unacceptable', `it answered ${method} with an error${number}`)
}

function tooLong(method: string): McpError {
  return new McpError('server-answer-unacceptable', `its answer to ${method} is too long`)
}
