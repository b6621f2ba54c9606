import { type SqlFact, SqlFactError, sqliteFact } from '@warren/policy'
import { SQLITE_ATTEMPTS, SQLITE_HONEST, SQLITE_SCHEMA } from '@warren/testkit'
import { expect, test } from 'vitest'
import { openSqliteCompiler } from '../../src/policy/sqlite-compiler.ts'

const compiler = openSqliteCompiler({ name: 'shop.sql', text: SQLITE_SCHEMA })

const FUNCTIONS = new Set(['count', 'sum', 'avg', 'min', 'max', 'lower', 'upper'])

/** The rule "one SELECT, at most 10 rows, only orders and items, only these functions", over facts alone. */
function seedRule(fact: SqlFact): string {
  if (fact.unsafe) return 'unsafe'
  if (fact.kind !== 'select' || fact.statements !== 1) return 'kind'
  if (fact.limit === undefined) return 'no limit'
  if (fact.limit > 10) return 'limit'
  if (!fact.tables.every((table) => ['main.orders', 'main.items'].includes(table))) return 'tables'
  return fact.functions.every((name) => FUNCTIONS.has(name)) ? 'allowed' : 'functions'
}

function judge(sql: string): string {
  try {
    return seedRule(sqliteFact(compiler, {}, sql))
  } catch (error) {
    if (error instanceof SqlFactError) return error.code
    throw error
  }
}

test.for(SQLITE_ATTEMPTS)('%s: %s', { tags: ['FSQ-1'] }, ([sql, expected]) => {
  expect(judge(sql)).toBe(expected)
})

test.for(SQLITE_HONEST)('%s is allowed', { tags: ['FSQ-1'] }, (sql) => {
  expect(judge(sql)).toBe('allowed')
})
