import {
  canonicalJson,
  isJsonObject,
  JsonError,
  type JsonObject,
  parseCanonicalJson,
} from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import {
  addProofs,
  type Did,
  IdentityError,
  isDid,
  type KeyHolder,
  proofSigners,
  requiredProofs,
  type VerifiedLog,
  verifyProofs,
} from '@warren/identity'
import { CHAIN_LENGTH_MAX, type CapabilityChain, chainOf } from './capability-chain.ts'
import { CapabilityError } from './capability-error.ts'

/** Characters of a presentation. */
export const PRESENTATION_LENGTH_MAX: number = CHAIN_LENGTH_MAX + 16_384
const LIMITS = { lengthMax: PRESENTATION_LENGTH_MAX, depthMax: 24, keysMax: 8_192 }
const CONTEXT = ['https://www.w3.org/ns/credentials/v2']
const TYPE = ['VerifiablePresentation']
const MEMBERS = '@context,holder,proof,type,verifiableCredential'

/** What a presentation is made for: it is worth nothing elsewhere. */
export interface PresentationTerms {
  /** Names the channel session on which it is shown, in hex: both sides know it, and no other session has it. */
  readonly challenge: string
  /** The node to which it is shown. */
  readonly domain: Did
}

/**
 * Shows a chain as its holder: a W3C Verifiable Presentation 2.0, signed with every authentication key.
 *
 * @throws IdentityError `seeds-mismatch`
 */
export function createPresentation(
  chain: CapabilityChain,
  terms: PresentationTerms,
  by: { readonly suite: CryptoSuite; readonly holder: KeyHolder; readonly nowMs: number },
): string {
  const { suite, holder, nowMs } = by
  const document = {
    '@context': CONTEXT,
    type: TYPE,
    holder: holder.log.did,
    verifiableCredential: chain.documents,
  }
  const signers = proofSigners(holder, 'authentication')
  return canonicalJson(addProofs({ suite, document, signers, createdMs: nowMs, ...terms }))
}

/** A presentation that was read; nothing of it is verified. */
export interface Presentation {
  readonly document: JsonObject
  readonly holder: Did
  readonly chain: CapabilityChain
}

/**
 * Reads the text of a presentation in canonical form.
 *
 * @throws CapabilityError `presentation-malformed`, and as `chainOf`
 */
export function decodePresentation(suite: CryptoSuite, text: string): Presentation {
  if (text.length > PRESENTATION_LENGTH_MAX) {
    throw malformed(`it has at most ${PRESENTATION_LENGTH_MAX} characters`)
  }
  const document = parsed(text)
  const { '@context': context, type, holder, verifiableCredential } = document
  const isSound =
    Object.keys(document).toSorted().join() === MEMBERS &&
    canonicalJson([context ?? null, type ?? null]) === canonicalJson([CONTEXT, TYPE])
  if (!isSound || typeof holder !== 'string' || !isDid(holder)) {
    throw malformed(`it has ${MEMBERS} alone, each of its form`)
  }
  return { document, holder, chain: chainOf(suite, verifiableCredential) }
}

/**
 * Checks that whoever is at the other end of this session shows a chain of which it is the last holder.
 *
 * The chain itself is verified by `verifyChain`.
 *
 * @throws CapabilityError `presentation-foreign`, `presentation-unproved`
 */
export function verifyPresentation(
  { document, holder, chain }: Presentation,
  terms: PresentationTerms,
  { suite, peer }: { readonly suite: CryptoSuite; readonly peer: VerifiedLog },
): void {
  if (holder !== peer.did || chain.last.holder !== peer.did) {
    throw new CapabilityError('presentation-foreign', 'it was issued to somebody else')
  }
  const required = requiredProofs(peer.document, 'authentication')
  const { challenge, domain } = terms
  try {
    verifyProofs({ suite, document, required, purpose: 'authentication', challenge, domain })
  } catch (cause) {
    if (!(cause instanceof IdentityError)) throw cause
    throw new CapabilityError('presentation-unproved', cause.message, { cause })
  }
}

function parsed(text: string): JsonObject {
  try {
    const value = parseCanonicalJson(text, LIMITS)
    if (isJsonObject(value)) return value
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    throw new CapabilityError('presentation-malformed', `it is none: ${cause.message}`, { cause })
  }
  throw malformed('it is an object')
}

function malformed(rule: string): CapabilityError {
  return new CapabilityError('presentation-malformed', `the presentation is malformed: ${rule}`)
}
