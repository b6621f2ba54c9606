const OPERATING_SYSTEM_SAYS = /\blisten E[A-Z]+: (.+)/g

/**
 * Says why a node cannot listen, with the address.
 *
 * libp2p tells of all addresses in one text, each with the operating system's sentence; there is no error for each.
 */
export function listenFault(error: unknown): string {
  const text = error instanceof Error ? error.message : ''
  const reasons = new Set([...text.matchAll(OPERATING_SYSTEM_SAYS)].map(([, reason]) => reason))
  if (reasons.size === 0) return 'cannot listen on the configured addresses'
  return `cannot listen: ${[...reasons].join(', ')}; choose another address or port in "listen"`
}
