import { SQLITE_SCHEMA } from '@warren/testkit'
import { sqliteFact } from '@warren/policy'
import { expect, test } from 'vitest'
import { openSqliteCompiler } from '../../src/policy/sqlite-compiler.ts'

const compiler = openSqliteCompiler({ name: 'shop.sql', text: SQLITE_SCHEMA })
const TIMES = (name: string): string =>
  Array.from({ length: 8 }, (_, at) => `${name} t${at}`).join(', ')

test.for([
  [
    'a CTE with the name of a view, joined by the next',
    `WITH open_secrets AS (SELECT 1 AS a FROM orders), v1 AS (SELECT 1 AS a FROM ${TIMES('open_secrets')}),
      v2 AS (SELECT 1 AS a FROM ${TIMES('v1')}) SELECT 1 FROM ${TIMES('v2')} LIMIT 1`,
  ],
  [
    'a CTE of one name in itself',
    `WITH v AS (WITH v AS (WITH v AS (SELECT 1 AS a FROM orders) SELECT 1 AS a FROM v a, v b)
      SELECT 1 AS a FROM v a, v b) SELECT 1 FROM v a, v b LIMIT 1`,
  ],
  [
    'a name given twice',
    'WITH a AS (SELECT 1), b AS (WITH a AS (SELECT 2) SELECT * FROM a) SELECT * FROM a, b LIMIT 1',
  ],
] as const)('%s is refused before it is compiled', { tags: ['FSQ-12'] }, ([, text]) => {
  const compile = { ...compiler, compile: () => expect.unreachable('it was compiled') }
  expect(() => sqliteFact(compile, {}, text)).toThrow(
    expect.objectContaining({ code: 'fact-sql-too-complex' }),
  )
})

test('names that are given once are read', { tags: ['FSQ-12'] }, () => {
  const text =
    'WITH a AS (SELECT id FROM orders), b AS (SELECT id FROM a) SELECT * FROM a, b LIMIT 5'
  expect(sqliteFact(compiler, {}, text)).toMatchObject({ limit: 5, tables: ['main.orders'] })
})
