import type { JsonObject } from '@warren/core'
import type { CryptoSuite, Signer } from '@warren/crypto'
import {
  addProofs,
  type Did,
  encodeMultikey,
  type Identity,
  type ProofSigner,
  scidOf,
} from '@warren/identity'
import { methodOf } from './admin-keys.ts'
import type { CharterAdmin } from './charter.ts'

/** An admin whose keys are at hand. */
export interface AdminSigner {
  readonly did: Did
  readonly ed25519: Signer
  readonly mlDsa44: Signer
  /** SHA-256 multihash, `zQm...`, of the keys that come next, where they exist already. */
  readonly nextKeysHash?: string | undefined
}

export interface AdminSigning {
  readonly suite: CryptoSuite
  readonly document: JsonObject
  readonly signers: readonly AdminSigner[]
  readonly createdMs: number
}

/** Lets an identity sign as an admin, with the keys that sign its credentials. */
export function adminSigner(identity: Identity): AdminSigner {
  const { did, assertionSigner, mlDsaSigner } = identity
  return { did, ed25519: assertionSigner, mlDsa44: mlDsaSigner }
}

/** The multikeys of an admin as they stand in the charter. */
export function adminKeyTexts({ ed25519, mlDsa44 }: AdminSigner): readonly [string, string] {
  return [
    encodeMultikey({ type: 'ed25519', bytes: ed25519.publicKey }),
    encodeMultikey({ type: 'mldsa44', bytes: mlDsa44.publicKey }),
  ]
}

/** What others may know of an admin, a witness or an enroller. */
export function publicPair(signer: AdminSigner): CharterAdmin {
  const { did, ed25519, mlDsa44, nextKeysHash } = signer
  const [classical, postQuantum] = adminKeyTexts(signer)
  return {
    did,
    scid: scidOf(did),
    nextKeysHash,
    ed25519: { multikey: classical, bytes: ed25519.publicKey },
    mlDsa44: { multikey: postQuantum, bytes: mlDsa44.publicKey },
  }
}

/** Signs a document with both keys of every admin given. */
export function signByAdmins({ suite, document, signers, createdMs }: AdminSigning): JsonObject {
  const proofSigners = signers.flatMap((signer) => proofSignersOf(suite, signer))
  return addProofs({ suite, document, signers: proofSigners, createdMs })
}

function proofSignersOf(suite: CryptoSuite, signer: AdminSigner): readonly ProofSigner[] {
  const [ed25519, mlDsa44] = adminKeyTexts(signer)
  return [
    {
      verificationMethod: methodOf(suite, signer.did, ed25519),
      purpose: 'assertionMethod',
      signer: signer.ed25519,
      cryptosuite: 'eddsa-jcs-2022',
    },
    {
      verificationMethod: methodOf(suite, signer.did, mlDsa44),
      purpose: 'assertionMethod',
      signer: signer.mlDsa44,
      cryptosuite: 'mldsa44-jcs-2024',
    },
  ]
}
