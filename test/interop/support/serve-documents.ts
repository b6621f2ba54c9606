import { defaultDocumentLoader } from '@digitalbazaar/vc'
import type { Identity } from '@warren/identity'

/** Serves the documents and keys of identities of ours, and the contexts that everybody has; everything else stays unknown. */
export function serveDocuments(
  identities: readonly Pick<Identity, 'log'>[],
): typeof defaultDocumentLoader {
  const documents = identities.map(({ log }) => log.document)
  return async (url) => {
    const method = documents
      .flatMap(({ verificationMethod }) => verificationMethod)
      .find(({ id }) => id === url)
    const document =
      method === undefined
        ? documents.find(({ id }) => id === url)
        : { '@context': 'https://w3id.org/security/multikey/v1', ...method }
    if (document !== undefined) return { contextUrl: null, documentUrl: url, document }
    return defaultDocumentLoader(url)
  }
}
