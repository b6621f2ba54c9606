import {
  type Capability,
  type CapabilityChain,
  CapabilityError,
  decodeChain,
  encodeChain,
  issueCapability,
  parseArgumentSchema,
} from '@warren/capability'
import type { JsonObject } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { type Did, type KeyHolder, parseDid } from '@warren/identity'
import { readSharedFile, writeSharedFile } from '@warren/storage'
import { systemClock } from '../system-clock.ts'
import { CapabilityFiles, CHAIN_BYTES_MAX } from './capability-files.ts'
import { type CapabilityView, viewChain } from './capability-words.ts'
import { ownKeyLog, withAssertionKeys } from './offline-node.ts'

/** What a new link is to say; what is left out stays as in the link before. */
export interface CapabilityGrant {
  readonly to: string
  /** The owner of the server; this node where it is absent and nothing comes before. */
  readonly node?: string | undefined
  readonly server?: string | undefined
  readonly tools?: readonly string[] | undefined
  readonly schema?: JsonObject | undefined
  readonly forMs: number
  readonly delegable: number
}

/** A link that is ready to be signed. */
export interface PreparedGrant {
  /** What will stand in it, with what comes before it. */
  readonly view: CapabilityView
  /** Signs it, keeps a copy in the data directory and writes it to a new file. */
  sign(passphrase: Uint8Array, file: string): Promise<CapabilityView>
}

const ANY_ARGUMENTS: JsonObject = { type: 'object', additionalProperties: true }
const SECOND_MS = 1_000

/**
 * Reads a chain from a file.
 *
 * @throws CapabilityError, StorageError
 */
export async function readChainFile(file: string): Promise<CapabilityChain> {
  return decodeChain(suite, (await readSharedFile(file, CHAIN_BYTES_MAX)).trimEnd())
}

/**
 * Prepares a first link, or one that follows those of a file, of the node of a data directory.
 *
 * @throws CapabilityError; NodeError `not-initialised`; StorageError, IdentityError
 */
export async function prepareGrant(
  directory: string,
  grant: CapabilityGrant,
  parentFile?: string,
): Promise<PreparedGrant> {
  const issuer = ownKeyLog(directory).did
  const parent = parentFile === undefined ? undefined : await readChainFile(parentFile)
  if (parent !== undefined && parent.last.holder !== issuer) {
    throw new CapabilityError(
      'capability-broken-chain',
      'this node is not the last holder of that capability, and cannot pass it on',
    )
  }
  const wish = wishOf(grant, issuer, parent)
  const { schema } = wish
  const next = { ...wish, issuer, schema: parseArgumentSchema(schema) }
  const links = [...(parent?.links ?? []), next]
  const view = viewChain({ links, first: links[0] ?? next, last: next })
  const sign = async (passphrase: Uint8Array, file: string): Promise<CapabilityView> => {
    const chain = await withAssertionKeys(directory, passphrase, (by: KeyHolder) =>
      issueCapability({ suite, issuer: by, nowMs: systemClock.wallMs(), wish, parent }),
    )
    await new CapabilityFiles(directory).keep('issued', chain)
    await writeSharedFile({ path: file, text: `${encodeChain(chain)}\n`, replace: false })
    return viewChain(chain)
  }
  return { view, sign }
}

type Wish = Parameters<typeof issueCapability>[0]['wish']

function wishOf(grant: CapabilityGrant, issuer: Did, parent: CapabilityChain | undefined): Wish {
  const { to, schema = ANY_ARGUMENTS, forMs, delegable } = grant
  const before = parent?.last
  const nowMs = Math.floor(systemClock.wallMs() / SECOND_MS) * SECOND_MS
  return {
    id: `urn:uuid:${crypto.randomUUID()}`,
    holder: parseDid(to),
    ...placeOf(grant, issuer, before),
    schema,
    delegable,
    validFromMs: Math.max(nowMs, before?.validFromMs ?? 0),
    validUntilMs: Math.min(nowMs + forMs, before?.validUntilMs ?? Infinity),
  }
}

function placeOf(
  { node, server = '', tools = [] }: CapabilityGrant,
  issuer: Did,
  before: Capability | undefined,
): Pick<Wish, 'node' | 'server' | 'tools'> {
  if (before === undefined) {
    return { node: node === undefined ? issuer : parseDid(node), server, tools }
  }
  return {
    node: before.node,
    server: before.server,
    tools: tools.length > 0 ? tools : before.tools,
  }
}
