import type { JsonObject } from '@warren/core'
import { type Did, isDid } from './did.ts'
import { IdentityError } from './identity-error.ts'
import { isObjectList, isTextList, isUnique } from './json-shape.ts'
import { decodeMultikey, type PublicKey } from './multikey.ts'

/**
 * What a DID says of itself: the state of the newest entry of its log (W3C Controlled Identifiers 1.0).
 *
 * Members that are not named here are kept and give no right.
 */
export type DidDocument = JsonObject & {
  readonly id: Did
  /** The DID that answers for this one: the node of a tool or agent. */
  readonly controller?: Did
  readonly alsoKnownAs?: readonly string[]
  readonly verificationMethod: readonly VerificationMethod[]
  /** Absolute ids of verification methods, as everywhere below. */
  readonly authentication?: readonly string[]
  readonly assertionMethod: readonly string[]
}

/** A key of a document. */
export type VerificationMethod = JsonObject & {
  /** `<DID>#<fragment>`. */
  readonly id: string
  readonly type: 'Multikey'
  readonly controller: Did
  readonly publicKeyMultibase: string
}

/** What a key of a document may be used for. */
export type KeyUse = 'authentication' | 'assertionMethod'

/** A public key and its absolute id. */
export interface NamedKey extends PublicKey {
  readonly id: string
}

const METHODS_MAX = 16
const ALIASES_MAX = 16
const FRAGMENT_PATTERN = /^#[A-Za-z0-9_-]{1,64}$/

/**
 * Reads a DID document: known members of the right shape, every key in use one that can be checked here.
 *
 * @throws IdentityError `document-malformed`, and what `parseDid` and `decodeMultikey` throw
 */
export function parseDidDocument(value: JsonObject): DidDocument {
  if (!isDidDocument(value)) throw malformed('the document has not the shape of a DID document')
  const ids = value.verificationMethod.map(({ id }) => id)
  if (!isUnique(ids)) throw malformed('two keys of the document have one id')
  checkUse(value, 'authentication')
  checkUse(value, 'assertionMethod')
  return value
}

/**
 * The keys of a document that have a use, each with its absolute id.
 *
 * @throws IdentityError `document-malformed` and those of `decodeMultikey`, never for a parsed document
 */
export function keysFor(document: DidDocument, use: KeyUse): readonly NamedKey[] {
  return (document[use] ?? []).map((id) => {
    const method = document.verificationMethod.find((candidate) => candidate.id === id)
    if (method === undefined) throw malformed('the document uses a key that it does not hold')
    const { type, bytes } = decodeMultikey(method.publicKeyMultibase)
    return { id, type, bytes }
  })
}

function checkUse(document: DidDocument, use: KeyUse): void {
  if (!isUnique(document[use] ?? [])) throw malformed('the document lists a key twice for one use')
  // A key that nobody here can check would leave a required proof unchecked.
  keysFor(document, use)
}

function isDidDocument(value: JsonObject): value is DidDocument {
  const { id, verificationMethod, assertionMethod } = value
  return (
    typeof id === 'string' &&
    isDid(id) &&
    hasOptionalMembers(value) &&
    isObjectList(verificationMethod, METHODS_MAX) &&
    verificationMethod.every((method) => isVerificationMethod(method, id)) &&
    isTextList(assertionMethod, METHODS_MAX) &&
    assertionMethod.length > 0
  )
}

function hasOptionalMembers({ controller, alsoKnownAs, authentication }: JsonObject): boolean {
  return (
    (controller === undefined || (typeof controller === 'string' && isDid(controller))) &&
    (alsoKnownAs === undefined || isTextList(alsoKnownAs, ALIASES_MAX)) &&
    (authentication === undefined || isTextList(authentication, METHODS_MAX))
  )
}

function isVerificationMethod(value: JsonObject, did: Did): value is VerificationMethod {
  const { id, type, controller, publicKeyMultibase } = value
  return (
    typeof id === 'string' &&
    id.startsWith(did) &&
    FRAGMENT_PATTERN.test(id.slice(did.length)) &&
    type === 'Multikey' &&
    controller === did &&
    typeof publicKeyMultibase === 'string'
  )
}

function malformed(message: string): IdentityError {
  return new IdentityError('document-malformed', message)
}
