import type { Clock } from '@warren/core'
import type { Scheduler } from '../ports.ts'
import { groupRuns, signalGroup } from './process-group.ts'
import type { ProcessLimits } from './process-limits.ts'

export interface EndGroupComponents {
  readonly scheduler: Scheduler
  readonly clock: Clock
  readonly limits: ProcessLimits
}

const POLL_MS = 10

/**
 * Ends a process group: waits for it to go by itself where its first process still can, then sends
 * SIGTERM, then SIGKILL, each with its grace. Says whether the group is gone.
 */
export async function endGroup(
  group: number,
  mayGoByItself: boolean,
  components: EndGroupComponents,
): Promise<boolean> {
  const { limits } = components
  const isGone = (graceMs: number): Promise<boolean> => waitForGroup(group, graceMs, components)
  if (mayGoByItself && (await isGone(limits.inputGraceMs))) return true
  if (signalGroup(group, 'SIGTERM') && (await isGone(limits.termGraceMs))) return true
  return !signalGroup(group, 'SIGKILL') || isGone(limits.killGraceMs)
}

/** Says whether the group was gone in time. */
async function waitForGroup(
  group: number,
  graceMs: number,
  { clock, scheduler }: EndGroupComponents,
): Promise<boolean> {
  const deadlineMs = clock.monotonicMs() + graceMs
  while (groupRuns(group)) {
    if (clock.monotonicMs() >= deadlineMs) return false
    const { promise, resolve } = Promise.withResolvers<void>()
    scheduler.after(POLL_MS, resolve)
    await promise
  }
  return true
}
