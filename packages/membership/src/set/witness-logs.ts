import type { Did } from '@warren/identity'
import type { CheckpointRecord, LogPosition } from '../records/mesh-record.ts'

interface Log {
  readonly checkpoints: readonly CheckpointRecord[]
  /** Where each id stands. */
  readonly positions: ReadonlyMap<string, number>
  /** When each id was written down first, as the witness says. */
  readonly times: ReadonlyMap<string, number>
  /** The admin changes that it has ever said to be in force. */
  readonly adminHeads: readonly string[]
  /** Whether its checkpoints contradict each other. */
  readonly isBroken: boolean
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

  /** The newest checkpoint of a witness: the one with the highest epoch, then the highest id. */
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

  /** Whether a witness's own checkpoints show that it has said two things: two of one epoch, or one that does not go on where the one before it ends. */
  isBroken(witness: Did): boolean {
    return this.#logs.get(witness)?.isBroken ?? false
  }

  /** The witnesses in whose log an id stands. */
  witnessesOf(id: string): readonly Did[] {
    return this.#those(({ positions }) => positions.has(id))
  }

  /** The witnesses in whose log an id stands before a position. */
  witnessesBefore(id: string, since: readonly LogPosition[]): readonly Did[] {
    return since.flatMap(({ witness, size }) => {
      const at = this.#logs.get(witness)?.positions.get(id)
      return at !== undefined && at < size ? [witness] : []
    })
  }

  /** When each witness that has written an id down did so first, which it has signed. */
  timesOf(id: string): readonly { readonly witness: Did; readonly atMs: number }[] {
    return [...this.#logs].flatMap(([witness, { times }]) => {
      const atMs = times.get(id)
      return atMs === undefined ? [] : [{ witness, atMs }]
    })
  }

  /** When a witness says that it made its newest checkpoint. */
  timeOf(witness: Did): number | undefined {
    return this.latest(witness)?.claimedMs
  }

  /** The admin changes that a witness has ever said to be in force, or the mesh id. */
  adminHeadsOf(witness: Did): readonly string[] {
    return this.#logs.get(witness)?.adminHeads ?? []
  }

  /** The witnesses whose newest checkpoint says that a head of the admins is in force. */
  witnessesWith(isAtLeast: (adminHead: string) => boolean): readonly Did[] {
    return this.#those(({ checkpoints }) => {
      const latest = checkpoints.at(-1)
      return latest !== undefined && isAtLeast(latest.adminHead)
    })
  }

  #those(fits: (log: Log) => boolean): readonly Did[] {
    return [...this.#logs].flatMap(([witness, log]) => (fits(log) ? [witness] : []))
  }
}

function logOf(all: readonly CheckpointRecord[]): Log {
  const checkpoints = all.toSorted(
    (left, right) => left.epoch - right.epoch || (left.id < right.id ? -1 : 1),
  )
  const positions = new Map<string, number>()
  const times = new Map<string, number>()
  for (const { added, size, claimedMs } of checkpoints) {
    for (const [at, id] of added.entries()) {
      const position = size - added.length + at
      const known = positions.get(id)
      // Twice in one log is a witness's mistake: the later place is the one that proves less.
      if (known === undefined || known < position) positions.set(id, position)
      const earlier = times.get(id)
      if (earlier === undefined || claimedMs < earlier) times.set(id, claimedMs)
    }
  }
  const adminHeads = [...new Set(checkpoints.map(({ adminHead }) => adminHead))]
  return { checkpoints, positions, times, adminHeads, isBroken: isBrokenChain(checkpoints) }
}

/** Nothing can be written in between afterwards: where two checkpoints stand next to each other the later has to fit the earlier. */
function isBrokenChain(checkpoints: readonly CheckpointRecord[]): boolean {
  return checkpoints.some((later, at) => {
    const earlier = checkpoints[at - 1]
    if (earlier === undefined) return false
    const start = later.size - later.added.length
    if (later.epoch === earlier.epoch + 1) {
      return later.prev !== earlier.id || start !== earlier.size
    }
    return later.epoch === earlier.epoch || start < earlier.size
  })
}
