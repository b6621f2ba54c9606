import { isJsonObject, type JsonValue } from '@warren/core'

/**
 * The rows of an answer of dbhub, or those that a database gave, in one form: every value that is no text is written as
 * JSON. Undefined where the answer says that the database could not run it.
 */
export function rowsIn(answer: string | readonly unknown[]): readonly unknown[] | undefined {
  const rows = typeof answer === 'string' ? rowsOfAnswer(JSON.parse(answer)) : answer
  return rows?.map((row) =>
    Object.entries(Object(row)).map(([name, value]) => [name, written(value)]),
  )
}

function rowsOfAnswer(answer: JsonValue): readonly unknown[] | undefined {
  const data = isJsonObject(answer) ? answer['data'] : undefined
  const statements =
    isJsonObject(data ?? null) && isJsonObject(data) ? data['statements'] : undefined
  const [first] = Array.isArray(statements) ? statements : []
  const rows = isJsonObject(first) ? first['rows'] : undefined
  return Array.isArray(rows) ? rows : undefined
}

function written(value: unknown): string {
  if (typeof value === 'bigint') return `${value}`
  return typeof value === 'string' ? value : JSON.stringify(value)
}
