import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import { type Credential, type Did, IdentityError, isDid, parseCredential } from '@warren/identity'
import { type ArgumentSchema, parseArgumentSchema } from './argument-schema.ts'
import { CapabilityError } from './capability-error.ts'

/** One link of a chain: its issuer lets its holder call some tools of one server of one node, with some arguments, for some time. */
export interface Capability {
  /** `urn:uuid:…`. */
  readonly id: string
  readonly issuer: Did
  readonly holder: Did
  /** The node that owns the server. */
  readonly node: Did
  readonly server: string
  readonly tools: readonly string[]
  readonly schema: ArgumentSchema
  /** How many links may follow. */
  readonly delegable: number
  /** Content id of the link before; absent in the first. */
  readonly parent?: string
  readonly validFromMs: number
  readonly validUntilMs: number
}

/** The type of the credential, beside `VerifiableCredential`. */
export const CAPABILITY_TYPE = 'WarrenCapability'
export const CAPABILITY_CONTEXT = 'https://warren.internal/ns/capability/v1'
/** Characters of one link with its proofs; the two signatures are 3.4 kB of it. */
export const LINK_LENGTH_MAX = 16_384
/** It bounds what a capability can do where its revocation does not arrive. */
export const LIFETIME_MS_MAX: number = 7 * 86_400_000
/** Links that may follow the first. */
export const DELEGABLE_MAX = 4

const TOOLS_MAX = 32
const TOOL_LENGTH_MAX = 256
/** Ids of capabilities and of their revocations. */
export const CAPABILITY_ID_PATTERN: RegExp =
  /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const SERVER_PATTERN = /^[a-z][a-z0-9-]{0,31}$/
const CONTENT_ID_PATTERN = /^zQm[1-9A-HJ-NP-Za-km-z]{44}$/
const MEMBERS: ReadonlySet<string> = new Set([
  'node',
  'server',
  'tools',
  'arguments',
  'delegable',
  'parent',
])

/**
 * Reads what a link says, strictly: no member beside those that are known, since it could narrow. No signature is checked.
 *
 * @throws CapabilityError `capability-too-large`, `capability-malformed`, `capability-schema`
 */
export function parseCapability(document: JsonObject): Capability {
  if (canonicalJson(document).length > LINK_LENGTH_MAX) {
    throw new CapabilityError(
      'capability-too-large',
      `a capability has at most ${LINK_LENGTH_MAX} characters`,
    )
  }
  const credential = parsedCredential(document)
  const { id, issuer, types, subject, validFromMs, validUntilMs } = credential
  const context = document['@context']
  if (types.join() !== CAPABILITY_TYPE || !isContext(context) || !CAPABILITY_ID_PATTERN.test(id)) {
    throw malformed(`it is a "${CAPABILITY_TYPE}" with an id "urn:uuid:…"`)
  }
  if (validUntilMs - validFromMs > LIFETIME_MS_MAX) {
    throw malformed('it is valid for at most 7 days')
  }
  const { id: holder, capability, ...others } = subject
  if (Object.keys(others).length > 0 || !isJsonObject(capability)) {
    throw malformed('its subject has "id" and "capability" alone')
  }
  if (typeof holder !== 'string' || !isDid(holder)) throw malformed('its holder is a DID')
  return { id, issuer, holder, ...granted(capability), validFromMs, validUntilMs }
}

function granted(
  said: JsonObject,
): Pick<Capability, 'node' | 'server' | 'tools' | 'schema' | 'delegable' | 'parent'> {
  const { node, server, tools, arguments: args, delegable, parent } = said
  if (!Object.keys(said).every((name) => MEMBERS.has(name))) {
    throw malformed(`a capability has ${[...MEMBERS].join(', ')} alone`)
  }
  if (typeof node !== 'string' || !isDid(node)) throw malformed('its node is a DID')
  if (typeof server !== 'string' || !SERVER_PATTERN.test(server)) {
    throw malformed('its server is the name of one')
  }
  if (!isToolList(tools)) throw malformed(`it names 1 to ${TOOLS_MAX} different tools`)
  if (!isDelegable(delegable)) throw malformed(`"delegable" is 0 to ${DELEGABLE_MAX}`)
  if (parent !== undefined && !isContentId(parent)) throw malformed('"parent" is a content id')
  const schema = parseArgumentSchema(args)
  return { node, server, tools, schema, delegable, ...(parent === undefined ? {} : { parent }) }
}

function parsedCredential(document: JsonObject): Credential {
  try {
    return parseCredential(document)
  } catch (cause) {
    if (!(cause instanceof IdentityError)) throw cause
    throw new CapabilityError('capability-malformed', cause.message, { cause })
  }
}

/** Whether a `@context` is that of capabilities and their revocations, and no more; its first part is checked elsewhere. */
export function isContext(value: JsonValue | undefined): boolean {
  return Array.isArray(value) && value.length === 2 && value[1] === CAPABILITY_CONTEXT
}

function isToolList(value: JsonValue | undefined): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= TOOLS_MAX &&
    new Set(value).size === value.length &&
    value.every((tool) => typeof tool === 'string' && tool !== '' && tool.length <= TOOL_LENGTH_MAX)
  )
}

function isDelegable(value: JsonValue | undefined): value is number {
  return (
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= DELEGABLE_MAX
  )
}

function isContentId(value: JsonValue): value is string {
  return typeof value === 'string' && CONTENT_ID_PATTERN.test(value)
}

function malformed(rule: string): CapabilityError {
  return new CapabilityError('capability-malformed', `the capability is malformed: ${rule}`)
}
