import { isIP } from 'node:net'
import { z } from 'zod'
import { type AuditConfig, auditSchema } from './audit-config.ts'
import { policySchema, type PolicyTrust } from './policy-config.ts'
import { type ServerConfig, serversSchema } from './server-config.ts'

/** `warren.yaml` as it is written, with what it leaves out filled in. Paths are as written. */
export interface ConfigFile {
  readonly name: string
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly peers: readonly string[]
  readonly discovery: { readonly lan: boolean }
  readonly keys: { readonly passphraseFile?: string | undefined }
  readonly http: { readonly enabled: boolean; readonly port: number; readonly tokenFile: string }
  readonly limits: ConfigLimits
  readonly approvals: ConfigApprovals
  readonly audit: AuditConfig
  readonly capabilities: { readonly issuers: Readonly<Record<string, string>> }
  readonly policies: string
  readonly policy?: PolicyTrust | undefined
  readonly servers: Readonly<Record<string, ServerConfig>>
}

/** The bounds that a site may want to move. */
interface ConfigLimits {
  /** Bytes of one MCP message. */
  readonly messageBytesMax: number
  readonly connectionsMax: number
  /** Calls of all other members to servers of this node, at one time, and those of one member. */
  readonly callsInboundMax: number
  readonly callsInboundPerMemberMax: number
  /** Calls from this node to servers of all other members, at one time, and to those of one member. */
  readonly callsOutboundMax: number
  readonly callsOutboundPerMemberMax: number
}

/** Calls that wait for the approval of a person. */
interface ConfigApprovals {
  readonly waitSeconds: number
  /** Of all callers together, at one time, and of one. */
  readonly waitingMax: number
  readonly waitingPerMemberMax: number
}

/** All interfaces in both IP families. */
export const LISTEN_DEFAULT: readonly string[] = ['/ip4/0.0.0.0/tcp/4001', '/ip6/::/tcp/4001']
const ADDRESSES_MAX = 64
const ADDRESS_LENGTH_MAX = 256
const PATH_LENGTH_MAX = 4_096
const PORT_MAX = 65_535
const KIB = 1_024
const ISSUERS_MAX = 16
/** `self` is this node. */
const ISSUER_LABEL_PATTERN = /^(?!self$)[a-z][a-z0-9-]{0,31}$/
const DID_LENGTH_MAX = 256
const DID_PATTERN = /^did:webvh:Qm[1-9A-HJ-NP-Za-km-z]{44}:warren\.internal$/

/** A host part, a TCP port, and for a peer its id. */
const LISTEN_PATTERN = /^\/ip[46]\/[0-9A-Fa-f:.]+\/tcp\/\d{1,5}$/
const DIAL_PATTERN =
  /^(?:\/ip6zone\/[A-Za-z0-9_.-]{1,15})?\/(?:ip4|ip6|dns|dns4|dns6)\/[A-Za-z0-9:.-]+\/tcp\/\d{1,5}(?:\/p2p\/[1-9A-HJ-NP-Za-km-z]{40,60})?$/

const nodeName = z
  .string()
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]{1,64}$/u, 'must be 1 to 64 characters on one line')

const path = z.string().min(1).max(PATH_LENGTH_MAX)

function addresses(pattern: RegExp, example: string): z.ZodType<readonly string[]> {
  const address = z
    .string()
    .max(ADDRESS_LENGTH_MAX)
    .regex(pattern, `must be a multiaddr such as ${example}`)
    .refine(hasSoundParts, `must be a multiaddr such as ${example}`)
  return z.array(address).max(ADDRESSES_MAX)
}

function hasSoundParts(address: string): boolean {
  const parts = address.split('/').slice(1)
  const [kind, host = ''] = parts[0] === 'ip6zone' ? parts.slice(2) : parts
  const port = Number(parts[parts.indexOf('tcp') + 1])
  if (port > PORT_MAX) return false
  if (kind === 'ip4') return isIP(host) === 4
  return kind === 'ip6' ? isIP(host) === 6 : true
}

