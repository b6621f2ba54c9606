import { fixedLatency, fullTopology, Simulation, type SimulationOptions } from '@warren/testkit'
import { ProbeActor, type React, type Sight } from './probe-actor.ts'

export type ProbeOptions = Partial<SimulationOptions<string, string, ProbeActor>>

/** Probes, each with each, on cables of exactly 10 ms, with clocks that are right. */
export function probeMesh(
  nodes: number,
  react: React,
  options: ProbeOptions = {},
): {
  readonly simulation: Simulation<string, string, ProbeActor>
  readonly sights: readonly Sight[]
} {
  const sights: Sight[] = []
  const simulation = new Simulation<string, string, ProbeActor>({
    seed: 1,
    nodes,
    topology: fullTopology(),
    clocks: { driftPpmMax: 0, wallOffsetMsMax: 0 },
    ...options,
    network: { latency: fixedLatency(10), redialMs: 100, ...options.network },
    createActor: (life) => new ProbeActor(life, sights, react),
  })
  return { simulation, sights }
}

/** The events of one type at one node. */
export function seen<Type extends Sight['event']['type']>(
  sights: readonly Sight[],
  node: number,
  type: Type,
): readonly (Sight & { readonly event: Extract<Sight['event'], { type: Type }> })[] {
  return sights.filter(
    (sight): sight is Sight & { event: Extract<Sight['event'], { type: Type }> } =>
      sight.node === node && sight.event.type === type,
  )
}
