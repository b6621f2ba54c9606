import { type Timeline } from './timeline.ts'

/**
 * Something that goes wrong at a time, and is put right again later; never, where that is infinity.
 *
 * There is one partition at a time: a new one replaces the one before, and the end of either heals the mesh.
 */
export type Fault =
  | { readonly type: 'crash'; readonly atMs: number; readonly node: number; readonly forMs: number }
  | {
      readonly type: 'partition'
      readonly atMs: number
      readonly groups: readonly (readonly number[])[]
      readonly forMs: number
    }
  | { readonly type: 'lose'; readonly atMs: number; readonly one: number; readonly other: number }
  | { readonly type: 'step'; readonly atMs: number; readonly node: number; readonly byMs: number }
  | { readonly type: 'sleep'; readonly atMs: number; readonly node: number; readonly forMs: number }
  | { readonly type: 'stall'; readonly atMs: number; readonly node: number; readonly forMs: number }

/** What can be done to a mesh. */
export interface FaultTarget {
  crash(node: number): void
  restart(node: number): void
  separate(groups: readonly (readonly number[])[]): void
  heal(): void
  lose(one: number, other: number): void
  step(node: number, byMs: number): void
  sleep(node: number): void
  resume(node: number): void
  stall(node: number): void
  recover(node: number): void
}

/** Lets a fault happen when its time comes. */
export function scheduleFault(fault: Fault, target: FaultTarget, timeline: Timeline): void {
  timeline.at(fault.atMs, () => begin(fault, target))
  if ('forMs' in fault && fault.forMs < Infinity) {
    timeline.at(fault.atMs + fault.forMs, () => end(fault, target))
  }
}

function begin(fault: Fault, target: FaultTarget): void {
  switch (fault.type) {
    case 'crash':
      return target.crash(fault.node)
    case 'partition':
      return target.separate(fault.groups)
    case 'lose':
      return target.lose(fault.one, fault.other)
    case 'step':
      return target.step(fault.node, fault.byMs)
    case 'sleep':
      return target.sleep(fault.node)
    case 'stall':
      return target.stall(fault.node)
  }
}

function end(fault: Extract<Fault, { forMs: number }>, target: FaultTarget): void {
  switch (fault.type) {
    case 'crash':
      return target.restart(fault.node)
    case 'partition':
      return target.heal()
    case 'sleep':
      return target.resume(fault.node)
    case 'stall':
      return target.recover(fault.node)
  }
}
