/** 32 bytes as base64url: the last of 43 digits carries four bits. */
export const BASE64URL_256: RegExp = /^[\w-]{42}[AEIMQUYcgkosw048]$/

/** One part of a value that is kept, encrypted, beside the log. */
export type FieldDigest = {
  /** JSON Pointer (RFC 6901) into the value. */
  readonly path: string
  readonly digest: string
  /** How many secrets were replaced before it was hashed; absent for none. */
  readonly secrets?: number
}

/**
 * What the log says of a value that it does not hold.
 *
 * A digest is the base64url SHA-256 of a salt and the text of the value. It binds the node to the value, and tells
 * nothing to whoever has no salt.
 *
 * - `nothing`: not even a digest
 * - `hash`: a digest of the value as it was
 * - `all`: a digest of the value as it is kept, with its secrets replaced
 * - `fields`: a digest of the value as it was, and of each field as it is kept
 */
export type Digest =
  | { readonly keep: 'nothing' }
  | { readonly keep: 'hash'; readonly digest: string }
  | { readonly keep: 'all'; readonly digest: string; readonly secrets?: number }
  | { readonly keep: 'fields'; readonly digest: string; readonly fields: readonly FieldDigest[] }
