import { IdentityError } from './identity-error.ts'

/** The name of a node, tool or agent: the self-certifying identifier of its key log, and nothing that a server must answer for. */
export type Did = `did:webvh:${string}`

/** The host part of every DID. `.internal` is reserved for private use, so a web resolver never leaves the site with it. */
const HOST = 'warren.internal'
const DID_LENGTH_MAX = 256
const SCID_PATTERN = /^Qm[1-9A-HJ-NP-Za-km-z]{44}$/
const DID_PATTERN = /^did:webvh:Qm[1-9A-HJ-NP-Za-km-z]{44}:warren\.internal$/
const SCID_PART = 2

/**
 * Reads a DID that came from outside this process.
 *
 * @throws IdentityError `did-too-long`, `did-malformed`
 */
export function parseDid(text: string): Did {
  if (text.length > DID_LENGTH_MAX) {
    throw new IdentityError('did-too-long', `a DID has at most ${DID_LENGTH_MAX} characters`)
  }
  if (!isDid(text)) {
    throw new IdentityError('did-malformed', `a DID is "did:webvh:<SCID>:${HOST}"`)
  }
  return text
}

/** Tells a well-formed DID of our profile from every other text. */
export function isDid(text: string): text is Did {
  return DID_PATTERN.test(text)
}

/** Tells a well-formed SCID (base58btc of a SHA-256 multihash, 46 characters) from every other text. */
export function isScid(text: string): boolean {
  return SCID_PATTERN.test(text)
}

/**
 * The self-certifying identifier of a DID, 46 characters: what two DIDs are compared by, and the key of every map.
 *
 * @throws IdentityError `did-malformed`
 */
export function scidOf(did: Did): string {
  return scidPartOf(parseDid(did))
}

/** What stands in the place of the SCID, which in a first entry may still be the placeholder. */
export function scidPartOf(did: Did): string {
  return did.split(':')[SCID_PART] ?? ''
}

/** The DID of a SCID, which may still be the placeholder of a genesis entry. */
export function didOfScid(scid: string): Did {
  return `did:webvh:${scid}:${HOST}`
}
