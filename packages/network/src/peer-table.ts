import type { LinkCalls } from './link-calls.ts'
import type { PeerLink } from './peer-link.ts'
import { chooseConnection } from './tie-break.ts'

/** An admitted connection with its calls. */
export interface AdmittedLink {
  readonly link: PeerLink
  readonly did: string
  readonly calls: LinkCalls
  /** Wall-clock time. */
  readonly admittedAtMs: number
}

/** What to do about two connections to the same peer. */
export type Placement =
  | { readonly isCurrent: true; readonly retired: AdmittedLink | undefined }
  | { readonly isCurrent: false }

/** The one connection to each admitted peer. */
export class PeerTable {
  readonly #ownPeerId: string
  readonly #simultaneousDialMs: number
  readonly #byPeerId = new Map<string, AdmittedLink>()
  readonly #byDid = new Map<string, AdmittedLink>()

  constructor(ownPeerId: string, simultaneousDialMs: number) {
    this.#ownPeerId = ownPeerId
    this.#simultaneousDialMs = simultaneousDialMs
  }

  /** Puts a newly admitted connection in its place, or keeps the one that there is. */
  place(newer: AdmittedLink): Placement {
    const { peerId } = newer.link
    const older = this.#byPeerId.get(peerId)
    const isCurrent = older === undefined || this.#choose(older, newer) === newer
    if (!isCurrent) return { isCurrent }
    this.#byPeerId.set(peerId, newer)
    this.#byDid.set(newer.did, newer)
    return { isCurrent, retired: older }
  }

  /** Takes the connection out; false when another one stands in its place. */
  remove(admitted: AdmittedLink): boolean {
    const { peerId } = admitted.link
    if (this.#byPeerId.get(peerId) !== admitted) return false
    this.#byPeerId.delete(peerId)
    if (this.#byDid.get(admitted.did) === admitted) this.#replaceOfMember(admitted.did)
    return true
  }

  ofPeer(peerId: string): AdmittedLink | undefined {
    return this.#byPeerId.get(peerId)
  }

  ofMember(did: string): AdmittedLink | undefined {
    return this.#byDid.get(did)
  }

  all(): readonly AdmittedLink[] {
    return [...this.#byPeerId.values()]
  }

  /** A member whose log names two keys has two peers: the newest of the others stands for it now. */
  #replaceOfMember(did: string): void {
    const other = this.all().findLast((admitted) => admitted.did === did)
    if (other === undefined) this.#byDid.delete(did)
    else this.#byDid.set(did, other)
  }

  #choose(older: AdmittedLink, newer: AdmittedLink): AdmittedLink {
    // Admission may have ended in another order than that in which the connections were opened.
    const [first, second] =
      older.link.openedAtMs <= newer.link.openedAtMs ? [older, newer] : [newer, older]
    const chosen = chooseConnection(first.link, second.link, {
      ownPeerId: this.#ownPeerId,
      remotePeerId: newer.link.peerId,
      simultaneousDialMs: this.#simultaneousDialMs,
    })
    return chosen === first.link ? first : second
  }
}
