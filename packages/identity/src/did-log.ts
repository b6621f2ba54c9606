import type { Did } from './did.ts'
import type { DidDocument } from './did-document.ts'
import type { LogEntry } from './log-entry.ts'

/** The history of one DID. */
export interface DidLog {
  readonly entries: readonly LogEntry[]
  /** JSON Lines as they travel: each entry in canonical form, then a line feed. */
  readonly text: string
}

/** A log that has been verified from its first entry on: what its DID says of itself now. */
export interface VerifiedLog extends DidLog {
  readonly did: Did
  readonly scid: string
  /** The versionId of the newest entry. */
  readonly head: string
  /** How many entries there are. */
  readonly version: number
  /** Time of the newest entry in milliseconds since 1970. */
  readonly updatedMs: number
  readonly document: DidDocument
  /** The DID is given up: nothing that it signs counts any more. */
  readonly deactivated: boolean
  /**
   * Entries that are valid and dated in the future: not invalid, since our clock may be slow, and not in force.
   * They are no part of `text`; present them again later.
   */
  readonly pending: readonly LogEntry[]
}
