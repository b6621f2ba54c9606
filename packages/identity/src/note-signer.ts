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

/** The name of a DID in notes, which is the origin of the log that it keeps. */
export function noteName(did: Did): string {
  return `warren.internal/${scidOf(did)}`
}

/**
 * A DID as a signer of notes: with the keys of `assertionMethod` in every version of its key log, since what was signed
 * before a rotation stays signed.
 */
export function noteIdentity({ did, entries }: Pick<VerifiedLog, 'did' | 'entries'>): NoteIdentity {
  const pairs = new Map<string, NoteKeys>()
  for (const { state } of entries) {
    const keys = assertionKeys(state)
    for (const ed25519 of keys.ed25519) {
      for (const mlDsa44 of keys.mlDsa44) {
        pairs.set(`${ed25519.join()} ${mlDsa44.join()}`, { ed25519, mlDsa44 })
      }
    }
  }
  return { name: noteName(did), keys: [...pairs.values()] }
}
