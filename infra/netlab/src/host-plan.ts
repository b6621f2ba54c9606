import { Cable, type CableEnds } from './cable.ts'
import type { AddressFamily, LabOptions } from './lab-options.ts'
import { ipIn, writeIpv6Settings } from './namespaces.ts'

export interface HostPlan {
  readonly name: string
  readonly cables: readonly CablePlan[]
}

interface CablePlan {
  readonly interfaceName: string
  readonly portName: string
  readonly switchName: string
  readonly bridgeName: string
  readonly family: AddressFamily
  readonly latencyMs: number
  readonly ipv4?: string
  readonly ipv6?: string
}

/** Gives every cable its names and addresses: on switch s, the n-th plug is 10.77.s.n and fd00:77:s::n. */
export function planHosts(options: LabOptions): readonly HostPlan[] {
  const plugs = options.switches.map(() => 0)
  return Object.entries(options.hosts).map(([name, cables]) => ({
    name,
    cables: cables.map((cable, index): CablePlan => {
      const bridge = options.switches.indexOf(cable.switch)
      const plug = (plugs[bridge] ?? 0) + 1
      plugs[bridge] = plug
      const family = cable.family ?? 'both'
      return {
        interfaceName: `eth${index}`,
        portName: `sw${bridge}p${plug}`,
        switchName: cable.switch,
        bridgeName: `sw${bridge}`,
        family,
        latencyMs: cable.latencyMs ?? 0,
        ...addressesOf(family, bridge + 1, plug),
      }
    }),
  }))
}

/** Lays the cables of a host whose namespace is new, and waits until they can be used. */
export async function buildHost(
  plan: HostPlan,
  hostNamespace: string,
  switchNamespace: string,
): Promise<readonly Cable[]> {
  const ends = plan.cables.map((cable) => ({ ...cable, hostNamespace, switchNamespace }))
  for (const [index, end] of ends.entries()) {
    await lay(end, plan.cables[index]?.bridgeName ?? '')
  }
  await configureIpv6(hostNamespace, plan.cables)
  await ipIn(hostNamespace, 'link', 'set', 'lo', 'up')
  for (const end of ends) await bringUp(end)

  const cables: Cable[] = []
  for (const end of ends) {
    const cable = await Cable.between(end)
    if (end.latencyMs > 0) await cable.setLatency(end.latencyMs)
    cables.push(cable)
  }
  return cables
}

function addressesOf(
  family: AddressFamily,
  network: number,
  plug: number,
): { readonly ipv4?: string; readonly ipv6?: string } {
  const ipv4 = { ipv4: `10.77.${network}.${plug}` }
  const ipv6 = { ipv6: `fd00:77:${network.toString(16)}::${plug.toString(16)}` }
  const addresses = { ipv4, ipv6, both: { ...ipv4, ...ipv6 }, 'link-local': {} }
  return addresses[family]
}

/** Both ends are made inside of the lab, so that none ever stands among the machine's own interfaces. */
async function lay(ends: CableEnds, bridgeName: string): Promise<void> {
  const hostEnd = ['peer', 'name', ends.interfaceName, 'netns', ends.hostNamespace]
  await ipIn(ends.switchNamespace, 'link', 'add', 'name', ends.portName, 'type', 'veth', ...hostEnd)
  await ipIn(ends.switchNamespace, 'link', 'set', ends.portName, 'addrgenmode', 'none')
  await ipIn(ends.switchNamespace, 'link', 'set', ends.portName, 'master', bridgeName, 'up')
}

/** Addresses are unique by construction: without duplicate detection they can be used at once. */
async function configureIpv6(namespace: string, cables: readonly CablePlan[]): Promise<void> {
  const settings: Record<string, number> = { 'all/accept_dad': 0, 'all/accept_ra': 0 }
  for (const { interfaceName, family } of cables) {
    settings[`${interfaceName}/accept_dad`] = 0
    settings[`${interfaceName}/accept_ra`] = 0
    settings[`${interfaceName}/disable_ipv6`] = family === 'ipv4' ? 1 : 0
  }
  await writeIpv6Settings(namespace, settings)
}

async function bringUp(ends: CableEnds): Promise<void> {
  const dev = ['dev', ends.interfaceName]
  if (ends.ipv4 !== undefined)
    await ipIn(ends.hostNamespace, 'addr', 'add', `${ends.ipv4}/24`, ...dev)
  if (ends.ipv6 !== undefined) {
    await ipIn(ends.hostNamespace, 'addr', 'add', `${ends.ipv6}/64`, ...dev, 'nodad')
  }
  await ipIn(ends.hostNamespace, 'link', 'set', ...dev, 'up')
}
