import { SQLITE_SCHEMA } from '@warren/testkit'
import { sqliteFact } from '@warren/policy'
import { expect, test } from 'vitest'
import { openSqliteCompiler } from '../../src/policy/sqlite-compiler.ts'

const compiler = openSqliteCompiler({ name: 'shop.sql', text: SQLITE_SCHEMA })
const TIMES = (name: string): string =>
  Array.from({ length: 8 }, (_, at) => `${name} t${at}`).join(', ')

/** Each level names the only column of the one inside it, in an expression. */
function nested(levels: number, expression: string): string {
  let text = 'SELECT name AS n FROM items'
  for (let level = 0; level < levels; level += 1) text = `SELECT ${expression} AS n FROM (${text})`
  return `${text} LIMIT 1`
}

/** The same as CTEs, each of the one before. */
function chained(levels: number, columns: string, body: (before: string) => string): string {
  const ctes = Array.from(
    { length: levels },
    (_, at) => `c${at + 1}${columns} AS (${body(`c${at}`)})`,
  )
  return `WITH c0${columns} AS (SELECT name AS n FROM items), ${ctes.join(', ')} SELECT n FROM c${levels} LIMIT 1`
}

const EIGHT = Array.from({ length: 8 }, () => 'n').join('||')
const UNION = Array.from({ length: 8 }, () => 'SELECT name AS n FROM items').join(' UNION ALL ')
const MANY = (what: string, count: number, sign: string): string =>
  Array.from({ length: count }, () => what).join(sign)

/** A column that is long, and is named often; with fewer parts it is not refused. */
function named(before: string, parts: number): string {
  const union = MANY('SELECT name FROM items', parts, ' UNION ALL ')
  return `SELECT ${before}5 IN (${MANY('1', 600, ',')}) AS n FROM (${union}) WHERE 1 IN (${MANY('n', 30, ',')})`
}

/** Conditions that name the column `n` only in CTEs of their own. */
function inCtes(conditions: number, names: number): string {
  return Array.from(
    { length: conditions },
    (_, at) =>
      `EXISTS (WITH q${at} AS (SELECT 1 WHERE 1 IN (${MANY('n', names, ',')})) SELECT 1 FROM q${at})`,
  ).join(' OR ')
}

test.for([
  ['20 levels that each double', nested(20, 'n||n')],
  ['7 levels that each take eight', nested(7, EIGHT)],
  ['names that are signs', nested(20, '"("||"("').replaceAll('AS n', 'AS "("')],
  ['names that are keywords', nested(20, '"select"||"select"').replaceAll('AS n', 'AS "select"')],
  ['the name END', nested(20, 'end||end').replaceAll('AS n', 'AS end')],
  ['functions', nested(20, 'coalesce(n, n)')],
  ['comparisons', nested(16, 'n IN (n, n)')],
  ['CASE', nested(14, 'CASE n WHEN n THEN 1 ELSE n END')],
  [
    'two columns that name each other',
    nested(20, 'a||b AS a, b||a').replaceAll('AS n FROM', 'AS b FROM'),
  ],
  ['subqueries in expressions', nested(9, '(SELECT x||x FROM (SELECT n||n AS x))')],
  ['conditions of such subqueries', nested(9, '(SELECT n||n AS x WHERE x AND x AND x)')],
  ['CTEs', chained(20, '', (before) => `SELECT n||n AS n FROM ${before}`)],
  ['CTEs that name columns', chained(20, '(n)', (before) => `SELECT n||n FROM ${before}`)],
  [
    'CTEs that are kept',
    chained(20, '', (before) => `SELECT n||n AS n FROM ${before}`).replaceAll(
      ' AS (',
      ' AS MATERIALIZED (',
    ),
  ],
  ['CTEs in brackets', chained(20, '', (before) => `SELECT n||n AS n FROM (${before})`)],
  ['stars', `${'SELECT *, *, * FROM ('.repeat(12)}items${')'.repeat(12)} LIMIT 1`],
  [
    'names of its own columns',
    `SELECT ${MANY('n', 30, '||')} AS x FROM (${nested(7, 'n||n').slice(0, -8)}) WHERE x IN (${MANY('x', 30, ', ')}) LIMIT 1`,
  ],
  [
    'numbers of its own columns',
    `SELECT ${MANY('n', 30, '||')} FROM (${nested(7, 'n||n').slice(0, -8)}) ORDER BY ${MANY('1', 30, ', ')} LIMIT 1`,
  ],
  [
    'combinations of UNION',
    `SELECT ${MANY('a.n||b.n', 60, '||')} FROM (${UNION}) a, (${UNION}) b, (${UNION}) c LIMIT 1`,
  ],
  ['names of its own columns behind IS DISTINCT FROM', named('1 IS DISTINCT FROM 2, ', 20)],
  ['names of its own columns behind IS NOT DISTINCT FROM', named('1 IS NOT DISTINCT FROM 2, ', 20)],
  ['names of its own columns behind a column WINDOW', named('1 AS window, ', 20)],
  [
    'names of its own columns in HAVING',
    `SELECT count(*), 5 IN (${MANY('1', 450, ',')}) AS n HAVING 1 IN (${MANY('n', 450, ',')})`,
  ],
  [
    'names of its own columns behind WINDOW',
    `SELECT 5 IN (${MANY('1', 450, ',')}) AS n WINDOW w AS (ORDER BY 1) ORDER BY 1 IN (${MANY('n', 450, ',')})`,
  ],
  [
    'names of its own columns in CTEs',
    `SELECT 5 IN (${MANY('1', 600, ',')}) AS n FROM (${UNION}) WHERE ${inCtes(6, 2)}`,
  ],
] as const)('copies by %s are refused before they are made', { tags: ['FSQ-12'] }, ([, text]) => {
  const compile = { ...compiler, compile: () => expect.unreachable('it was compiled') }
  expect(() => sqliteFact(compile, {}, text)).toThrow(
    expect.objectContaining({ code: 'fact-sql-too-complex' }),
  )
})

