import type { SqlFact } from './sql-fact.ts'

/** A statement, read: its fact, and the text that has it. */
export interface SqlReading {
  readonly fact: SqlFact
  /** What was asked, or that with a bound on its rows around it. */
  readonly statement: string
}

/** A statement, read, that can be read again with a bound on its rows around it. */
export interface StatementReading extends SqlReading {
  /** @throws SqlFactError where no limit can be put around it */
  bound(rows: number): SqlReading
}
