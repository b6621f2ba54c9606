import { Host } from './host.ts'
import { buildHost, type HostPlan, planHosts } from './host-plan.ts'
import { LabError } from './lab-error.ts'
import { type LabOptions, requireLabOptions } from './lab-options.ts'
import { labSupport } from './lab-support.ts'
import { createNamespacePrefix } from './namespace-names.ts'
import {
  addNamespace,
  ipIn,
  removeNamespace,
  removeStaleNamespaces,
  writeIpv6Settings,
} from './namespaces.ts'

export interface Lab extends AsyncDisposable {
  /** Throws `unknown-host`. */
  host(name: string): Host
  /** Ends every process on the hosts and removes the lab. May be called twice. */
  close(): Promise<void>
}

/**
 * Builds a lab: hosts, switches, and cables with a signal on them and addresses that can be used.
 *
 * Leftovers of labs whose process is gone are removed first. Nothing outside of the lab's own
 * namespaces is touched. Throws `lab-unavailable` where `labSupport` says no, `lab-malformed` and
 * `latency-unavailable` for a lab that cannot be built here; what had been built by then is removed.
 */
export async function createLab(options: LabOptions): Promise<Lab> {
  const support = labSupport()
  if (!support.available) throw new LabError('lab-unavailable', support.reason)
  requireLabOptions(options)
  await removeStaleNamespaces()

  const lab = new NamespaceLab(createNamespacePrefix())
  try {
    await lab.build(options)
    return lab
  } catch (error) {
    await lab.close()
    throw error
  }
}

class NamespaceLab implements Lab {
  readonly #prefix: string
  readonly #namespaces: string[] = []
  readonly #hosts = new Map<string, Host>()

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  async build(options: LabOptions): Promise<void> {
    const switchNamespace = await this.#addNamespace('switches')
    await buildSwitches(switchNamespace, options.switches)
    for (const plan of planHosts(options)) await this.#addHost(plan, switchNamespace)
  }

  host(name: string): Host {
    const host = this.#hosts.get(name)
    if (host === undefined) throw new LabError('unknown-host', `there is no host "${name}"`)
    return host
  }

  async close(): Promise<void> {
    for (;;) {
      const namespace = this.#namespaces.pop()
      if (namespace === undefined) return
      await removeNamespace(namespace)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #addHost(plan: HostPlan, switchNamespace: string): Promise<void> {
    const namespace = await this.#addNamespace(`host${plan.name}`)
    const cables = await buildHost(plan, namespace, switchNamespace)
    this.#hosts.set(plan.name, new Host(plan.name, namespace, cables))
  }

  async #addNamespace(name: string): Promise<string> {
    const namespace = `${this.#prefix}-${name}`
    await addNamespace(namespace)
    this.#namespaces.push(namespace)
    return namespace
  }
}

/** A switch has no address, forwards at once (no spanning tree) and floods multicast like a cheap one. */
async function buildSwitches(namespace: string, names: readonly string[]): Promise<void> {
  await writeIpv6Settings(namespace, { 'all/disable_ipv6': 1, 'default/disable_ipv6': 1 })
  const bridge = ['type', 'bridge', 'stp_state', '0', 'mcast_snooping', '0']
  for (const index of names.keys()) {
    await ipIn(namespace, 'link', 'add', 'name', `sw${index}`, ...bridge)
    // Not while it is made: the kernel takes the mode only once the interface exists.
    await ipIn(namespace, 'link', 'set', `sw${index}`, 'addrgenmode', 'none', 'up')
  }
}
