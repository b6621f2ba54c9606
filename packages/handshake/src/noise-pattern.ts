/** Who sent the first message of the handshake, and who answered it. */
export type Role = 'initiator' | 'responder'

/** Noise §7.1, and of the Noise HFS extension §4 the tokens `e1` and `ekem1`. */
export type Token = 'e' | 'e1' | 'ee' | 'ekem1' | 's' | 'es' | 'se'

export interface NoiseMessage {
  readonly label: 'A' | 'B' | 'C'
  readonly sender: Role
  readonly tokens: readonly Token[]
}

export interface NoisePattern {
  /** The full protocol name, which is hashed into everything (Noise §8). */
  readonly protocolName: string
  readonly messages: readonly NoiseMessage[]
}

/** Noise §7.5, pattern XX: classical, and here only to prove this state machine against other implementations. */
export const XX: NoisePattern = {
  protocolName: 'Noise_XX_25519_ChaChaPoly_SHA256',
  messages: [
    { label: 'A', sender: 'initiator', tokens: ['e'] },
    { label: 'B', sender: 'responder', tokens: ['e', 'ee', 's', 'es'] },
    { label: 'C', sender: 'initiator', tokens: ['s', 'se'] },
  ],
}

/** XX with hybrid forward secrecy: an ML-KEM-768 exchange beside the ephemeral X25519. The one that nodes speak. */
export const XX_HFS: NoisePattern = {
  protocolName: 'Noise_XXhfs_25519+MLKEM768_ChaChaPoly_SHA256',
  messages: [
    { label: 'A', sender: 'initiator', tokens: ['e', 'e1'] },
    { label: 'B', sender: 'responder', tokens: ['e', 'ee', 'ekem1', 's', 'es'] },
    { label: 'C', sender: 'initiator', tokens: ['s', 'se'] },
  ],
}

/** What each token puts on the wire, in bytes, before a tag is added. */
const TOKEN_BYTES: Readonly<Record<Token, number>> = {
  e: 32,
  e1: 1184,
  ee: 0,
  ekem1: 1088,
  s: 32,
  es: 0,
  se: 0,
}

const TAG_BYTES = 16
const SEALED: ReadonlySet<Token> = new Set(['e1', 'ekem1', 's'])
const KEYING: ReadonlySet<Token> = new Set(['ee', 'ekem1', 'es', 'se'])

/** Length of one field on the wire, `keyed` once there is a key to seal it with. */
export function fieldBytes(token: Token, keyed: boolean): number {
  return TOKEN_BYTES[token] + (keyed && SEALED.has(token) ? TAG_BYTES : 0)
}

/** Length of a whole message with an empty payload: the least that a reader may accept. */
export function messageBytesMin(tokens: readonly Token[], keyed: boolean): number {
  let bytes = 0
  let hasKey = keyed
  for (const token of tokens) {
    bytes += fieldBytes(token, hasKey)
    hasKey ||= KEYING.has(token)
  }
  return bytes + (hasKey ? TAG_BYTES : 0)
}
