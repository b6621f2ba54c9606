import { toString } from 'uint8arrays/to-string'

/** What a message that came by gossip says of itself. */
export interface ClaimedMessage {
  readonly from?: Uint8Array | undefined
  readonly seqno?: Uint8Array | undefined
}

/**
 * Names a message before its signature is looked at, so that its copies do not cost one each.
 *
 * libp2p remembers a name only with a message whose signature it has verified, and its own id of that is made of
 * the same two things: a name that is known stands for a message that would be dropped as a copy anyway.
 */
export function gossipName({ from, seqno }: ClaimedMessage): string {
  return `${digits(seqno)}:${digits(from)}`
}

/** What is missing has no digits; such a message is refused, and its name is not remembered. */
function digits(bytes: Uint8Array = new Uint8Array()): string {
  return toString(bytes, 'hex')
}
