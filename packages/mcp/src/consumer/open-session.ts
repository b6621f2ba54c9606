import type { RandomSource } from '@warren/core'
import type { HostChannel } from '../host-channel.ts'
import type { McpError } from '../mcp-error.ts'
import { HostRelay } from './host-relay.ts'
import { openAnswered } from './open-stream.ts'
import { type ConsumerComponents, limitsOf, type PeerServer } from './peer.ts'

export interface OpenSessionInit {
  readonly peer: PeerServer
  readonly host: HostChannel
  readonly random: RandomSource
  readonly components: ConsumerComponents
  /** Gives the opening up; an open session is ended by `close`. */
  readonly signal?: AbortSignal
}

/** One host connected to one server of a peer. */
export interface HostSession {
  readonly id: string
  /** Resolves once the session is over and the host channel closed: with nothing if the host closed it, else with the reason. Never rejects. */
  readonly ended: Promise<McpError | undefined>
  /** Ends the session now; what is in flight is answered with the reason. */
  close(reason: McpError): void
}

const SESSION_ID_BYTES = 16

/**
 * Opens a session for a host connection and relays it until either end is gone.
 *
 * Every request of the host gets exactly one answer for as long as the host is there, unless it
 * cancelled the request. After a rejection the host channel is untouched.
 *
 * @throws McpError `peer-unreachable`, `server-unknown`, `sessions-exhausted`, `peer-protocol`, ...
 */
export async function openSession({
  peer,
  host,
  random,
  components,
  signal = new AbortController().signal,
}: OpenSessionInit): Promise<HostSession> {
  const id = Buffer.from(random.randomBytes(SESSION_ID_BYTES)).toString('base64url')
  const opening = new AbortController()
  const onAbort = (): void => opening.abort(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    const header = { kind: 'session', server: peer.server, session: id } as const
    const { openMs } = limitsOf(peer)
    const asked = { open: peer.open, header, complete: false, openMs }
    const opened = await openAnswered(asked, { signal: opening.signal, components })
    return new HostRelay({ id, peer, host, components, opened })
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
