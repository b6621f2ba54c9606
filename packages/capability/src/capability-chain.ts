import {
  canonicalJson,
  isJsonObject,
  JsonError,
  type JsonObject,
  type JsonValue,
  parseCanonicalJson,
} from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { contentId } from '@warren/identity'
import { type Capability, LINK_LENGTH_MAX, parseCapability } from './capability.ts'
import { CapabilityError } from './capability-error.ts'

/** A capability with all before it, the first first: what it lets its last holder do is what every link allows. */
export interface CapabilityChain {
  readonly documents: readonly JsonObject[]
  readonly links: readonly Capability[]
  readonly first: Capability
  readonly last: Capability
}

/** Links of one chain. */
export const LINKS_MAX = 5
/** Characters of the text of a chain. */
export const CHAIN_LENGTH_MAX: number = LINKS_MAX * (LINK_LENGTH_MAX + 1) + 2
const LIMITS = { lengthMax: CHAIN_LENGTH_MAX, depthMax: 24, keysMax: 8_192 }

/**
 * Reads the text of a chain, a JSON list in canonical form, and checks how its links fit together. No signature is checked.
 *
 * @throws CapabilityError as `chainOf`
 */
export function decodeChain(suite: CryptoSuite, text: string): CapabilityChain {
  if (text.length > CHAIN_LENGTH_MAX) {
    throw new CapabilityError(
      'capability-too-large',
      `a chain has at most ${CHAIN_LENGTH_MAX} characters`,
    )
  }
  return chainOf(suite, parsed(text))
}

/** The text of a chain, as it lies in files. */
export function encodeChain({ documents }: Pick<CapabilityChain, 'documents'>): string {
  return canonicalJson(documents)
}

/**
 * Reads a list of links and checks that each is issued by the holder of the one before, names it, and is no wider.
 *
 * @throws CapabilityError `capability-chain-length`, `capability-malformed`, `capability-too-large`,
 * `capability-schema`, `capability-broken-chain`, `capability-cycle`, `capability-widened`, `capability-too-deep`
 */
export function chainOf(suite: CryptoSuite, value: JsonValue | undefined): CapabilityChain {
  if (!isList(value) || value.length === 0 || value.length > LINKS_MAX) {
    throw new CapabilityError('capability-chain-length', `a chain has 1 to ${LINKS_MAX} links`)
  }
  const documents = value.filter((document) => isJsonObject(document))
  const links = documents.map((document) => parseCapability(document))
  const [first] = links
  const last = links.at(-1)
  if (first === undefined || last === undefined || links.length < value.length) {
    throw new CapabilityError('capability-malformed', 'a link of a chain is an object')
  }
  if (first.parent !== undefined) {
    throw broken('the first link has one before it that is not shown')
  }
  checkUnique(links)
  for (const [at, link] of links.entries()) {
    const before = links[at - 1]
    const document = documents[at - 1]
    if (before !== undefined && document !== undefined) {
      checkStep(before, link, contentId(suite, document))
    }
  }
  return { documents, links, first, last }
}

/** Nobody stands in a chain twice: it would be longer, and give nothing. */
function checkUnique(links: readonly Capability[]): void {
  const people = [
    ...links.slice(0, 1).map(({ issuer }) => issuer),
    ...links.map((link) => link.holder),
  ]
  const ids = links.map(({ id }) => id)
  if (new Set(people).size < people.length || new Set(ids).size < ids.length) {
    throw new CapabilityError('capability-cycle', 'somebody, or an id, stands in the chain twice')
  }
}

function checkStep(before: Capability, link: Capability, parent: string): void {
  if (link.issuer !== before.holder || link.parent !== parent) {
    throw broken('a link is not issued by the holder of the one before, or names another one')
  }
  if (link.node !== before.node || link.server !== before.server) {
    throw widened('another node or server')
  }
  if (!link.tools.every((tool) => before.tools.includes(tool))) throw widened('another tool')
  if (link.validFromMs < before.validFromMs || link.validUntilMs > before.validUntilMs) {
    throw widened('a longer time')
  }
  if (link.delegable >= before.delegable) {
    throw new CapabilityError('capability-too-deep', 'a link may not be passed on that far')
  }
}

function parsed(text: string): JsonValue {
  try {
    return parseCanonicalJson(text, LIMITS)
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    throw new CapabilityError('capability-malformed', `it is no chain: ${cause.message}`, { cause })
  }
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function broken(rule: string): CapabilityError {
  return new CapabilityError('capability-broken-chain', `the chain does not hold: ${rule}`)
}

function widened(what: string): CapabilityError {
  return new CapabilityError(
    'capability-widened',
    `a link allows more than the one before: ${what}`,
  )
}
