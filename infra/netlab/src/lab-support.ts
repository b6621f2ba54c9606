import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createNamespacePrefix } from './namespace-names.ts'

export type LabSupport =
  | {
      readonly available: true
      /** Whether cables can be slowed down (`tc` and the kernel's netem). */
      readonly latency: boolean
    }
  | { readonly available: false; readonly reason: string }

let known: LabSupport | undefined

/** Whether this machine can build labs; if not, why, in a line that a skipped test can show. */
export function labSupport(): LabSupport {
  known ??= probe()
  return known
}

function probe(): LabSupport {
  const reason = missingPart()
  if (reason !== undefined) return { available: false, reason }

  const namespace = `${createNamespacePrefix()}-probe`
  const added = run('ip', 'netns', 'add', namespace)
  if (added !== undefined) {
    return { available: false, reason: `network namespaces cannot be made here: ${added}` }
  }
  try {
    const refusal =
      run('ip', '-n', namespace, 'link', 'add', 'name', 'sw', 'type', 'bridge') ??
      run('ip', '-n', namespace, 'link', 'add', 'name', 'a', 'type', 'veth', 'peer', 'name', 'b')
    if (refusal !== undefined) {
      return { available: false, reason: `cables cannot be made here: ${refusal}` }
    }
    const delay = ['qdisc', 'add', 'dev', 'a', 'root', 'netem', 'delay', '1ms']
    return { available: true, latency: run('tc', '-n', namespace, ...delay) === undefined }
  } finally {
    run('ip', 'netns', 'del', namespace)
  }
}

function missingPart(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces exist on Linux only'
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  if (!existsSync('/proc/sys/net/ipv6')) return 'this kernel has no IPv6'
  if (run('ip', '-V') !== undefined) return 'the ip command (Debian: iproute2) is not installed'
  return undefined
}

/** What stood in the way, or nothing when the command did what it should. */
function run(file: string, ...args: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(file, args, { encoding: 'utf8' })
  if (status === 0) return undefined
  return error?.message ?? stderr.trim()
}
