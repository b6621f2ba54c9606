import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import type { SqlDeclaration } from '../declaration.ts'
import { malformed, requireKeys } from '../declaration-options.ts'
import type { FactPlace } from '../fact-error.ts'

const COMMON = ['type', 'dialect', 'functions', 'onNoLimit']
const SEARCH_PATH_DEFAULT: readonly string[] = ['public']
const SCHEMAS_MAX = 16
const FUNCTIONS_MAX = 64
const ROWS_MAX = 100_000
/** Postgres cuts a longer name, which would be another one. */
const SCHEMA_PATTERN = /^[a-z_][a-z0-9_]{0,62}$/
/** In lower case, with the schema where it is not the database's own. */
const FUNCTION_PATTERN = /^(?:[a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,62}$/
const FILE_PATTERN = /^[a-z0-9][\w-]{0,63}\.sql$/i

/**
 * Reads what is said of an argument that is SQL, strictly.
 *
 * @throws FactError
 */
export function readSqlDeclaration(options: JsonObject, place: FactPlace): SqlDeclaration {
  const { dialect } = options
  if (dialect === 'postgres') return readPostgres(options, place)
  if (dialect === 'sqlite') return readSqlite(options, place)
  throw malformed('the dialect is postgres or sqlite; no other has facts', place)
}

function readPostgres(options: JsonObject, place: FactPlace): SqlDeclaration {
  requireKeys(options, [...COMMON, 'searchPath'], place)
  const { searchPath = SEARCH_PATH_DEFAULT } = options
  if (!isNames(searchPath, SCHEMA_PATTERN, SCHEMAS_MAX)) {
    const message = `the search path is 1 to ${SCHEMAS_MAX} names of schemas, such as [public]`
    throw malformed(message, place)
  }
  return { type: 'sql', dialect: 'postgres', searchPath, ...readCommon(options, place) }
}

function readSqlite(options: JsonObject, place: FactPlace): SqlDeclaration {
  requireKeys(options, [...COMMON, 'schema'], place)
  const { schema } = options
  if (typeof schema !== 'string' || !FILE_PATTERN.test(schema)) {
    const message = 'the schema is a file beside this one that makes the tables, such as shop.sql'
    throw malformed(message, place)
  }
  return { type: 'sql', dialect: 'sqlite', schema, ...readCommon(options, place) }
}

function readCommon(
  { functions, onNoLimit }: JsonObject,
  place: FactPlace,
): Pick<SqlDeclaration, 'functions' | 'rewriteRows'> {
  if (functions !== undefined && !isNames(functions, FUNCTION_PATTERN, FUNCTIONS_MAX)) {
    const message = `functions are 1 to ${FUNCTIONS_MAX} names in lower case, such as [date_trunc]`
    throw malformed(message, place)
  }
  const rewriteRows = onNoLimit === undefined ? undefined : readRows(onNoLimit, place)
  return {
    ...(functions !== undefined && { functions }),
    ...(rewriteRows !== undefined && { rewriteRows }),
  }
}

function readRows(onNoLimit: JsonValue, place: FactPlace): number {
  const [[key, rows] = []] = isJsonObject(onNoLimit) ? Object.entries(onNoLimit) : []
  const isOnly = isJsonObject(onNoLimit) && Object.keys(onNoLimit).length === 1
  const isRows = typeof rows === 'number' && Number.isInteger(rows) && rows >= 1
  if (!isOnly || key !== 'rewrite' || !isRows || rows > ROWS_MAX) {
    throw malformed(`onNoLimit is { rewrite: <1 to ${ROWS_MAX} rows> }`, place)
  }
  return rows
}

function isNames(value: JsonValue, pattern: RegExp, max: number): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= max &&
    value.every((name) => typeof name === 'string' && pattern.test(name))
  )
}
