import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import { type Did, isDid } from './did.ts'
import { IdentityError } from './identity-error.ts'
import { hasOnly, isTextList, isUnique } from './json-shape.ts'
import { parseTimestamp } from './timestamp.ts'

/** What a credential of any type says. */
export interface Credential {
  readonly id: string
  readonly issuer: Did
  /** Types beside `VerifiableCredential`. */
  readonly types: readonly string[]
  readonly subject: JsonObject
  readonly validFromMs: number
  /** The first moment at which it is no longer valid. */
  readonly validUntilMs: number
}

type CredentialDocument = JsonObject & {
  readonly id: string
  readonly type: readonly string[]
  readonly issuer: Did
  readonly validFrom: string
  readonly validUntil: string
  readonly credentialSubject: JsonObject
}

/** The first context of every credential (VC Data Model 2.0 §4.3). */
export const CREDENTIALS_CONTEXT = 'https://www.w3.org/ns/credentials/v2'
/** The type that every credential has (VC Data Model 2.0 §4.5). */
export const CREDENTIAL_TYPE = 'VerifiableCredential'

const ID_LENGTH_MAX = 256
const LIST_MAX = 8
/** A member that is not known could narrow the credential: a status, an evidence, a condition. */
const MEMBERS: ReadonlySet<string> = new Set([
  '@context',
  'id',
  'type',
  'issuer',
  'validFrom',
  'validUntil',
  'credentialSubject',
  'proof',
])

/**
 * Reads the shape of a credential in our profile of VC 2.0: one subject, both ends of its validity, the issuer a DID.
 *
 * @throws IdentityError `credential-malformed`, `time-malformed`
 */
export function parseCredential(document: JsonObject): Credential {
  if (!isCredentialDocument(document)) throw malformed()
  const { id, issuer, type, credentialSubject: subject } = document
  const validFromMs = parseTimestamp(document.validFrom)
  const validUntilMs = parseTimestamp(document.validUntil)
  if (validUntilMs <= validFromMs) throw malformed()
  return { id, issuer, types: type.slice(1), subject, validFromMs, validUntilMs }
}

function isCredentialDocument(document: JsonObject): document is CredentialDocument {
  const { '@context': context, id, type, issuer, validFrom, validUntil } = document
  return (
    hasOnly(document, MEMBERS) &&
    isListFrom(CREDENTIALS_CONTEXT, context) &&
    isListFrom(CREDENTIAL_TYPE, type) &&
    typeof id === 'string' &&
    id.length > 0 &&
    id.length <= ID_LENGTH_MAX &&
    typeof issuer === 'string' &&
    isDid(issuer) &&
    typeof validFrom === 'string' &&
    typeof validUntil === 'string' &&
    isJsonObject(document['credentialSubject'])
  )
}

function isListFrom(first: string, value: JsonValue | undefined): boolean {
  return isTextList(value, LIST_MAX) && isUnique(value) && value[0] === first
}

function malformed(): IdentityError {
  return new IdentityError('credential-malformed', 'the document is no credential of our profile')
}