function count(max: number): z.ZodNumber {
  return z.int().min(1).max(max)
}

const limits = z.strictObject({
  messageBytesMax: z
    .int()
    .min(64 * KIB)
    .max(64 * KIB * KIB)
    .default(4 * KIB * KIB)
    .describe('Bytes of one MCP message.'),
  connectionsMax: count(10_000).default(300),
  callsInboundMax: count(10_000)
    .default(1_024)
    .describe('Calls of all other members together to servers of this node, at one time.'),
  callsInboundPerMemberMax: count(10_000)
    .default(256)
    .describe('Calls of one member to servers of this node, at one time.'),
  callsOutboundMax: count(10_000)
    .default(1_024)
    .describe('Calls from this node to servers of all other members together, at one time.'),
  callsOutboundPerMemberMax: count(10_000)
    .default(256)
    .describe('Calls from this node to servers of one member, at one time.'),
})

const approvals = z.strictObject({
  waitSeconds: count(3_600)
    .default(300)
    .describe('How long a call waits for a person before it is refused.'),
  waitingMax: count(256)
    .default(64)
    .describe('Calls of all members together that wait for a person, at one time.'),
  waitingPerMemberMax: count(256)
    .default(8)
    .describe('Calls of one member that wait for a person, at one time.'),
})

/** Addresses on which a node may listen. */
export const listenAddresses: z.ZodType<readonly string[]> = addresses(
  LISTEN_PATTERN,
  LISTEN_DEFAULT[0] ?? '',
)

/** What may stand in `warren.yaml`. Unknown keys are refused: a misspelt rule must not be a silent one. */
export const configSchema: z.ZodType<ConfigFile> = z.strictObject({
  name: nodeName.describe('What people call this node.'),
  listen: listenAddresses
    .default([...LISTEN_DEFAULT])
    .describe('Where other nodes reach this one.'),
  announce: addresses(DIAL_PATTERN, '/ip4/10.0.0.7/tcp/4001')
    .default([])
    .describe('Addresses told to others instead of the ones it listens on.'),
  peers: addresses(DIAL_PATTERN, '/ip4/10.0.0.7/tcp/4001')
    .default([])
    .describe('Nodes to connect to, wherever they are.'),
  discovery: z
    .strictObject({
      lan: z.boolean().default(true).describe('Find nodes of the mesh on the same link.'),
    })
    .prefault({}),
  keys: z
    .strictObject({
      passphraseFile: path
        .optional()
        .describe('File (mode 0600) that holds the passphrase of the key files.'),
    })
    .prefault({}),
  http: z
    .strictObject({
      enabled: z.boolean().default(false).describe('Serve AI hosts over HTTP on loopback.'),
      port: z.int().min(0).max(PORT_MAX).default(7_420),
      tokenFile: path
        .default('http-token')
        .describe('File that holds the bearer token; made when it is missing.'),
    })
    .prefault({}),
  limits: limits.prefault({}),
  approvals: approvals.prefault({}),
  audit: auditSchema.prefault({}),
  capabilities: z
    .strictObject({
      issuers: z
        .record(
          z.string().regex(ISSUER_LABEL_PATTERN, 'must be a name such as "ops", and not "self"'),
          z.string().max(DID_LENGTH_MAX).regex(DID_PATTERN, 'must be the DID of a member'),
        )
        .refine((issuers) => Object.keys(issuers).length <= ISSUERS_MAX, `at most ${ISSUERS_MAX}`)
        .default({})
        .describe('Who may issue capabilities for servers of this node beside it, by name.'),
    })
    .prefault({}),
  policies: path.default('policies').describe('Directory of the *.cedar files.'),
  policy: policySchema,
  servers: serversSchema
    .default({})
    .describe('MCP servers that this node offers, by name. A rule in policies/ opens them.'),
})

/** The schema for editors and other programs: JSON Schema 2020-12. */
export function configJsonSchema(): object {
  return {
    title: 'warren.yaml, the configuration of a Warren node',
    ...z.toJSONSchema(configSchema, { target: 'draft-2020-12', io: 'input' }),
  }
}
