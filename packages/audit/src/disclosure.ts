import type { CryptoSuite } from '@warren/crypto'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { AuditError } from './audit-error.ts'
import { BASE64URL_256, type Digest } from './digest.ts'
import type { Entry } from './entry.ts'
import { FORWARDED } from './keep-value.ts'
import { saltedDigest, saltOf, type ValuePlace } from './value-digest.ts'

/** One value of one entry, laid open: whoever holds the entry can check it, and learns nothing of any other value. */
export interface Disclosure {
  /** JSON Pointer; empty for the whole value, `forwarded` for the arguments that the server got. */
  readonly path: string
  /** The text of the value, as it was hashed. */
  readonly text: string
  /** base64url. */
  readonly salt: string
}

const SALT_BYTES = 32

/** Lays one value open. */
export function disclose(
  suite: CryptoSuite,
  saltKey: Uint8Array,
  { seq, path, text }: ValuePlace & { readonly text: string },
): Disclosure {
  return { path, text, salt: toString(saltOf(suite, saltKey, { seq, path }), 'base64url') }
}

/**
 * Checks that a value is the one of which an entry holds the digest. That the entry stands in the log is for its
 * inclusion proof to say.
 *
 * @throws AuditError `disclosure-malformed`, `disclosure-wrong`
 */
export function verifyDisclosure(suite: CryptoSuite, entry: Entry, disclosure: Disclosure): void {
  const expected = digestOf(entry, disclosure.path)
  if (expected === undefined) {
    throw new AuditError('disclosure-wrong', 'the entry has no digest of such a value')
  }
  const digest = saltedDigest(suite, saltBytes(disclosure.salt), disclosure.text)
  if (digest !== expected) {
    throw new AuditError('disclosure-wrong', 'the value is not the one that the entry names')
  }
}

function digestOf(entry: Entry, path: string): string | undefined {
  if (path !== FORWARDED) return digestAt(digestIn(entry), path)
  return entry.kind === 'decision' ? digestAt(entry.forwarded, '') : undefined
}

function digestIn(entry: Entry): Digest | undefined {
  if (entry.kind === 'decision' || entry.kind === 'request') return entry.args
  return entry.kind === 'result' || entry.kind === 'response' ? entry.result : undefined
}

function digestAt(digest: Digest | undefined, path: string): string | undefined {
  if (digest === undefined || digest.keep === 'nothing') return undefined
  if (path === '') return digest.digest
  if (digest.keep !== 'fields') return undefined
  return digest.fields.find((field) => field.path === path)?.digest
}

function saltBytes(text: string): Uint8Array {
  if (BASE64URL_256.test(text)) return fromString(text, 'base64url')
  throw new AuditError('disclosure-malformed', `a salt is ${SALT_BYTES} bytes in base64url`)
}
