import { type Note } from './note.ts'
import { type Finding } from './violation.ts'

/** What an invariant may look at. */
export interface RunView<Machine> {
  readonly nodes: number
  readonly nowMs: number
  /** The node to which something happened last. */
  readonly touched: number | undefined
  readonly notes: readonly Note[]
  /** The state machine of a node; undefined while the node is down. */
  actor(node: number): Machine | undefined
}

/** Says what is wrong with a run at this moment; undefined where nothing is. */
export type Invariant<Machine> = (run: RunView<Machine>) => Finding | string | undefined
