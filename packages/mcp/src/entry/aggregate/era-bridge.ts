import type { JsonObject } from '@warren/core'
import { objectAt } from '../../json-rpc.ts'
import { ENVELOPE, type Era } from '../era.ts'
import { envelopeOf } from './handshake.ts'
import type { HostProfile } from './host-profile.ts'
import { RpcRefusal } from './rpc-refusal.ts'

const ENVELOPE_KEYS: ReadonlySet<string> = new Set(Object.values(ENVELOPE))

/** How a host and a backend differ. */
export interface Bridge {
  readonly hostEra: Era
  readonly backendEra: Era
  readonly profile: HostProfile
}

/**
 * The parameters of a host's request in the era of the backend.
 *
 * @throws RpcRefusal `era-not-bridgeable` for the later rounds of a call that a legacy backend never began
 */
export function paramsForBackend(params: JsonObject, bridge: Bridge): JsonObject {
  const { hostEra, backendEra, profile } = bridge
  if (hostEra === backendEra) return params
  if (backendEra === 'modern') {
    return { ...params, _meta: { ...objectAt(params, '_meta'), ...envelopeOf(profile) } }
  }
  if ('inputResponses' in params || 'requestState' in params) {
    throw new RpcRefusal(
      'era-not-bridgeable',
      'the server speaks a version of MCP in which a call has one round; use its own endpoint',
    )
  }
  const meta = Object.entries(objectAt(params, '_meta')).filter(([key]) => !ENVELOPE_KEYS.has(key))
  const { _meta: _, ...rest } = params
  return meta.length === 0 ? rest : { ...rest, _meta: Object.fromEntries(meta) }
}

/** A backend's result in the era of the host. */
export function resultForHost(
  result: JsonObject,
  { hostEra, backendEra }: Omit<Bridge, 'profile'>,
): JsonObject {
  if (hostEra === backendEra) return result
  if (hostEra === 'modern') return { ...result, resultType: 'complete' }
  const { resultType: _, ...rest } = result
  return rest
}
