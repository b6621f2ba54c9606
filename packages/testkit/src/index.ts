/**
 * Parts of a mesh in memory, a simulator that runs a whole mesh from one seed, and attempts to get round a policy; for tests only.
 *
 * The simulator is specified in docs/specs/simulator.md.
 *
 * @packageDocumentation
 */
export { honestPaths, pathAttempts } from './attempts/path-attempts.ts'
export { growPathTree } from './attempts/path-tree.ts'
export { POSTGRES_ATTEMPTS, POSTGRES_HONEST } from './attempts/postgres-attempts.ts'
export { SQLITE_ATTEMPTS, SQLITE_HONEST, SQLITE_SCHEMA } from './attempts/sqlite-attempts.ts'
export { type MemoryStream, memoryStreamPair } from './memory-stream.ts'
export type { Actor, ActorEffect, ActorEvent, ActorTime, Life } from './simulation/actor.ts'
export {
  type Behaviour,
  type CreateBehaviour,
  duplicating,
  hiding,
  replaying,
  silent,
} from './simulation/behaviour.ts'
export type { Fault, FaultTarget } from './simulation/fault.ts'
export { GOSSIP_OPTIONS, type GossipOptions } from './simulation/gossip-options.ts'
export type { Invariant, RunView } from './simulation/invariant.ts'
export { fixedLatency, lanLatency, type Latency, wanLatency } from './simulation/latency.ts'
export { LAN_OPTIONS, type NetworkOptions } from './simulation/network-options.ts'
export { CLOCK_OPTIONS, type ClockOptions } from './simulation/node-clock.ts'
export type { Note } from './simulation/note.ts'
export { type RandomFaults, randomFaults } from './simulation/random-faults.ts'
export {
  runSeeds,
  type RunSeedsOptions,
  type SeedRun,
  type SeedsFailure,
  type SeedsProgress,
  type SeedsResult,
  type Variation,
} from './simulation/run-seeds.ts'
export { SeededRandom } from './simulation/seeded-random.ts'
export { Simulation } from './simulation/simulation.ts'
export type {
  ProcessorOptions,
  SimulationOptions,
  TimedCommand,
} from './simulation/simulation-options.ts'
export {
  type Edges,
  fullTopology,
  randomTopology,
  ringTopology,
  starTopology,
  type Topology,
} from './simulation/topology.ts'
export type { Traffic } from './simulation/traffic.ts'
export { type Finding, formatViolation, type Violation } from './simulation/violation.ts'
