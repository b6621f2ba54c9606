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

/** The groups in which a process runs that has not ended; nothing where the system does not tell. */
export function runningGroups(): ReadonlySet<number> | undefined {
  if (platform !== 'linux') return undefined
  return new Set(readdirSync('/proc').flatMap((entry) => groupOf(entry) ?? []))
}

/** proc(5), stat: `pid (command) state parent group ...`; the command may hold anything. */
function groupOf(entry: string): number | undefined {
  if (!/^\d+$/.test(entry)) return undefined
  try {
    const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' || state === 'X' ? undefined : Number(group)
  } catch {
    // It ended between the listing and the look.
    return undefined
  }
}
