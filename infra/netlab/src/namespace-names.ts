import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** `warren-<pid>-<start time of that process>-<random>`; host or switches follow after another hyphen. */
const NAMESPACE = /^warren-(?<pid>\d+)-(?<startTicks>\d+)-[0-9a-f]{8}-[a-z][a-z0-9]*$/
const UNIQUE_BYTES = 4
/** Field 22 of /proc/<pid>/stat, counted from the one behind the command's closing bracket (proc_pid_stat(5)). */
const START_TICKS_FIELD = 22 - 3

/** A prefix that no other lab has, and that tells which process owns it. */
export function createNamespacePrefix(): string {
  const startTicks = startTicksOf(process.pid) ?? '0'
  return `warren-${process.pid}-${startTicks}-${randomBytes(UNIQUE_BYTES).toString('hex')}`
}

/** Whether the namespace belonged to a lab of a process that is gone. A pid used again does not count as its owner. */
export function isStaleNamespace(name: string): boolean {
  const owner = NAMESPACE.exec(name)?.groups
  if (owner === undefined) return false
  return startTicksOf(Number(owner['pid'])) !== owner['startTicks']
}

function startTicksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_TICKS_FIELD]
  } catch {
    // No such process: that is what was asked.
    return undefined
  }
}
