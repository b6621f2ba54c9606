import type { Channel } from './channel.ts'

/** Who may speak on a channel: asked once for each connection, before any other protocol. */
export interface AdmissionPort {
  /** What this node shows of itself on this channel, at most `helloBytesMax` bytes. */
  hello(channel: Channel): Uint8Array
  /** Judges what the peer has shown. A throw is a refusal with the error's code. */
  judge(hello: Uint8Array, channel: Channel): Promise<AdmissionVerdict>
  /** Asked once more when the connection has settled, and whenever it is judged anew: a code when the member may not stay on it after all. */
  stillAdmitted?(did: string, channel: Channel): string | undefined
}

export type AdmissionVerdict =
  | { readonly admitted: true; readonly did: string }
  | { readonly admitted: false; readonly code: string; readonly sentence: string }

/** The only other thing that a stranger may ask, on nodes that can make members. */
export interface JoinPort {
  /** Answers one request to join. A throw tells the stranger the error's code. */
  answer(request: Uint8Array, channel: Channel, signal: AbortSignal): Promise<Uint8Array>
}

/** What members ask one another about their audit logs. */
export interface AuditPort {
  /** Answers one question of a member, at most `auditRequestBytesMax` bytes. After a throw the member gets no answer. */
  answer(request: Uint8Array, did: string): Promise<Uint8Array>
}

/** The exchange of what members know of the mesh: the first thing on a connection after admission. */
export interface RecordsPort {
  /** Both sides have admitted each other; until `settle` the peer may speak records and nothing else, in both directions. */
  connected(link: RecordLink): void
  /**
   * One message, at most `recordBytesMax` bytes. The messages of a link come in order, the next one when this
   * has settled: not hurrying holds the peer back. A throw cuts the connection with the error's code.
   */
  message(link: RecordLink, bytes: Uint8Array): Promise<void>
  /** The connection is over, perhaps while a message of it is still being dealt with. */
  disconnected(link: RecordLink): void
}

/** The records channel of one connection, as its user sees it. */
export interface RecordLink {
  /** Unique in this process. */
  readonly id: string
  readonly did: string
  readonly peerId: string
  readonly direction: 'inbound' | 'outbound'
  /**
   * Queues one message, which is sent without waiting for a timer. False when the connection is over or when more
   * than `recordQueueBytesMax` bytes would wait, and then nothing is queued.
   *
   * @throws NetworkError `message-too-long`
   */
  send(bytes: Uint8Array): boolean
  /** The connection may be used for everything now. Idempotent. */
  settle(): void
  /** Ends the connection now. */
  cut(code: string): void
}

/** What the mesh says of its members, for choosing whom to connect to. */
export interface MeshPort {
  /** The member whose peer this is, by what is signed of it. */
  didOf(peerId: string): string | undefined
  /** Undefined for somebody who is no member now. */
  member(did: string): MeshMember | undefined
  /** Whom this node always tries to be connected to; undefined where there is nobody but itself. */
  pinned(): PinnedContact | undefined
}

export interface MeshMember {
  readonly enclave: string
  /** Whether it is a witness in force that has not contradicted itself. */
  readonly isWitness: boolean
}

/** A witness that a node has chosen by its own randomness and keeps to. */
export interface PinnedContact {
  readonly did: string
  readonly peers: readonly {
    readonly peerId: string
    /** Where it was reached before. */
    readonly addresses: readonly string[]
  }[]
}
