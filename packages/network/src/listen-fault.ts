import { NetworkError } from './network-error.ts'

const OPERATING_SYSTEM_SAYS = /\blisten E[A-Z]+: (.+)/g

const PORT_TAKEN = 'EADDRINUSE'

/**
 * Says why a node cannot listen, with the address: `port-taken`, else `network-not-running`.
 *
 * libp2p tells of all addresses in one text, each with the operating system's sentence; there is no error for each.
 */
export function listenFault(cause: unknown): NetworkError {
  const text = cause instanceof Error ? cause.message : ''
  const reasons = new Set([...text.matchAll(OPERATING_SYSTEM_SAYS)].map(([, reason]) => reason))
  const code = text.includes(`listen ${PORT_TAKEN}`) ? 'port-taken' : 'network-not-running'
  const message =
    reasons.size === 0
      ? 'cannot listen on the configured addresses'
      : `cannot listen: ${[...reasons].join(', ')}; choose another address or port in "listen"`
  return new NetworkError(code, message, { cause })
}
