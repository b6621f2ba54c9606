import { readFileSync } from 'node:fs'

/** Clock ticks per second in /proc/<pid>/stat: fixed to 100 on Linux for user space. */
const TICKS_PER_SECOND = 100
const UTIME_AFTER_NAME = 11
const STIME_AFTER_NAME = 12

/** CPU milliseconds (user and system) that a process has used, from /proc; 0 where there is none. */
export function cpuMsOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = Number(fields[UTIME_AFTER_NAME]) + Number(fields[STIME_AFTER_NAME])
    return (ticks * 1000) / TICKS_PER_SECOND
  } catch {
    // No /proc (macOS), or the process is gone: its CPU column reads 0.
    return 0
  }
}
