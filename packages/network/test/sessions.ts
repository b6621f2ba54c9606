import { nodeSuite } from '@warren/crypto'
import { CallInitiator, CallResponder, type CallSession } from '@warren/handshake'

/** The two ends of one call session, agreed without a wire. */
export function agreedSessions(): [CallSession, CallSession] {
  const init = {
    suite: nodeSuite,
    exporter: new Uint8Array(32).fill(1),
    handshakeHash: new Uint8Array(32).fill(2),
    protocol: '/warren/call/1',
    openerRole: 'initiator' as const,
  }
  const initiator = new CallInitiator(init)
  const { reply, session } = new CallResponder(init).answer(initiator.hello())
  return [initiator.finish(reply), session]
}
