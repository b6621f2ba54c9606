import { cpuMsOfTree } from './cpu-time.ts'

const ROUNDS = 10

/** One way to carry a call; the load generator is this process, everything else runs in `pids`. */
export interface Variant {
  readonly name: string
  /** Processes other than this one whose CPU, with that of their children, belongs to the call. */
  readonly pids: readonly number[]
  call(): Promise<void>
  stop(): Promise<void>
}

/** What one round of one variant gave. */
export interface Sample {
  readonly callsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** All processes together, this one included. */
  readonly cpuMsPerCall: number
}

/** Runs `concurrency` loops of calls for a while and reports how they went. */
export async function measure(
  variant: Variant,
  concurrency: number,
  durationMs: number,
): Promise<Sample> {
  const latencies: number[] = []
  const cpuBefore = totalCpuMs(variant)
  const from = performance.now()
  const until = from + durationMs
  const loop = async (): Promise<void> => {
    while (performance.now() < until) {
      const start = performance.now()
      await variant.call()
      latencies.push(performance.now() - start)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, loop))
  const elapsedMs = performance.now() - from
  const sorted = latencies.toSorted((a, b) => a - b)
  return {
    callsPerSecond: (latencies.length / elapsedMs) * 1000,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
    cpuMsPerCall: (totalCpuMs(variant) - cpuBefore) / latencies.length,
  }
}

/** The middle one of several rounds, by calls per second. */
export function median(samples: readonly Sample[]): Sample {
  const sorted = samples.toSorted((a, b) => a.callsPerSecond - b.callsPerSecond)
  const middle = sorted[Math.floor(sorted.length / 2)]
  if (middle === undefined) throw new Error('no sample')
  return middle
}

function totalCpuMs(variant: Variant): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000 + variant.pids.reduce((sum, pid) => sum + cpuMsOfTree(pid), 0)
}

/** Of a list in the order in which it was measured: the smallest 99th percentile of any tenth, as on a machine that is not shared. */
export function quietestP99(values: readonly number[]): number {
  const length = Math.ceil(values.length / ROUNDS)
  const rounds = Array.from({ length: ROUNDS }, (_, round) =>
    values.slice(round * length, (round + 1) * length),
  )
  return Math.min(
    ...rounds.map((round) =>
      quantile(
        round.toSorted((a, b) => a - b),
        0.99,
      ),
    ),
  )
}

/** The value below which that fraction of a sorted list lies. */
export function quantile(sorted: readonly number[], fraction: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN
}
