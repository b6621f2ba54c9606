import { readdirSync, readFileSync } from 'node:fs'
import { platform } from 'node:process'

/** Signals every process of a group; says whether there was one. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal)
  } catch {
    // ESRCH: the group is gone. EPERM cannot happen to processes of our own user, and would end the same way.
    return false
  }
}

/**
 * Whether a process of the group still runs.
 *
 * A process that has ended and waits for its parent to notice still counts for the kernel; where
 * nobody notices, as in a container without an init process, it would count for ever.
 */
export function groupRuns(group: number): boolean {
  if (!signalGroup(group, 0)) return false
  return platform !== 'linux' || readdirSync('/proc').some((entry) => runsIn(entry, group))
}

/** proc(5), stat: `pid (command) state parent group ...`; the command may hold anything. */
function runsIn(entry: string, group: number): boolean {
  if (!/^\d+$/.test(entry)) return false
  try {
    const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
    const [state, , own] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(own) === group && state !== 'Z' && state !== 'X'
  } catch {
    // It ended between the listing and the look.
    return false
  }
}
