import type { SqlDeclaration } from '../declaration.ts'
import { boundPostgres, postgresFact } from './postgres-facts.ts'
import type { PostgresParser } from './postgres-parser.ts'
import type { SqlFact } from './sql-fact.ts'
import type { SqliteCompiler } from './sqlite-compiler.ts'
import { boundSqlite, sqliteFact } from './sqlite-facts.ts'

/** What reads SQL as the database would. */
export interface SqlPorts {
  /** Postgres' own parser, which the first statement loads. */
  readonly postgres: () => Promise<PostgresParser>
  /** SQLite's own compiler over each declared schema, by the name of its file. */
  readonly sqlite: ReadonlyMap<string, SqliteCompiler & Disposable>
}

/** A statement, read: its fact, and the text that has it. */
export interface SqlReading {
  readonly fact: SqlFact
  /** What was asked, or that with a bound on its rows around it. */
  readonly statement: string
}

interface Dialect {
  readonly fact: (text: string) => SqlFact
  readonly bound: (text: string, rows: number) => string
}

/**
 * Reads one statement. A SELECT without a limit gets one around it where its declaration says so; the fact is then that
 * of the text with the limit. With `rows`, every SELECT that may return more gets that limit.
 *
 * @throws SqlFactError; Error when the dialect cannot be read on this machine
 */
export async function readSql(
  ports: SqlPorts,
  asked: string,
  {
    declaration,
    rows,
  }: { readonly declaration: SqlDeclaration; readonly rows?: number | undefined },
): Promise<SqlReading> {
  const dialect = await dialectOf(ports, declaration)
  const fact = dialect.fact(asked)
  const bound = fact.kind === 'select' ? boundFor(fact, declaration, rows) : undefined
  if (bound === undefined) return { fact, statement: asked }
  const statement = dialect.bound(asked, bound)
  return { fact: dialect.fact(statement), statement }
}

function boundFor(
  { limit }: SqlFact,
  { rewriteRows }: SqlDeclaration,
  rows: number | undefined,
): number | undefined {
  if (rows !== undefined) return limit === undefined || limit > rows ? rows : undefined
  return limit === undefined ? rewriteRows : undefined
}

async function dialectOf(ports: SqlPorts, declaration: SqlDeclaration): Promise<Dialect> {
  if (declaration.dialect === 'postgres') {
    const parser = await ports.postgres()
    return {
      fact: (text) => postgresFact(parser, declaration, text),
      bound: (text, rows) => boundPostgres(parser, text, rows),
    }
  }
  const compiler = ports.sqlite.get(declaration.schema)
  if (compiler === undefined) throw new Error(`${declaration.schema} has not been loaded`)
  return {
    fact: (text) => sqliteFact(compiler, declaration, text),
    bound: (text, rows) => boundSqlite(compiler, text, rows),
  }
}
