import type { JsonObject } from '@warren/core'
import {
  type CapabilityChain,
  type CapabilityKnowledge,
  type CapabilityWish,
  chainOf,
  issueCapability,
} from '@warren/capability'
import { type CryptoSuite, nodeSuite } from '@warren/crypto'
import { createIdentity, type Identity, type KeyHolder, type VerifiedLog } from '@warren/identity'
import { expect } from 'vitest'

export const suite: CryptoSuite = nodeSuite
export const NOW_MS: number = Date.UTC(2026, 10, 28, 12)
export const HOUR_MS = 3_600_000
export const DAY_MS: number = 24 * HOUR_MS

const BORN_MS = NOW_MS - DAY_MS

export function member(): Identity {
  return createIdentity({ suite, nowMs: BORN_MS })
}

export const owner: Identity = member()
/** Members to whom a capability goes one after the other. */
export const people: readonly Identity[] = Array.from({ length: 6 }, member)
export const stranger: Identity = member()

export function person(at: number): Identity {
  const found = people[at]
  if (found === undefined) throw new Error('nobody is left')
  return found
}

/** What signs credentials for an identity. */
export function asserting({ log, assertionSigner, mlDsaSigner }: Identity): KeyHolder {
  return { log, signers: [assertionSigner, mlDsaSigner] }
}

/** What signs presentations for an identity. */
export function authenticating({ log, nodeSigner, mlDsaSigner }: Identity): KeyHolder {
  return { log, signers: [nodeSigner, mlDsaSigner] }
}

export const SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    region: { type: 'string', enum: ['north', 'south'] },
    limit: { type: 'integer', minimum: 1, maximum: 50 },
  },
  required: ['region'],
  additionalProperties: false,
}
export const ANYTHING: JsonObject = { type: 'object', additionalProperties: true }

let count = 0

export function uuid(): string {
  count += 1
  return `urn:uuid:00000000-0000-4000-8000-${String(count).padStart(12, '0')}`
}

export function wish(holder: Identity, changes: Partial<CapabilityWish> = {}): CapabilityWish {
  return {
    id: uuid(),
    holder: holder.did,
    node: owner.did,
    server: 'orders',
    tools: ['search', 'count'],
    schema: SCHEMA,
    delegable: 4,
    validFromMs: NOW_MS - HOUR_MS,
    validUntilMs: NOW_MS + DAY_MS,
    ...changes,
  }
}

export function issue(
  issuer: Identity,
  said: CapabilityWish,
  parent?: CapabilityChain,
): CapabilityChain {
  return issueCapability({ suite, issuer: asserting(issuer), nowMs: NOW_MS, wish: said, parent })
}

/** A chain of so many links from the owner on, each passed on as far as it may be. */
export function chainOfLength(
  length: number,
  changes: (at: number) => Partial<CapabilityWish> = () => ({}),
): CapabilityChain {
  let chain: CapabilityChain | undefined
  for (let at = 0; at < length; at += 1) {
    const issuer = at === 0 ? owner : person(at - 1)
    chain = issue(issuer, wish(person(at), { delegable: 4 - at, ...changes(at) }), chain)
  }
  if (chain === undefined) throw new Error('a chain has a link')
  return chain
}

/** The same links in another list. */
export function links(...documents: readonly (JsonObject | undefined)[]): CapabilityChain {
  return chainOf(
    suite,
    documents.filter((document) => document !== undefined),
  )
}

export function logOf(did: string): VerifiedLog | undefined {
  return [owner, ...people].find((each) => each.did === did)?.log
}

export function knowledge(changes: Partial<CapabilityKnowledge> = {}): CapabilityKnowledge {
  return {
    suite,
    self: owner.did,
    labelOf: (did) => (did === owner.did ? 'self' : undefined),
    logOf,
    isRevoked: () => false,
    nowMs: NOW_MS,
    ...changes,
  }
}

export function refusal(code: string): unknown {
  return expect.objectContaining({ name: 'CapabilityError', code })
}

export const CALL = {
  server: 'orders',
  tool: 'search',
  arguments: { region: 'north', limit: 10 },
}
