import {
  canonicalJson,
  isJsonObject,
  JsonError,
  type JsonObject,
  parseCanonicalJson,
} from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import {
  type Credential,
  type Did,
  IdentityError,
  isDid,
  issueCredential,
  type KeyHolder,
  parseCredential,
  verifyCredential,
  type VerifiedLog,
} from '@warren/identity'
import {
  CAPABILITY_CONTEXT,
  CAPABILITY_ID_PATTERN,
  isContext,
  LINK_LENGTH_MAX,
} from './capability.ts'
import { CapabilityError } from './capability-error.ts'

/** The type of the credential by which an issuer takes a link back. */
export const REVOCATION_TYPE = 'WarrenCapabilityRevocation'
/** Bytes of its text in UTF-8. */
export const REVOCATION_LENGTH_MAX: number = LINK_LENGTH_MAX
/** The last code point of one byte, of two, of three and of four. */
const UTF8_LAST_OF_LENGTH = [0x7f, 0x7ff, 0xffff, 0x10ffff]
const LIMITS = { lengthMax: REVOCATION_LENGTH_MAX, depthMax: 8, keysMax: 256 }

/** An issuer takes a link back that it issued. */
export interface CapabilityRevocation {
  /** Of the link. */
  readonly capability: string
  readonly issuer: Did
  /** The node that has to know. */
  readonly node: Did
  /** When the link would have ended, milliseconds since 1970: the revocation is worth nothing from then on. */
  readonly untilMs: number
}

/**
 * Signs a revocation, in canonical form. It names what it takes back and the issuer, so that nobody else's is touched.
 *
 * @throws IdentityError
 */
export function issueRevocation(input: {
  readonly suite: CryptoSuite
  readonly issuer: KeyHolder
  /** `urn:uuid:…` of the revocation itself. */
  readonly id: string
  readonly nowMs: number
  readonly revoked: Omit<CapabilityRevocation, 'issuer'>
}): string {
  const { suite, issuer, id, nowMs, revoked } = input
  const { capability, node, untilMs } = revoked
  const claim = {
    id,
    type: REVOCATION_TYPE,
    context: CAPABILITY_CONTEXT,
    subject: { id: capability, node },
    validFromMs: nowMs - (nowMs % 1000),
    validUntilMs: untilMs,
  }
  return canonicalJson(issueCredential({ suite, issuer, nowMs, claim }))
}

/** A revocation that was read; its signatures are not verified. */
export interface DecodedRevocation extends CapabilityRevocation {
  readonly document: JsonObject
  /** When it was signed, by the clock of its issuer. */
  readonly fromMs: number
}

/**
 * Reads the text of a revocation.
 *
 * @throws CapabilityError `capability-revocation-malformed`
 */
export function decodeRevocation(text: string): DecodedRevocation {
  const document = parsed(text)
  const { id, issuer, types, subject, validFromMs, validUntilMs } = credentialOf(document)
  if (
    types.join() !== REVOCATION_TYPE ||
    !isContext(document['@context']) ||
    !CAPABILITY_ID_PATTERN.test(id)
  ) {
    throw malformed(`it is a "${REVOCATION_TYPE}" with an id "urn:uuid:…"`)
  }
  const { id: capability, node, ...others } = subject
  if (
    Object.keys(others).length > 0 ||
    typeof capability !== 'string' ||
    !CAPABILITY_ID_PATTERN.test(capability) ||
    typeof node !== 'string' ||
    !isDid(node)
  ) {
    throw malformed('it names one capability and the node that has to know')
  }
  return { document, capability, issuer, node, fromMs: validFromMs, untilMs: validUntilMs }
}

/**
 * Checks that the issuer of a link signed its revocation, with all of its keys. It counts before its time: clocks differ.
 *
 * @throws CapabilityError `capability-revocation-unproved`
 */
export function verifyRevocation(
  { document, fromMs }: DecodedRevocation,
  by: { readonly suite: CryptoSuite; readonly issuer: VerifiedLog; readonly nowMs: number },
): void {
  try {
    verifyCredential({ ...by, document, nowMs: Math.max(by.nowMs, fromMs) })
  } catch (cause) {
    if (!(cause instanceof IdentityError)) throw cause
    throw new CapabilityError('capability-revocation-unproved', cause.message, { cause })
  }
}

function parsed(text: string): JsonObject {
  // Characters first: they are counted already, and are never more than the bytes.
  if (text.length > REVOCATION_LENGTH_MAX || utf8Length(text) > REVOCATION_LENGTH_MAX) {
    throw malformed('it is too long')
  }
  try {
    const value = parseCanonicalJson(text, LIMITS)
    if (isJsonObject(value)) return value
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    throw malformed(cause.message, cause)
  }
  throw malformed('it is an object')
}

function utf8Length(text: string): number {
  let bytes = 0
  for (const character of text) {
    const codePoint = character.codePointAt(0) ?? 0
    bytes += UTF8_LAST_OF_LENGTH.findIndex((last) => codePoint <= last) + 1
  }
  return bytes
}

function credentialOf(document: JsonObject): Credential {
  try {
    return parseCredential(document)
  } catch (cause) {
    if (!(cause instanceof IdentityError)) throw cause
    throw malformed(cause.message, cause)
  }
}

function malformed(rule: string, cause?: Error): CapabilityError {
  return new CapabilityError(
    'capability-revocation-malformed',
    `the revocation is malformed: ${rule}`,
    cause === undefined ? {} : { cause },
  )
}
