import { constants, DatabaseSync } from 'node:sqlite'
import {
  PolicyError,
  type PolicySource,
  type SqliteCompilation,
  type SqliteCompiler,
  type SqliteUse,
} from '@warren/policy'
import { copyShadow } from './sqlite-shadow.ts'

/** What the compiler may report about one text before it is stopped. */
const REPORTS_MAX = 2000

/** A statement stays far below these; a text that is made to keep the compiler busy does not. */
const OPTIONS = {
  allowExtension: false,
  enableDoubleQuotedStringLiterals: false,
  limits: {
    exprDepth: 200,
    compoundSelect: 100,
    column: 200,
    functionArg: 100,
    variableNumber: 1000,
    attach: 0,
  },
} as const

/**
 * SQLite's compiler over a database in memory that has the tables and views of a schema, and no data.
 *
 * Nothing is ever run after the schema: statements are compiled and dropped.
 *
 * @throws PolicyError with the file and the line
 */
export function openSqliteCompiler(schema: PolicySource): SqliteCompiler & Disposable {
  using declared = new DatabaseSync(':memory:', OPTIONS)
  const database = new DatabaseSync(':memory:', OPTIONS)
  try {
    declared.exec(schema.text)
    database.exec('PRAGMA automatic_index = OFF')
    const shadow = copyShadow(declared, database)
    return {
      ...shadow,
      compile: (text) => compile(database, text),
      [Symbol.dispose]: () => {
        database.close()
      },
    }
  } catch (cause) {
    database.close()
    throw schemaFault(schema, cause)
  }
}

function schemaFault({ name: file, text }: PolicySource, cause: unknown): PolicyError {
  const why = cause instanceof Error ? cause.message : 'no reason is known'
  const line = lineOfFault(text)
  return new PolicyError('policy-malformed', `SQLite cannot make the schema: ${why}`, {
    file,
    line,
    cause,
  })
}

/** Counted from 1: where the first statement begins that does not run after those before it. */
function lineOfFault(text: string): number | undefined {
  using database = new DatabaseSync(':memory:', OPTIONS)
  let start = 0
  try {
    while (start < text.length) {
      const statement = database.prepare(text.slice(start))
      statement.run()
      start += statement.sourceSQL.length
    }
    return undefined
  } catch {
    // Comments before a statement belong to it, spaces do not.
    const begin = start + (/^\s*/.exec(text.slice(start))?.[0].length ?? 0)
    return text.slice(0, begin).split('\n').length
  }
}

function compile(database: DatabaseSync, text: string): SqliteCompilation {
  const reports: SqliteUse[] = []
  let count = 0
  database.setAuthorizer((action, ...names) => {
    count += 1
    const uses = count > REPORTS_MAX ? undefined : usesOf(action, names)
    if (uses === undefined) return constants.SQLITE_DENY
    reports.push(...uses)
    return constants.SQLITE_OK
  })
  try {
    const statement = database.prepare(text)
    return { outcome: 'compiled', text: statement.sourceSQL, uses: reports }
  } catch (error) {
    const isEmpty = error instanceof Error && 'code' in error && error.code === NOTHING_IN_TEXT
    return { outcome: isEmpty ? 'empty' : 'refused' }
  } finally {
    database.setAuthorizer(null)
  }
}

/** What node:sqlite throws for a text in which SQLite finds no statement; a text that is wrong is another error. */
const NOTHING_IN_TEXT = 'ERR_INVALID_ARG_VALUE'

/** What an action does, or undefined when it is not one of reading. */
function usesOf(
  action: number,
  [first, second, third]: readonly (string | null)[],
): readonly SqliteUse[] | undefined {
  switch (action) {
    case constants.SQLITE_SELECT:
      return []
    case constants.SQLITE_READ:
      return [
        {
          action: 'read',
          table: first ?? '',
          ...(second === null || second === '' || second === undefined ? {} : { column: second }),
          ...(third === null || third === undefined ? {} : { database: third }),
        },
      ]
    case constants.SQLITE_FUNCTION:
      return [{ action: 'function', name: second ?? '' }]
    case constants.SQLITE_RECURSIVE:
      return [{ action: 'recursion' }]
    default:
      return undefined
  }
}
