import type { CryptoSuite } from '@warren/crypto'
import { type Did, multihashOf, type RequiredProof } from '@warren/identity'
import type { RecordKey, RecordReader } from './record-reader.ts'

/** The two keys that an admin or witness signs with. */
export interface AdminKeys {
  readonly ed25519: RecordKey
  readonly mlDsa44: RecordKey
}

const KEY_RULE = { lengthMax: 1760, countMax: 2 } as const

/** Reads `keys` of an admin: one Ed25519 and one ML-DSA-44 multikey, in this order. */
export function readAdminKeys(record: RecordReader): AdminKeys {
  const [ed25519, mlDsa44] = record.texts('keys', KEY_RULE)
  if (ed25519 === undefined || mlDsa44 === undefined) throw record.fault('an admin has two keys')
  return { ed25519: record.key(ed25519, 'ed25519'), mlDsa44: record.key(mlDsa44, 'mldsa44') }
}

/**
 * How a proof names the key of an admin: the DID and the SHA-256 multihash of the multikey text.
 *
 * Not by a fragment of the DID document: that one changes when the admin rotates, the charter does not.
 */
export function methodOf(suite: CryptoSuite, did: Did, multikey: string): string {
  return `${did}#${multihashOf(suite, multikey)}`
}

/** Key pairs never change, and naming their keys costs hashing. */
const PROOFS = new WeakMap<AdminKeys, readonly RequiredProof[]>()

/** The two proofs that make an admin's signature complete. */
export function adminProofs(
  suite: CryptoSuite,
  pair: AdminKeys & { readonly did: Did },
): readonly RequiredProof[] {
  const known = PROOFS.get(pair)
  if (known !== undefined) return known
  const { did, ed25519, mlDsa44 } = pair
  const proofs = [
    {
      verificationMethod: methodOf(suite, did, ed25519.multikey),
      publicKey: ed25519.bytes,
      cryptosuite: 'eddsa-jcs-2022',
    },
    {
      verificationMethod: methodOf(suite, did, mlDsa44.multikey),
      publicKey: mlDsa44.bytes,
      cryptosuite: 'mldsa44-jcs-2024',
    },
  ] as const
  PROOFS.set(pair, proofs)
  return proofs
}
