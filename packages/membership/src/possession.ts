import {
  type DidDocument,
  type Identity,
  type ProofSigner,
  proofSigners,
  requiredProofs,
  type RequiredProof,
} from '@warren/identity'

/** One proof by every key of a document that may authenticate or assert: whoever can make them has the identity. */
export function possessionProofs(document: DidDocument): readonly RequiredProof[] {
  return distinct([
    ...requiredProofs(document, 'authentication'),
    ...requiredProofs(document, 'assertionMethod'),
  ])
}

/**
 * Those keys of an identity that we are, all for the purpose `authentication`.
 *
 * @throws IdentityError `seeds-mismatch` in the middle of a rotation, while a key is listed that is not at hand
 */
export function possessionSigners(identity: Identity): readonly ProofSigner[] {
  const signers = [
    ...proofSigners(identity, 'authentication'),
    ...proofSigners(identity, 'assertionMethod'),
  ]
  return distinct(signers).map(({ verificationMethod, signer, cryptosuite }) => {
    return { verificationMethod, signer, cryptosuite, purpose: 'authentication' }
  })
}

function distinct<Item extends { readonly verificationMethod: string }>(
  items: readonly Item[],
): readonly Item[] {
  return [...new Map(items.map((item) => [item.verificationMethod, item])).values()]
}
