/** The part of the untyped @digitalbazaar packages that the interoperability tests use. */

interface RemoteDocument {
  readonly contextUrl: null
  readonly documentUrl: string
  readonly document: unknown
}

type DocumentLoader = (url: string) => Promise<RemoteDocument>

declare module '@digitalbazaar/vc' {
  export const defaultDocumentLoader: DocumentLoader
  export function issue(options: {
    readonly credential: object
    readonly suite: object
    readonly documentLoader: DocumentLoader
    readonly now?: Date
  }): Promise<Readonly<Record<string, unknown>>>
  export function verifyCredential(options: {
    readonly credential: object
    readonly suite: object
    readonly documentLoader: DocumentLoader
    readonly now?: Date
  }): Promise<{
    readonly verified: boolean
    readonly results?: readonly { readonly verified: boolean; readonly proof: object }[]
    readonly error?: unknown
  }>
}

declare module '@digitalbazaar/data-integrity' {
  export const DataIntegrityProof: new (options: {
    readonly signer?: object
    readonly date?: Date
    readonly cryptosuite: object
  }) => object
}

declare module '@digitalbazaar/eddsa-jcs-2022-cryptosuite' {
  export function createSignCryptosuite(): object
  export function createVerifyCryptosuite(): object
}
