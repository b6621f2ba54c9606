import { HandshakeError, type HandshakeStep } from './handshake-error.ts'
import type { Role } from './noise-pattern.ts'

export interface MuxerOffers {
  /** Which side `ours` is. */
  readonly role: Role
  readonly ours: readonly string[]
  readonly theirs: readonly string[]
}

/**
 * The first muxer of the initiator's list that the responder has as well, so that both sides choose the same.
 *
 * `undefined` when this side offers none: then the caller does not want one chosen here.
 */
export function chooseStreamMuxer(offers: MuxerOffers, step: HandshakeStep): string | undefined {
  if (offers.ours.length === 0) return undefined
  const [first, second] =
    offers.role === 'initiator' ? [offers.ours, offers.theirs] : [offers.theirs, offers.ours]
  const chosen = first.find((muxer) => second.includes(muxer))
  if (chosen === undefined) throw new HandshakeError('stream-muxer-none-common', step)
  return chosen
}
