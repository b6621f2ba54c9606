import type { SqlDeclaration } from '../declaration.ts'
import { readPostgres } from './postgres-facts.ts'
import type { PostgresParser } from './postgres-parser.ts'
import type { SqlFact } from './sql-fact.ts'
import type { SqlReading, StatementReading } from './sql-reading.ts'
import type { SqliteCompiler } from './sqlite-compiler.ts'
import { boundSqlite, sqliteFact } from './sqlite-facts.ts'

/** What reads SQL as the database would. */
export interface SqlPorts {
  /** Postgres' own parser, which the first statement loads. */
  readonly postgres: () => Promise<PostgresParser>
  /** SQLite's own compiler over each declared schema, by the name of its file. */
  readonly sqlite: ReadonlyMap<string, SqliteCompiler & Disposable>
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
  const reading = await readStatement(ports, asked, declaration)
  const { fact, statement } = reading
  const bound = fact.kind === 'select' ? boundFor(fact, declaration, rows) : undefined
  return bound === undefined ? { fact, statement } : reading.bound(bound)
}

function boundFor(
  { limit }: SqlFact,
  { rewriteRows }: SqlDeclaration,
  rows: number | undefined,
): number | undefined {
  if (rows !== undefined) return limit === undefined || limit > rows ? rows : undefined
  return limit === undefined ? rewriteRows : undefined
}

async function readStatement(
  ports: SqlPorts,
  asked: string,
  declaration: SqlDeclaration,
): Promise<StatementReading> {
  if (declaration.dialect === 'postgres') {
    return readPostgres(await ports.postgres(), declaration, asked)
  }
  const compiler = ports.sqlite.get(declaration.schema)
  if (compiler === undefined) throw new Error(`${declaration.schema} has not been loaded`)
  return {
    fact: sqliteFact(compiler, declaration, asked),
    statement: asked,
    bound(rows) {
      const statement = boundSqlite(compiler, asked, rows)
      return { fact: sqliteFact(compiler, declaration, statement), statement }
    },
  }
}
