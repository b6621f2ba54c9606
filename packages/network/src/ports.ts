import type { Channel } from './channel.ts'

/** Who may speak on a channel: asked once for each connection, before any other protocol. */
export interface AdmissionPort {
  /** What this node shows of itself on this channel, at most `helloBytesMax` bytes. */
  hello(channel: Channel): Uint8Array
  /** Judges what the peer has shown. A throw is a refusal with the error's code. */
  judge(hello: Uint8Array, channel: Channel): Promise<AdmissionVerdict>
}

export type AdmissionVerdict =
  | { readonly admitted: true; readonly did: string }
  | { readonly admitted: false; readonly code: string; readonly sentence: string }

/** The only other thing that a stranger may ask, on nodes that can make members. */
export interface JoinPort {
  /** Answers one request to join. A throw tells the stranger the error's code. */
  answer(request: Uint8Array, channel: Channel, signal: AbortSignal): Promise<Uint8Array>
}
