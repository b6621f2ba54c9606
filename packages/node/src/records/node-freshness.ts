import type { Clock } from '@warren/core'
import {
  betterOf,
  type FreshnessJudgement,
  type FreshnessState,
  type FreshnessView,
  islandsOf,
  unwitnessedTime,
} from '@warren/membership'
import type { RecordDesk } from './record-desk.ts'

export interface NodeFreshnessInit {
  readonly clock: Clock
  readonly records: Pick<RecordDesk, 'set' | 'judge' | 'meshTimeMs'>
  /** The enclave that this node is in now. */
  readonly enclave: () => string
}

/** Whether this node may go on trusting what it knows, and what time it is in the mesh. */
export class NodeFreshness {
  readonly #init: NodeFreshnessInit
  #seenMs = 0

  constructor(init: NodeFreshnessInit) {
    this.#init = init
  }

  judge(): FreshnessJudgement {
    const { records, enclave } = this.#init
    return records.judge(islandsOf(records.set, enclave()))
  }

  /** How fresh it is for what is asked of one server: an island grant that names it may allow more. */
  viewFor(server: string): FreshnessView {
    const { state, why, servers } = this.judge()
    return { state: servers.find((each) => each.server === server)?.state ?? state, why }
  }

  /** The state for what names no server, such as asking what is offered: that of the server which may go on longest. */
  bestState(): FreshnessState {
    const { state, servers } = this.judge()
    return servers.reduce((best, each) => betterOf(best, each.state), state)
  }

  /**
   * Mesh time, whole milliseconds since 1970. The wall clock stands in for it, and never goes back, in a mesh without
   * witnesses and until they have answered: nothing is served before that anyway.
   */
  meshTimeMs(): number {
    const { records, clock } = this.#init
    const meshTimeMs = records.meshTimeMs()
    if (meshTimeMs !== undefined) return Math.floor(meshTimeMs)
    this.#seenMs = unwitnessedTime(clock.wallMs(), this.#seenMs)
    return this.#seenMs
  }
}
