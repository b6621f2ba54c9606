import { setTimeout as wait } from 'node:timers/promises'
import { LabError } from './lab-error.ts'
import { type AddressFamily, requireLatency } from './lab-options.ts'
import { labSupport } from './lab-support.ts'
import { ipIn } from './namespaces.ts'
import { runCommand } from './run-command.ts'

const CARRIER_MS_MAX = 5000
const POLL_MS = 5

/** Where a cable runs: one end in a host, the other in a switch. */
export interface CableEnds {
  readonly hostNamespace: string
  readonly interfaceName: string
  readonly switchNamespace: string
  readonly portName: string
  readonly switchName: string
  readonly family: AddressFamily
  readonly ipv4?: string
  readonly ipv6?: string
}

/** One cable between a host and a switch. */
export class Cable {
  /** The interface inside of the host: `eth0`, `eth1`, ... */
  readonly interfaceName: string
  /** The switch into which the cable is plugged. */
  readonly switchName: string
  /** The host's address on this cable, without its prefix length, where it has one. */
  readonly ipv4: string | undefined
  readonly ipv6: string | undefined
  /** Of fe80::/64, without a zone. */
  readonly ipv6LinkLocal: string | undefined
  readonly #ends: CableEnds

  private constructor(ends: CableEnds, ipv6LinkLocal: string | undefined) {
    this.interfaceName = ends.interfaceName
    this.switchName = ends.switchName
    this.ipv4 = ends.ipv4
    this.ipv6 = ends.ipv6
    this.ipv6LinkLocal = ipv6LinkLocal
    this.#ends = ends
  }

  /** The cable between two ends that exist, once there is a signal on it and its addresses can be used. */
  static async between(ends: CableEnds): Promise<Cable> {
    await waitForCarrier(ends, true)
    if (ends.family === 'ipv4') return new Cable(ends, undefined)
    return new Cable(ends, await linkLocalAddress(ends))
  }

  /** Pulls the cable out of the switch: the host keeps its addresses and sees that the signal is gone. */
  async pull(): Promise<void> {
    await ipIn(this.#ends.switchNamespace, 'link', 'set', this.#ends.portName, 'down')
    await waitForCarrier(this.#ends, false)
  }

  /** Plugs it back. */
  async plug(): Promise<void> {
    await ipIn(this.#ends.switchNamespace, 'link', 'set', this.#ends.portName, 'up')
    await waitForCarrier(this.#ends, true)
  }

  /**
   * Delays every packet, in each direction, by that many milliseconds; 0 takes the delay away.
   * Throws `latency-unavailable` where the kernel has no netem.
   */
  async setLatency(latencyMs: number): Promise<void> {
    requireLatency(latencyMs)
    const support = labSupport()
    if (!support.available || !support.latency) {
      throw new LabError('latency-unavailable', 'this machine cannot delay packets (tc netem)')
    }
    const ends = this.#ends
    await setDelay(ends.hostNamespace, ends.interfaceName, latencyMs)
    await setDelay(ends.switchNamespace, ends.portName, latencyMs)
  }
}

async function setDelay(
  namespace: string,
  interfaceName: string,
  latencyMs: number,
): Promise<void> {
  const netem = ['root', 'netem', 'delay', `${latencyMs}ms`]
  await runCommand(['tc', '-n', namespace, 'qdisc', 'replace', 'dev', interfaceName, ...netem])
}

async function waitForCarrier(ends: CableEnds, expected: boolean): Promise<void> {
  await poll(`the carrier of ${ends.interfaceName}`, async () => {
    const shown = await ipIn(ends.hostNamespace, 'link', 'show', 'dev', ends.interfaceName)
    // IPv6 follows the operational state, which the kernel updates a moment after the carrier.
    const up = shown.includes('LOWER_UP') && shown.includes('state UP')
    return up === expected ? true : undefined
  })
}

async function linkLocalAddress(ends: CableEnds): Promise<string> {
  return poll(`the link-local address of ${ends.interfaceName}`, async () => {
    const dev = ['dev', ends.interfaceName, 'scope', 'link']
    const shown = await ipIn(ends.hostNamespace, '-6', '-o', 'addr', 'show', ...dev)
    return shown.includes('tentative') ? undefined : /inet6 ([0-9a-f:]+)\//.exec(shown)?.[1]
  })
}

async function poll<Value>(what: string, look: () => Promise<Value | undefined>): Promise<Value> {
  const deadlineMs = performance.now() + CARRIER_MS_MAX
  for (;;) {
    const value = await look()
    if (value !== undefined) return value
    if (performance.now() > deadlineMs) throw new LabError('lab-timeout', `${what} does not change`)
    await wait(POLL_MS)
  }
}
