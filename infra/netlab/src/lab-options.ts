import { LabError } from './lab-error.ts'

/** Which addresses an interface gets. `link-local` has fe80::/64 alone, `ipv6` has fd00::/64 besides. */
export type AddressFamily = 'ipv4' | 'ipv6' | 'both' | 'link-local'

export interface CableOptions {
  /** One of the lab's switches. */
  readonly switch: string
  /** `both` when absent. */
  readonly family?: AddressFamily
  /** Delay in each direction, in milliseconds: it adds twice this to a round trip. None when absent. */
  readonly latencyMs?: number
}

export interface LabOptions {
  /** Names of the switches. What is plugged into different ones cannot meet. */
  readonly switches: readonly string[]
  /** The cables of each host, by the host's name; they become `eth0`, `eth1`, ... */
  readonly hosts: Readonly<Record<string, readonly CableOptions[]>>
}

export const SWITCHES_MAX = 16
export const HOSTS_MAX = 64
export const CABLES_PER_HOST_MAX = 8
export const LATENCY_MS_MAX = 10_000
const NAME = /^[a-z][a-z0-9]{0,14}$/

/** Refuses a lab that could not be built, before anything is built. */
export function requireLabOptions(options: LabOptions): void {
  requireCount('switches', options.switches.length, SWITCHES_MAX)
  for (const name of options.switches) requireName(name)
  if (new Set(options.switches).size !== options.switches.length) {
    throw new LabError('lab-malformed', 'two switches have one name')
  }
  const hosts = Object.entries(options.hosts)
  requireCount('hosts', hosts.length, HOSTS_MAX)
  for (const [name, cables] of hosts) {
    requireName(name)
    requireCount(`cables of ${name}`, cables.length, CABLES_PER_HOST_MAX)
    for (const cable of cables) requireCable(cable, options.switches)
  }
}

export function requireLatency(latencyMs: number): void {
  if (Number.isFinite(latencyMs) && latencyMs >= 0 && latencyMs <= LATENCY_MS_MAX) return
  throw new LabError('lab-malformed', `a latency is 0 to ${LATENCY_MS_MAX} ms`)
}

function requireCable(cable: CableOptions, switches: readonly string[]): void {
  if (!switches.includes(cable.switch)) {
    throw new LabError('lab-malformed', `there is no switch "${cable.switch}"`)
  }
  requireLatency(cable.latencyMs ?? 0)
}

function requireCount(what: string, count: number, max: number): void {
  if (count <= max) return
  throw new LabError('lab-malformed', `a lab has at most ${max} ${what}`)
}

function requireName(name: string): void {
  if (NAME.test(name)) return
  throw new LabError('lab-malformed', `"${name}" is not a name: a-z, then a-z and 0-9, 15 at most`)
}
