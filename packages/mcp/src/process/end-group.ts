import type { Clock } from '@warren/core'
import type { Scheduler } from '../ports.ts'
import { runningGroups, signalGroup } from './process-group.ts'
import type { ProcessLimits } from './process-limits.ts'
import { RunningGroups } from './running-groups.ts'

export interface EndGroupComponents {
  readonly scheduler: Scheduler
  readonly clock: Clock
  readonly limits: ProcessLimits
}

const POLL_MS = 10
/** One for the process: a caller can have many groups ended at once, as often as it likes. */
const RUNNING = new RunningGroups(runningGroups)

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
  const sinceMs = clock.monotonicMs()
  for (;;) {
    const nowMs = clock.monotonicMs()
    if (!RUNNING.has(group, { sinceMs, nowMs })) return true
    if (nowMs >= sinceMs + graceMs) return false
    const { promise, resolve } = Promise.withResolvers<void>()
    scheduler.after(POLL_MS, resolve)
    await promise
  }
}
