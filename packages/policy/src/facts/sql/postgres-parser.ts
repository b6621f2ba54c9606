import { isJsonObject, type JsonObject } from '@warren/core'
import { SqlFactError } from './sql-fact-error.ts'

/** One statement as Postgres' grammar sees it. */
export interface PostgresStatement {
  readonly tree: JsonObject
  /** The text of the statement, without the semicolon that ends it. */
  readonly text: string
}

/** Postgres' own parser. */
export interface PostgresParser {
  /**
   * The one statement of a text that passed `checkSqlText`.
   *
   * @throws SqlFactError `fact-sql-malformed` or `fact-sql-statements`
   */
  parse(text: string): PostgresStatement
}

let loaded: PostgresParser | undefined

/** Loads the parser, a module of WebAssembly, once for the process. */
export async function loadPostgresParser(): Promise<PostgresParser> {
  loaded ??= await load()
  return loaded
}

async function load(): Promise<PostgresParser> {
  const { loadModule, parseSync } = await import('libpg-query')
  await loadModule()
  return {
    parse(text) {
      const [first, ...others] = guarded(() => parseSync(text)).stmts ?? []
      if (others.length > 0) {
        throw new SqlFactError('fact-sql-statements', 'one call carries one statement')
      }
      const tree: unknown = first?.stmt
      if (!isJsonObject(tree)) {
        throw new SqlFactError('fact-sql-malformed', 'there is no statement in the text')
      }
      const start = first?.stmt_location ?? 0
      const length = first?.stmt_len ?? 0
      return {
        tree,
        // Only a text that gets a limit around it is asked for.
        get text() {
          return length === 0 ? text : sliceBytes(text, start, start + length)
        },
      }
    },
  }
}

function guarded<Result>(step: () => Result): Result {
  try {
    return step()
  } catch (cause) {
    // The parser's own words may repeat the statement, so they stay in the cause.
    throw new SqlFactError('fact-sql-malformed', 'Postgres cannot parse the statement', { cause })
  }
}

/** What stands between two places that are counted in bytes of UTF-8. */
function sliceBytes(text: string, start: number, end: number): string {
  let bytes = 0
  let slice = ''
  for (const character of text) {
    if (bytes >= start && bytes < end) slice += character
    bytes += bytesOf(character.codePointAt(0) ?? 0)
  }
  return slice
}

function bytesOf(codePoint: number): number {
  if (codePoint < 0x80) return 1
  if (codePoint < 0x8_00) return 2
  return codePoint < 0x1_00_00 ? 3 : 4
}
