import { type Did, noteIdentity, type VerifiedLog } from '@warren/identity'
import type { KnownSigner } from '@warren/tlog'

/** A member as a signer of notes, with the key log by which others can see that. */
export interface MemberLog {
  readonly did: Did
  readonly keyLog: string
  readonly signer: KnownSigner
}

const NAME = /^warren\.internal\/(Qm[1-9A-HJ-NP-Za-km-z]{44})$/

/** A member as its verified key log shows it. */
export function memberLogOf(log: VerifiedLog): MemberLog {
  return { did: log.did, keyLog: log.text, signer: noteIdentity(log) }
}

/** The DID of the node that keeps the log of an origin; undefined for what is no origin of ours. */
export function didOfOrigin(origin: string): string | undefined {
  const scid = NAME.exec(origin)?.[1]
  return scid === undefined ? undefined : `did:webvh:${scid}:warren.internal`
}
