import { setTimeout as wait } from 'node:timers/promises'
import { LabError } from './lab-error.ts'
import { isStaleNamespace } from './namespace-names.ts'
import { runCommand } from './run-command.ts'

const ENDING_MS_MAX = 5000
const POLL_MS = 5

/** Runs one `ip` command inside of a namespace. */
export async function ipIn(namespace: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await runCommand(['ip', '-n', namespace, ...args])
  return stdout
}

export async function addNamespace(namespace: string): Promise<void> {
  await runCommand(['ip', 'netns', 'add', namespace])
}

/** Sets what stands under /proc/sys/net/ipv6/conf in a namespace. */
export async function writeIpv6Settings(
  namespace: string,
  settings: Readonly<Record<string, number>>,
): Promise<void> {
  const lines = Object.entries(settings).map(([path, value]) => `echo ${value} > ${path}`)
  const script = ['cd /proc/sys/net/ipv6/conf', ...lines].join(' && ')
  await runCommand(['ip', 'netns', 'exec', namespace, 'sh', '-c', script])
}

/** Ends every process in the namespace, then removes it with all that it holds. */
export async function removeNamespace(namespace: string): Promise<void> {
  await endProcesses(namespace)
  await runCommand(['ip', 'netns', 'del', namespace])
}

/** Removes what labs of processes that are gone have left behind. */
export async function removeStaleNamespaces(): Promise<void> {
  for (const namespace of (await namespaceNames()).filter((name) => isStaleNamespace(name))) {
    try {
      await removeNamespace(namespace)
    } catch (error) {
      // Two labs may sweep at once: gone is gone, whoever removed it.
      if ((await namespaceNames()).includes(namespace)) throw error
    }
  }
}

async function namespaceNames(): Promise<readonly string[]> {
  const { stdout } = await runCommand(['ip', 'netns', 'list'])
  return stdout.split('\n').map((line) => line.split(' ', 1)[0] ?? '')
}

async function endProcesses(namespace: string): Promise<void> {
  const deadlineMs = performance.now() + ENDING_MS_MAX
  for (;;) {
    const pids = await pidsIn(namespace)
    if (pids.length === 0) return
    if (performance.now() > deadlineMs) {
      throw new LabError('lab-timeout', `processes in ${namespace} do not end`)
    }
    for (const pid of pids) kill(pid)
    await wait(POLL_MS)
  }
}

async function pidsIn(namespace: string): Promise<readonly number[]> {
  const { stdout } = await runCommand(['ip', 'netns', 'pids', namespace])
  return stdout.split('\n').filter(Boolean).map(Number)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended between the list and the kill.
  }
}
