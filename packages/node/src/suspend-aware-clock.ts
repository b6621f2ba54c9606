/**
 * How long a look at the uptime serves. So much running time may pass after a suspension before it shows; ages are
 * counted in minutes. Ten looks in a second cost a fifty-thousandth of a core, while the clock is read several times
 * in each call.
 */
const LOOK_PAUSE_MS = 100

/** Two clocks of one machine, in milliseconds. */
export interface ElapsedSources {
  /** Never goes back and is not set by anybody, but may stop while the machine is suspended. */
  readonly runningMs: () => number
  /** Counts suspension; may be coarse, or worse. */
  readonly uptimeMs: () => number
}

/**
 * A monotonic clock that counts suspension: the running clock, and on top of it what the uptime went on by without it.
 *
 * What was added stays, so the clock never goes back, whatever the uptime does. Without suspension it is ahead of the
 * running clock by at most the grain of the uptime. A virtual machine that its host halts knows nothing of it by either.
 */
export function suspendAwareClock({ runningMs, uptimeMs }: ElapsedSources): () => number {
  const gapMs = (nowMs: number): number => uptimeMs() - nowMs
  const startedMs = runningMs()
  const startGapMs = gapMs(startedMs)
  let suspendedMs = 0
  let lookedMs = startedMs

  return () => {
    const nowMs = runningMs()
    if (nowMs - lookedMs >= LOOK_PAUSE_MS) {
      lookedMs = nowMs
      const grownMs = gapMs(nowMs) - startGapMs
      // Not Math.max, which would make a clock of NaN of an uptime that is none.
      if (grownMs > suspendedMs) suspendedMs = grownMs
    }
    return nowMs + suspendedMs
  }
}
