import type { Scheduler } from '../ports.ts'
import { discard } from './discard.ts'
import type { HttpTarget } from './http-call.ts'

export interface SessionEnd {
  /** Those that name the session. */
  readonly headers: Readonly<Record<string, string>>
  readonly scheduler: Scheduler
  /** How long the server is waited for. */
  readonly graceMs: number
}

/**
 * Tells a server that a session is over, on a connection of its own, which is not cut off with the others.
 * Never rejects: a server that is gone, or slow to part, forgets the session by itself.
 */
export async function endSession(
  target: HttpTarget,
  { headers, scheduler, graceMs }: SessionEnd,
): Promise<void> {
  const late = new AbortController()
  const inTime = scheduler.after(graceMs, () => late.abort())
  const { signal } = late
  try {
    await discard(await target.call({ method: 'DELETE', headers, signal, isAlone: true }))
  } catch {
    // Nothing hangs on it.
  }
  inTime()
}
