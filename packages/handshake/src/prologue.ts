import { fromString } from 'uint8arrays/from-string'
import { HandshakeError } from './handshake-error.ts'
import { lengthPrefixed } from './length-prefixed.ts'

const PROLOGUE_LABEL = 'warren/1'
const MESH_ID_CHARACTERS_MAX = 256
const ENCRYPTERS_MAX = 8
const ENCRYPTER_CHARACTERS_MAX = 256

export interface PrologueInput {
  /** Content id of the charter. */
  readonly meshId: string
  /** Protocol ids of all connection encrypters that this node offers, in the order in which it offers them. */
  readonly encrypters: readonly string[]
}

/**
 * What both sides must agree on before a byte is exchanged: the mesh, and what was on offer.
 *
 * Two nodes of different meshes, or two whose offers an attacker has rewritten, do not
 * understand each other's second message.
 */
export function prologue(input: PrologueInput): Uint8Array {
  const { meshId, encrypters } = input
  if (
    !isWithin(meshId, MESH_ID_CHARACTERS_MAX) ||
    encrypters.length < 1 ||
    encrypters.length > ENCRYPTERS_MAX ||
    !encrypters.every((encrypter) => isWithin(encrypter, ENCRYPTER_CHARACTERS_MAX))
  ) {
    throw new HandshakeError('prologue-malformed', 'setup')
  }
  return lengthPrefixed(
    [PROLOGUE_LABEL, meshId, ...encrypters].map((text) => fromString(text, 'utf8')),
  )
}

function isWithin(text: string, charactersMax: number): boolean {
  return text.length >= 1 && text.length <= charactersMax
}
