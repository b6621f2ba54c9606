import type { JsonObject } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { contentId, type Did, issueCredential, type KeyHolder } from '@warren/identity'
import { CAPABILITY_CONTEXT, CAPABILITY_TYPE } from './capability.ts'
import { type CapabilityChain, chainOf } from './capability-chain.ts'

/** What a link is to say. */
export interface CapabilityWish {
  /** `urn:uuid:…`, as no other credential has it. */
  readonly id: string
  readonly holder: Did
  readonly node: Did
  readonly server: string
  readonly tools: readonly string[]
  /** A schema as `parseArgumentSchema` reads it. */
  readonly schema: JsonObject
  readonly delegable: number
  /** Milliseconds since 1970, whole seconds. */
  readonly validFromMs: number
  readonly validUntilMs: number
}

export interface IssueCapabilityInput {
  readonly suite: CryptoSuite
  /** With all of its assertion keys. */
  readonly issuer: KeyHolder
  readonly nowMs: number
  readonly wish: CapabilityWish
  /** What is passed on; absent for a first link. */
  readonly parent?: CapabilityChain | undefined
}

/**
 * Issues a link and returns the chain that ends with it: a W3C Verifiable Credential 2.0, signed with every assertion key.
 *
 * @throws CapabilityError what `chainOf` throws, so that nothing is handed out that would be refused; IdentityError
 */
export function issueCapability(input: IssueCapabilityInput): CapabilityChain {
  const { suite, issuer, nowMs, wish, parent } = input
  const { id, validFromMs, validUntilMs, holder, node, server, tools, schema, delegable } = wish
  const before = parent?.documents.at(-1)
  const capability = {
    node,
    server,
    tools,
    delegable,
    arguments: schema,
    ...(before === undefined ? {} : { parent: contentId(suite, before) }),
  }
  const claim = {
    id,
    validFromMs,
    validUntilMs,
    type: CAPABILITY_TYPE,
    context: CAPABILITY_CONTEXT,
    subject: { id: holder, capability },
  }
  const document = issueCredential({ suite, issuer, nowMs, claim })
  return chainOf(suite, [...(parent?.documents ?? []), document])
}
