import { toString } from 'uint8arrays/to-string'
import { type Did, scidOf } from './did.ts'
import { assertionKeys } from './document-keys.ts'
import type { VerifiedLog } from './did-log.ts'

/** A pair of keys with which a DID signs notes. */
export interface NoteKeys {
  readonly ed25519: Uint8Array
  readonly mlDsa44: Uint8Array
}

/** Who signs a note (C2SP signed-note): a name, and the pairs of keys that it has or had, oldest first. */
export interface NoteIdentity {
  readonly name: string
  readonly keys: readonly NoteKeys[]
}

/**
 * Pairs of one signer: as many as a key log has versions, each with one key of each kind. Of more the oldest count, so that
 * nobody can take back what was signed by listing others.
 */
const NOTE_KEYS_MAX = 512

/** The name of a DID in notes, which is the origin of the log that it keeps. */
export function noteName(did: Did): string {
  return `warren.internal/${scidOf(did)}`
}

/**
 * A DID as a signer of notes: with the keys of `assertionMethod` in every version of its key log, since what was signed
 * before a rotation stays signed.
 */
export function noteIdentity({ did, entries }: Pick<VerifiedLog, 'did' | 'entries'>): NoteIdentity {
  const known = new Map<string, Uint8Array>()
  const pairs = new Map<string, NoteKeys>()
  for (const { state } of entries) {
    const { ed25519: classical, mlDsa44: postQuantum } = assertionKeys(state)
    const others = postQuantum.map((key) => sharedKey(known, key))
    for (const [one, ed25519] of classical.map((key) => sharedKey(known, key))) {
      for (const [other, mlDsa44] of others) pairs.set(`${one} ${other}`, { ed25519, mlDsa44 })
    }
    if (pairs.size >= NOTE_KEYS_MAX) break
  }
  return { name: noteName(did), keys: [...pairs.values()].slice(0, NOTE_KEYS_MAX) }
}

/** A key with its text, and the same bytes in memory wherever the log lists it. */
function sharedKey(
  known: Map<string, Uint8Array>,
  key: Uint8Array,
): readonly [text: string, key: Uint8Array] {
  const text = toString(key, 'base64')
  const shared = known.get(text) ?? key
  known.set(text, shared)
  return [text, shared]
}
