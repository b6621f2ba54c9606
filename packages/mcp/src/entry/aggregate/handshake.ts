import type { JsonObject } from '@warren/core'
import { objectAt } from '../../json-rpc.ts'
import { McpError } from '../../mcp-error.ts'
import { ENVELOPE, type Era, MODERN_VERSION } from '../era.ts'
import type { BackendLink } from './backend-link.ts'
import type { HostProfile } from './host-profile.ts'

/** What a backend has said about itself. */
export interface BackendFacts {
  readonly era: Era
  readonly capabilities: JsonObject
}

/**
 * Finds out which of the eras a backend speaks, and opens the conversation in the first that it does.
 *
 * @throws McpError `server-answer-unacceptable` when it speaks neither; what ends the session
 */
export async function shakeHands(
  link: BackendLink,
  { profile, eras }: { readonly profile: HostProfile; readonly eras: readonly Era[] },
  signal: AbortSignal,
): Promise<BackendFacts> {
  for (const era of eras) {
    const facts = await GREETINGS[era](link, profile, signal)
    if (facts !== undefined) return facts
  }
  throw new McpError('server-answer-unacceptable', 'the server speaks no version of MCP known here')
}

/** The envelope under which a host's own words reach a backend of the stateless era. */
export function envelopeOf({ capabilities, clientInfo, logLevel }: HostProfile): JsonObject {
  return {
    ...(logLevel === undefined ? {} : { [ENVELOPE.logLevel]: logLevel }),
    [ENVELOPE.protocolVersion]: MODERN_VERSION,
    [ENVELOPE.clientCapabilities]: capabilities,
    [ENVELOPE.clientInfo]: clientInfo,
  }
}

async function discover(
  link: BackendLink,
  profile: HostProfile,
  signal: AbortSignal,
): Promise<BackendFacts | undefined> {
  const params = { _meta: envelopeOf(profile) }
  const response = await link.ask({ method: 'server/discover', params, signal })
  const { supportedVersions, capabilities } = objectAt(response, 'result')
  if (!isList(supportedVersions) || !supportedVersions.includes(MODERN_VERSION)) return undefined
  return {
    era: 'modern',
    capabilities: objectAt({ capabilities: capabilities ?? {} }, 'capabilities'),
  }
}

const GREETINGS: Readonly<Record<Era, typeof discover>> = { modern: discover, legacy: initialize }

async function initialize(
  link: BackendLink,
  { legacyVersion, capabilities, clientInfo }: HostProfile,
  signal: AbortSignal,
): Promise<BackendFacts | undefined> {
  const params = { protocolVersion: legacyVersion, capabilities, clientInfo }
  const response = await link.ask({ method: 'initialize', params, signal })
  const result = objectAt(response, 'result')
  if (typeof result['protocolVersion'] !== 'string') return undefined
  await link.tell({ jsonrpc: '2.0', method: 'notifications/initialized' })
  return { era: 'legacy', capabilities: objectAt(result, 'capabilities') }
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}
