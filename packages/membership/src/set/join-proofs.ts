import {
  canonicalJson,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseJson,
} from '@warren/core'
import { RECORD_LENGTH_MAX } from '../records/decode-record.ts'
import type { MeshRecord } from '../records/mesh-record.ts'
import { PROOFS_MAX } from '../records/verify-signers.ts'

const LIMITS = { lengthMax: RECORD_LENGTH_MAX, depthMax: 16, keysMax: 4096 }

/**
 * One record with the proofs of two copies of it, both verified.
 *
 * The same grant may be about with different signers, and what it is worth may come to rest on any of them:
 * a set keeps all, or it would depend on which copy came first. The copy itself where it adds nothing.
 */
export function joinProofs(known: MeshRecord, other: MeshRecord): MeshRecord {
  const signers = [...new Set([...known.signers, ...other.signers])].toSorted()
  if (signers.length === known.signers.length) return known
  const [left, right] = [known, other].map(({ text }) => documentOf(text))
  const proofs = new Map<string, JsonObject>()
  for (const proof of [...proofsOf(right), ...proofsOf(left)]) {
    const { verificationMethod } = proof
    if (typeof verificationMethod === 'string') proofs.set(verificationMethod, proof)
  }
  const sorted = [...proofs].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, proof]) => proof)
  const text = canonicalJson({ ...left, proof: sorted })
  if (sorted.length > PROOFS_MAX || text.length > RECORD_LENGTH_MAX) return known
  if (known.type !== 'membership') return { ...known, text, signers }
  return { ...known, text, signers, membership: { ...known.membership, text } }
}

function documentOf(text: string): JsonObject {
  const value = parseJson(text, LIMITS)
  return isJsonObject(value) ? value : {}
}

function proofsOf(document: JsonObject | undefined): readonly JsonObject[] {
  const proofs: JsonValue | undefined = document?.['proof']
  return Array.isArray(proofs) ? proofs.filter(isJsonObject) : []
}
