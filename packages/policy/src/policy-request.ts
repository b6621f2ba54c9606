import type { JsonObject } from '@warren/core'

export type PolicyAction = 'call' | 'read' | 'list'

/** Who asks, as the mesh proved it: never what a message claims. */
export interface PolicyCaller {
  readonly did: string
  readonly roles: readonly string[]
  readonly enclave: string
}

/**
 * What the node counted of the calls of this caller: whole numbers, none negative, and truth values, by the names that
 * `SESSION_COUNTS` has and that are declared.
 */
export type SessionFacts = Readonly<Record<string, number | boolean>>

/** What the node knows of a tool as it stands now. */
export interface ToolState {
  /** The tool is the one that was approved. */
  readonly pinned: boolean
  /** How the process of its server is confined. */
  readonly confinement: string
}

/** One question to the policy. */
export interface PolicyRequest {
  readonly caller: PolicyCaller
  readonly action: PolicyAction
  /** Name of the server in the configuration: `[a-z][a-z0-9-]{0,31}`. */
  readonly server: string
  /** With `call` alone: the tool's name exactly as the server spells it. Absent: the server as a whole. */
  readonly tool?: string | undefined
  /** Wall-clock time in milliseconds since 1970, for policies about hours and dates. */
  readonly atMs: number
  /** With a tool alone: the arguments as the message has them; absent when it has none. */
  readonly input?: JsonObject | undefined
  /** With a tool alone: what its arguments mean, by the address under which each is declared. */
  readonly facts?: Readonly<Record<string, object>> | undefined
  /** With `call` alone, where the node supplies it. */
  readonly toolState?: ToolState | undefined
  /** Where the node supplies it. */
  readonly session?: SessionFacts | undefined
  /** Types of the credentials of the caller that the node verified, where it supplies them. */
  readonly credentials?: readonly string[] | undefined
}

const ACTIONS: ReadonlySet<string> = new Set<PolicyAction>(['call', 'read', 'list'])
const SERVER_PATTERN = /^[a-z][a-z0-9-]{0,31}$/
const DID_LENGTH_MAX = 256
const ENCLAVE_LENGTH_MAX = 64
const ROLES_MAX = 64
const ROLE_LENGTH_MAX = 64
/** MCP recommends 128; a server may be odd, but not without a bound. */
const TOOL_LENGTH_MAX = 16_384
/** The year 9999. */
const AT_MS_MAX = 253_402_300_799_999

/** The rule that a request breaks, or undefined when the engine may see it. */
export function flawOf(request: PolicyRequest): string | undefined {
  return flawOfCaller(request.caller) ?? flawOfResource(request) ?? flawOfTime(request.atMs)
}

function flawOfCaller({ did, roles, enclave }: PolicyCaller): string | undefined {
  if (!isText(did, DID_LENGTH_MAX) || did === '') return "the caller's DID is malformed"
  if (!isText(enclave, ENCLAVE_LENGTH_MAX)) return "the caller's enclave is malformed"
  if (!Array.isArray(roles) || roles.length > ROLES_MAX) {
    return `the caller has more than ${ROLES_MAX} roles`
  }
  if (!roles.every((role) => isText(role, ROLE_LENGTH_MAX))) return 'a role is malformed'
  return undefined
}

function flawOfResource({ action, server, tool }: PolicyRequest): string | undefined {
  if (!ACTIONS.has(action)) return 'the action is none of call, read and list'
  if (typeof server !== 'string' || !SERVER_PATTERN.test(server)) {
    return 'the name of the server is malformed'
  }
  if (tool === undefined) return undefined
  if (action !== 'call') return `"${action}" is asked of a server, never of a tool`
  if (!isText(tool, TOOL_LENGTH_MAX)) {
    return `the name of a tool is well-formed text of at most ${TOOL_LENGTH_MAX} characters`
  }
  return undefined
}

function flawOfTime(atMs: number): string | undefined {
  return Number.isSafeInteger(atMs) && atMs >= 0 && atMs <= AT_MS_MAX
    ? undefined
    : 'the time of the request is out of range'
}

/** Values come from typed code, but a decision must hold even when a guard elsewhere was forgotten. */
function isText(value: unknown, lengthMax: number): boolean {
  return typeof value === 'string' && value.length <= lengthMax && value.isWellFormed()
}
