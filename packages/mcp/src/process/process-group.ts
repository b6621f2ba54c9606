/** Signals every process of a group; says whether there was one. Signal 0 only asks. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal)
  } catch {
    // ESRCH: the group is gone. EPERM cannot happen to processes of our own user, and would end the same way.
    return false
  }
}
