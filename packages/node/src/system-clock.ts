import { uptime } from 'node:os'
import type { Clock } from '@warren/core'
import { suspendAwareClock } from './suspend-aware-clock.ts'

const runningMs = (): number => performance.now()

/** The clocks of this machine. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: monotonicClock(),
}

/**
 * `performance.now()` stands still in suspension on Linux (CLOCK_MONOTONIC), where the uptime does not: Node reads
 * /proc/uptime, in hundredths of a second, and CLOCK_BOOTTIME where that cannot be read.
 *
 * It goes on in suspension on macOS (mach_continuous_time), and there the uptime is the wall clock less the time of the
 * start, so that who sets the wall clock forward would age everything. Nowhere else does the uptime know more either.
 */
function monotonicClock(): () => number {
  if (process.platform !== 'linux') return runningMs
  return suspendAwareClock({ runningMs, uptimeMs: () => uptime() * 1_000 })
}
