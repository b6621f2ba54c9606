import type { Did } from '@warren/identity'
import type { CheckpointRecord, LogPosition } from '../records/mesh-record.ts'

interface Log {
  readonly checkpoints: readonly CheckpointRecord[]
  /** Where each id stands. */
  readonly positions: ReadonlyMap<string, number>
}

/**
 * What the witnesses have written down, each in a log of its own: an immutable value.
 *
 * A log is a chain of checkpoints. One that is missing leaves a gap and changes no position, since
 * each checkpoint says how long the log is with what it adds.
 */
export class WitnessLogs {
  readonly #logs: ReadonlyMap<Did, Log>

  constructor(logs: ReadonlyMap<Did, Log> = new Map()) {
    this.#logs = logs
  }

  with(checkpoints: readonly CheckpointRecord[]): WitnessLogs {
    if (checkpoints.length === 0) return this
    const logs = new Map(this.#logs)
    for (const witness of new Set(checkpoints.map((each) => each.witness))) {
      const known = logs.get(witness)?.checkpoints ?? []
      const all = [...known, ...checkpoints.filter((each) => each.witness === witness)]
      logs.set(witness, logOf(all))
    }
    return new WitnessLogs(logs)
  }

  /** The newest checkpoint of a witness: the one with the highest epoch, then the lowest id. */
  latest(witness: Did): CheckpointRecord | undefined {
    return this.#logs.get(witness)?.checkpoints.at(-1)
  }

  /** Where each log ends. */
  ends(): readonly LogPosition[] {
    return [...this.#logs].flatMap(([witness, { checkpoints }]) => {
      const size = checkpoints.at(-1)?.size
      return size === undefined ? [] : [{ witness, size }]
    })
  }

  /** The witnesses in whose log an id stands. */
  witnessesOf(id: string): readonly Did[] {
    return [...this.#logs].flatMap(([witness, { positions }]) =>
      positions.has(id) ? [witness] : [],
    )
  }

  /** The witnesses in whose log an id stands before a position. */
  witnessesBefore(id: string, since: readonly LogPosition[]): readonly Did[] {
    return since.flatMap(({ witness, size }) => {
      const at = this.#logs.get(witness)?.positions.get(id)
      return at !== undefined && at < size ? [witness] : []
    })
  }

  /** The witnesses who had written an id down by a time, which each of them has signed. */
  witnessesBy(id: string, atMs: number): readonly Did[] {
    return [...this.#logs].flatMap(([witness, { checkpoints }]) =>
      checkpoints.some(({ added, claimedMs }) => claimedMs <= atMs && added.includes(id))
        ? [witness]
        : [],
    )
  }

  /** When each witness says that it made its newest checkpoint. */
  times(): readonly number[] {
    return [...this.#logs.values()].flatMap(({ checkpoints }) =>
      checkpoints.slice(-1).map(({ claimedMs }) => claimedMs),
    )
  }

  /** The witnesses whose newest checkpoint says that a head of the admins is in force. */
  witnessesWith(isAtLeast: (adminHead: string) => boolean): readonly Did[] {
    return [...this.#logs].flatMap(([witness, { checkpoints }]) => {
      const latest = checkpoints.at(-1)
      return latest !== undefined && isAtLeast(latest.adminHead) ? [witness] : []
    })
  }
}

function logOf(all: readonly CheckpointRecord[]): Log {
  const checkpoints = all.toSorted(
    (left, right) => left.epoch - right.epoch || (left.id < right.id ? -1 : 1),
  )
  const positions = new Map<string, number>()
  for (const { added, size } of checkpoints) {
    for (const [at, id] of added.entries()) {
      const position = size - added.length + at
      const known = positions.get(id)
      // Twice in one log is a witness's mistake: the later place is the one that proves less.
      if (known === undefined || known < position) positions.set(id, position)
    }
  }
  return { checkpoints, positions }
}