test('copies by views are refused before they are made', { tags: ['FSQ-12'] }, () => {
  const views = Array.from(
    { length: 8 },
    (_, at) => `CREATE VIEW v${at + 1} AS SELECT n||n AS n FROM v${at};`,
  )
  const schema = `CREATE TABLE items (name TEXT); CREATE VIEW v0 AS SELECT name AS n FROM items; ${views.join('')}`
  const reports = openSqliteCompiler({ name: 'reports.sql', text: schema })
  expect(sqliteFact(reports, {}, 'SELECT n FROM v8 LIMIT 1').limit).toBe(1)
  const compile = { ...reports, compile: () => expect.unreachable('it was compiled') }
  const text = nested(8, 'n||n').replace('name AS n FROM items', 'n FROM v8')
  expect(() => sqliteFact(compile, {}, text)).toThrow(
    expect.objectContaining({ code: 'fact-sql-too-complex' }),
  )
})

test('ten levels that each double are compiled, one more is not', { tags: ['FSQ-12'] }, () => {
  expect(sqliteFact(compiler, {}, nested(10, 'n||n')).columns).toEqual(['main.items.name'])
  expect(() => sqliteFact(compiler, {}, nested(11, 'n||n'))).toThrow(
    expect.objectContaining({ code: 'fact-sql-too-complex' }),
  )
})

test('names behind IS DISTINCT FROM are counted as others are', { tags: ['FSQ-12'] }, () => {
  for (const before of ['', '1 IS DISTINCT FROM 2, ']) {
    expect(sqliteFact(compiler, {}, named(before, 1)).tables).toEqual(['main.items'])
    expect(() => sqliteFact(compiler, {}, named(before, 2))).toThrow(
      expect.objectContaining({ code: 'fact-sql-too-complex' }),
    )
  }
})

test.for([
  [
    'five CTEs',
    `WITH a AS (SELECT id, item, total FROM orders WHERE total > 5),
      b AS (SELECT a.id, a.item, a.total, i.name FROM a JOIN items i ON i.id = a.item WHERE a.total < 100),
      c AS (SELECT item, name, sum(total) AS total, count(*) AS n, avg(total) AS mean FROM b
        GROUP BY item, name HAVING count(*) > 1),
      d AS (SELECT name, total, n, mean, total / n AS ratio,
        CASE WHEN total > 100 THEN 'big' WHEN total > 10 THEN 'middle' ELSE 'small' END AS size FROM c),
      e AS (SELECT size, sum(total) AS total, max(ratio) AS ratio, min(mean) AS mean FROM d
        WHERE ratio > 1 OR mean > 2 GROUP BY size ORDER BY total DESC)
      SELECT size, total, ratio, mean, round(total, 2) AS shown FROM e WHERE total > 0 ORDER BY total DESC LIMIT 10`,
  ],
  [
    'subqueries in expressions over CTEs',
    `WITH a AS (SELECT id, item, total FROM orders),
      b AS (SELECT item, sum(total) AS total, count(*) AS n FROM a GROUP BY item),
      c AS (SELECT b.item, b.total, i.name, b.n FROM b JOIN items i ON i.id = b.item)
      SELECT c.name, c.total, (SELECT max(total) FROM b) AS best,
        (SELECT avg(total) FROM a WHERE a.item = c.item) AS mean,
        c.total * 100 / (SELECT sum(total) FROM b) AS share
      FROM c WHERE c.total > (SELECT avg(total) FROM b) ORDER BY share DESC LIMIT 10`,
  ],
  [
    'a subquery for each of twelve columns, and names that are keywords elsewhere',
    `SELECT name AS window, name IS DISTINCT FROM 'x' AS other, ${Array.from({ length: 12 }, (_, at) => `(SELECT count(*) FROM orders WHERE item = i.id AND id % 12 = ${at}) AS m${at}`).join(', ')}
      FROM (SELECT id, name FROM items) i GROUP BY name HAVING m1 > 0 WINDOW w AS (PARTITION BY name) ORDER BY m1, m2, window LIMIT 10`,
  ],
  [
    'a column for each month',
    `SELECT item, ${Array.from({ length: 12 }, (_, at) => `sum(CASE WHEN month = ${at} THEN total ELSE 0 END) AS m${at}`).join(', ')}
      FROM (SELECT item, total, id % 12 AS month FROM orders WHERE total IS NOT NULL) GROUP BY item LIMIT 10`,
  ],
])('a report with %s is read', { tags: ['FSQ-12'] }, ([, text]) => {
  expect(sqliteFact(compiler, {}, text).limit).toBe(10)
})

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
