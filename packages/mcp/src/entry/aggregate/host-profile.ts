import type { JsonObject } from '@warren/core'
import { type JsonRpcRequest, metaOf, objectAt, paramsOf } from '../../json-rpc.ts'
import { ENVELOPE, type Era, eraOfRequest, LEGACY_VERSIONS } from '../era.ts'

/** What a host has said about itself; backends are told the same, since they show tools by it. */
export interface HostProfile {
  readonly era: Era
  readonly capabilities: JsonObject
  readonly clientInfo: JsonObject
  /** The legacy version that is offered to a legacy backend. */
  readonly legacyVersion: string
  /** From which level on a legacy host wants log messages. */
  readonly logLevel?: string
}

const [NEWEST_LEGACY = ''] = LEGACY_VERSIONS
const UNNAMED: JsonObject = { name: 'warren-host', version: '0' }

/** The profile of a host that has said nothing, or whose requests each say everything. */
export const SILENT_HOST: HostProfile = {
  era: 'modern',
  capabilities: {},
  clientInfo: UNNAMED,
  legacyVersion: NEWEST_LEGACY,
}

/** What a request tells about its host: `initialize` for the whole connection, any other for itself. */
export function profileOf(request: JsonRpcRequest): HostProfile {
  if (eraOfRequest(request) === 'modern') {
    const clientInfo = objectAt(metaOf(request), ENVELOPE.clientInfo)
    // A legacy backend could only ask by requests, which a host of the stateless era does not take.
    return Object.keys(clientInfo).length === 0 ? SILENT_HOST : { ...SILENT_HOST, clientInfo }
  }
  const params = paramsOf(request)
  const clientInfo = objectAt(params, 'clientInfo')
  return {
    era: 'legacy',
    capabilities: objectAt(params, 'capabilities'),
    clientInfo: Object.keys(clientInfo).length === 0 ? UNNAMED : clientInfo,
    legacyVersion: agreedVersion(params['protocolVersion']),
  }
}

/** MCP 2025-11-25, Lifecycle: the version asked for where we know it, else the newest that we know. */
function agreedVersion(asked: unknown): string {
  return LEGACY_VERSIONS.find((version) => version === asked) ?? NEWEST_LEGACY
}
