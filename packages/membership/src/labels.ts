import type { TextRule, TextsRule } from './record-reader.ts'

/** Enclaves and roles: short, lower case, safe in file names, policies and terminals. */
export const LABEL_RULE: TextRule = { lengthMax: 32, pattern: /^[a-z][a-z0-9-]{0,31}$/ }

/** The roles of one member. */
export const ROLES_RULE: TextsRule = { ...LABEL_RULE, countMax: 32 }

/** A content id: multibase base58btc of a SHA-256 multihash. */
export const CONTENT_ID_RULE: TextRule = {
  lengthMax: 47,
  pattern: /^zQm[1-9A-HJ-NP-Za-km-z]{44}$/,
}

/** A PeerId of an Ed25519 key. */
export const PEER_ID_RULE: TextRule = {
  lengthMax: 52,
  pattern: /^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/,
}

/** The `id` of a credential. */
export const URN_UUID_RULE: TextRule = {
  lengthMax: 45,
  pattern: /^urn:uuid:[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/,
}
