/** One of two connections to the same peer. */
export interface Contender {
  readonly direction: 'inbound' | 'outbound'
  /** On the monotonic clock. */
  readonly openedAtMs: number
}

export interface TieBreak {
  readonly ownPeerId: string
  readonly remotePeerId: string
  /** Connections opened within this time count as two nodes dialling each other. */
  readonly simultaneousDialMs: number
}

/**
 * Which of two connections to one peer stays, so that both sides choose the same.
 *
 * Two nodes that dial each other keep the connection that the lower peer id opened. Otherwise the
 * newer one stays: a peer that dials again has lost the older one, whatever we still believe.
 */
export function chooseConnection<T extends Contender>(
  older: T,
  newer: T,
  { ownPeerId, remotePeerId, simultaneousDialMs }: TieBreak,
): T {
  const isCrossed = older.direction !== newer.direction
  if (!isCrossed || newer.openedAtMs - older.openedAtMs > simultaneousDialMs) return newer
  const winning = ownPeerId < remotePeerId ? 'outbound' : 'inbound'
  return older.direction === winning ? older : newer
}
