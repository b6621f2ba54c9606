import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks per second in /proc/<pid>/stat: fixed to 100 on Linux for user space. */
const TICKS_PER_SECOND = 100
const UTIME_AFTER_NAME = 11
const STIME_AFTER_NAME = 12

/** Generations of child processes that are looked for. */
const GENERATIONS_MAX = 6

/** CPU milliseconds of a process and of all that it has started and that still run. */
export function cpuMsOfTree(pid: number, generations: number = GENERATIONS_MAX): number {
  if (generations === 0) return 0
  return childrenOf(pid).reduce(
    (sum, child) => sum + cpuMsOfTree(child, generations - 1),
    cpuMsOf(pid),
  )
}

function childrenOf(pid: number): readonly number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    const lists = threads.map((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8'),
    )
    return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number))
  } catch {
    // No /proc (macOS), or a thread has ended while it was looked at: the CPU column is then too low.
    return []
  }
}

/** CPU milliseconds (user and system) that a process has used, from /proc; 0 where there is none. */
function cpuMsOf(pid: number): number {
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
