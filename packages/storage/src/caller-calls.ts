import { integer, type Row, text } from './row.ts'
import type { Sqlite } from './sqlite.ts'
import { checkRecordText } from './text-record.ts'
import { checkWholeNumber } from './whole-number.ts'

/** A call of a caller that counts against limits, as it lies on the disk. */
export interface StoredCall {
  readonly id: number
  readonly caller: string
  readonly server: string
  readonly tool: string
  readonly digest: string
  readonly bytesIn: number
  /** Wall-clock time at which it was asked for. */
  readonly atMs: number
  readonly state: string
  readonly bytesOut: number
}

/** How a call went on. */
export type StoredCallNews = Pick<StoredCall, 'id' | 'state' | 'bytesOut'>

/** A caller that this node answers nothing for a while. */
export interface StoredQuarantine {
  readonly caller: string
  /** The limit or the rule that it broke. */
  readonly because: string
  readonly sinceMs: number
  readonly untilMs: number
}

/** What callers have done lately, so that a restart forgives nothing. */
export class CallerCalls {
  readonly #database: Sqlite

  constructor(database: Sqlite) {
    this.#database = database
  }

  /** Writes what came and what went on, together; durable when this returns. */
  write(added: readonly StoredCall[], news: readonly StoredCallNews[]): void {
    for (const { caller, id, atMs } of added) {
      checkRecordText(caller)
      checkWholeNumber(id)
      checkWholeNumber(atMs)
    }
    this.#database.transaction(() => {
      for (const call of added) this.#add(call)
      for (const { id, state, bytesOut } of news) {
        this.#database.run(
          'UPDATE caller_call SET state = :state, bytes_out = :bytesOut WHERE id = :id',
          { id, state, bytesOut },
        )
      }
    })
  }

  /** Gives the newest calls, so many at most, the oldest of them first; one at a time, so that no two lie in memory for it. */
  newest(countMax: number, take: (call: StoredCall) => void): void {
    this.#database.each(
      `SELECT * FROM caller_call
       WHERE id >= (SELECT min(id) FROM (SELECT id FROM caller_call ORDER BY id DESC LIMIT :countMax))
       ORDER BY id`,
      { countMax },
      (row) => take(callOf(row)),
    )
  }

  /** Forgets the oldest of the calls before one, so many at most; returns how many those were. */
  forgetBefore(id: number, countMax: number): number {
    return this.#database.run(
      `DELETE FROM caller_call
       WHERE id IN (SELECT id FROM caller_call WHERE id < :id ORDER BY id LIMIT :countMax)`,
      { id, countMax },
    )
  }

  /** Keeps a caller out; durable when this returns. */
  quarantine({ caller, because, sinceMs, untilMs }: StoredQuarantine): void {
    checkRecordText(caller)
    this.#database.run(
      `INSERT INTO caller_quarantine (caller, because, since_ms, until_ms)
       VALUES (:caller, :because, :sinceMs, :untilMs)
       ON CONFLICT (caller) DO UPDATE SET because = excluded.because, until_ms = excluded.until_ms`,
      { caller, because, sinceMs, untilMs },
    )
  }

  quarantines(): readonly StoredQuarantine[] {
    return this.#database.all('SELECT * FROM caller_quarantine ORDER BY caller').map(quarantineOf)
  }

  /** Lets a caller in again; true when it was kept out. */
  lift(caller: string): boolean {
    return (
      this.#database.run('DELETE FROM caller_quarantine WHERE caller = :caller', { caller }) > 0
    )
  }

  #add({ id, caller, server, tool, digest, bytesIn, atMs, state, bytesOut }: StoredCall): void {
    this.#database.run(
      `INSERT INTO caller_call (id, caller, server, tool, digest, bytes_in, at_ms, state, bytes_out)
       VALUES (:id, :caller, :server, :tool, :digest, :bytesIn, :atMs, :state, :bytesOut)`,
      { id, caller, server, tool, digest, bytesIn, atMs, state, bytesOut },
    )
  }
}

function callOf(row: Row): StoredCall {
  return {
    id: integer(row, 'id'),
    caller: text(row, 'caller'),
    server: text(row, 'server'),
    tool: text(row, 'tool'),
    digest: text(row, 'digest'),
    bytesIn: integer(row, 'bytes_in'),
    atMs: integer(row, 'at_ms'),
    state: text(row, 'state'),
    bytesOut: integer(row, 'bytes_out'),
  }
}

function quarantineOf(row: Row): StoredQuarantine {
  return {
    caller: text(row, 'caller'),
    because: text(row, 'because'),
    sinceMs: integer(row, 'since_ms'),
    untilMs: integer(row, 'until_ms'),
  }
}
