import { JsonError, type JsonObject, parseCanonicalJson } from '@warren/core'
import type { DidLog } from './did-log.ts'
import { requiredProofs } from './document-keys.ts'
import { IdentityError } from './identity-error.ts'
import { hasOnly, isObjectList, isUnique } from './json-shape.ts'
import type { LogEntry } from './log-entry.ts'
import type { RequiredProof } from './verify-proofs.ts'

/**
 * One element of the post-quantum sidecar of a log: the shape of a did:webvh witness proof (did:webvh 1.0 §3.7.8).
 *
 * An entry proof of did:webvh 1.0 is Ed25519 alone. The sidecar adds what ML-DSA-44 has to say: the key of the entry
 * before vouches for this one.
 */
export type SidecarElement = JsonObject & { readonly versionId: string }

/** An entry that the sidecar has to cover, and the proofs that it takes. */
export interface CoveredEntry {
  readonly versionId: string
  readonly required: readonly RequiredProof[]
}

const LIMITS = { lengthMax: 1024 * 1024, depthMax: 8, keysMax: 8192 }
const ELEMENTS_MAX = 512
const MEMBERS: ReadonlySet<string> = new Set(['versionId', 'proof'])

/**
 * The entries that need a proof of their own: the newest, and those that changed the ML-DSA-44 key.
 * The hash chain covers all others.
 */
export function coveredEntries({ entries }: DidLog): readonly CoveredEntry[] {
  return entries.flatMap((entry, index) => {
    const before = entries[index - 1] ?? entry
    const isCovered = index === entries.length - 1 || keysOf(before) !== keysOf(entry)
    return isCovered ? [{ versionId: entry.versionId, required: postQuantum(before) }] : []
  })
}

/**
 * Reads a sidecar.
 *
 * @throws IdentityError `sidecar-malformed`
 */
export function parseSidecar(text: string): readonly SidecarElement[] {
  const list = parseList(text)
  if (!isObjectList(list, ELEMENTS_MAX)) throw malformed()
  const elements = list.filter(isElement)
  if (elements.length !== list.length) throw malformed()
  if (!isUnique(elements.map(({ versionId }) => versionId))) throw malformed()
  return elements
}

function parseList(text: string): ReturnType<typeof parseCanonicalJson> {
  try {
    return parseCanonicalJson(text, LIMITS)
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    throw new IdentityError('sidecar-malformed', 'a sidecar is canonical JSON', { cause })
  }
}

function isElement(value: JsonObject): value is SidecarElement {
  return hasOnly(value, MEMBERS) && typeof value['versionId'] === 'string'
}

function postQuantum(entry: LogEntry): readonly RequiredProof[] {
  return requiredProofs(entry.state, 'assertionMethod').filter(
    ({ cryptosuite }) => cryptosuite === 'mldsa44-jcs-2024',
  )
}

/** The ML-DSA-44 keys of an entry under their names, as one text to compare. */
function keysOf({ state }: LogEntry): string {
  return state.verificationMethod
    .filter(({ id }) => state.assertionMethod.includes(id))
    .filter(({ publicKeyMultibase }) => publicKeyMultibase.startsWith('u'))
    .map(({ id, publicKeyMultibase }) => `${id} ${publicKeyMultibase}`)
    .toSorted()
    .join('\n')
}

function malformed(): IdentityError {
  return new IdentityError('sidecar-malformed', 'a sidecar is a list of versions and their proofs')
}
