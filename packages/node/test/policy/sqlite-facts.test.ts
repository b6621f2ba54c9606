import { DatabaseSync } from 'node:sqlite'
import { boundSqlite, sqliteFact } from '@warren/policy'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { openSqliteCompiler } from '../../src/policy/sqlite-compiler.ts'

const SCHEMA = `
  CREATE TABLE orders (id INTEGER PRIMARY KEY, item INTEGER, total REAL, UNIQUE (item, total));
  CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT);
  CREATE INDEX by_item ON orders (item);
  CREATE VIEW dear AS SELECT id, total FROM orders WHERE total > 5;
`
const compiler = compilerOf(SCHEMA)

function compilerOf(text: string): ReturnType<typeof openSqliteCompiler> {
  return openSqliteCompiler({ name: 'shop.sql', text })
}

function refused(code: string): unknown {
  return expect.objectContaining({ name: 'SqlFactError', code })
}

const OFFSETS = new Map([
  [' LIMIT 2, 4', 2],
  [' LIMIT 4 OFFSET 1', 1],
])

/** The same schema with data in it: what a server would have. */
function openServer(): DatabaseSync {
  const server = new DatabaseSync(':memory:')
  onTestFinished(() => server.close())
  server.exec(SCHEMA)
  for (let id = 1; id <= 9; id += 1) {
    server.exec(
      `INSERT INTO orders VALUES (${id}, ${id % 4}, ${id}); INSERT INTO items VALUES (${id}, 'n${id}')`,
    )
  }
  return server
}

test.for([
  ['SELECT o.total FROM orders o', ['main.orders.total']],
  ['SELECT * FROM items', ['main.items.id', 'main.items.name']],
  ['SELECT count(*) FROM items', []],
  ['SELECT rowid FROM orders', ['main.orders.id']],
  [
    'SELECT name FROM items JOIN orders USING (id)',
    ['main.items.*', 'main.items.name', 'main.orders.*'],
  ],
  ['SELECT total FROM dear', ['main.dear.total', 'main.orders.id', 'main.orders.total']],
] as const)('%s touches %s', { tags: ['FSQ-6'] }, ([sql, columns]) => {
  expect(sqliteFact(compiler, {}, sql).columns).toEqual(columns)
})

test('a function is refused until the owner vouches for it', { tags: ['FSQ-7'] }, () => {
  const sql = "SELECT printf('%d', 1)"
  expect(sqliteFact(compiler, { functions: ['printf'] }, sql).functions).toEqual(['printf'])
  expect(() => sqliteFact(compiler, {}, sql)).toThrow(refused('fact-sql-function'))
})

test('the compiler knows tables and views and nothing of data', { tags: ['FSQ-11'] }, () => {
  const withData = compilerOf(`${SCHEMA}; INSERT INTO items VALUES (1, 'secret')`)
  expect(withData.tables).toEqual(new Set(['orders', 'items']))
  expect([...withData.views.keys()]).toEqual(['dear'])
  expect(withData.compile('DELETE FROM items')).toEqual({ outcome: 'refused' })
})

test(
  '2,000 words and 32 tables are compiled, one more is not',
  { tags: ['FSQ-12', 'FSQ-2'] },
  () => {
    const words = `SELECT 1 WHERE 1 IN (${'1,'.repeat(996)}1)`
    expect(sqliteFact(compiler, {}, words).tables).toEqual([])
    expect(() => sqliteFact(compiler, {}, words.replace('1)', '1, 1)'))).toThrow(
      refused('fact-sql-too-complex'),
    )
    const tables = `SELECT 1 FROM items${', items'.repeat(31)}`
    expect(sqliteFact(compiler, {}, tables).tables).toEqual(['main.items'])
    expect(() => sqliteFact(compiler, {}, `${tables}, items`)).toThrow(
      refused('fact-sql-too-complex'),
    )
  },
)

test('a server returns no more rows than the limit says', { tags: ['FSQ-8', 'FSQ-10'] }, () => {
  const server = openServer()
  const source = fc.constantFrom(
    'orders',
    'items',
    'dear',
    '(SELECT id FROM items)',
    '(VALUES (1), (2))',
  )
  const end = fc.constantFrom(
    '',
    ' LIMIT 3',
    ' LIMIT 2, 4',
    ' LIMIT 4 OFFSET 1',
    ' LIMIT 5;',
    '; -- LIMIT 1',
    ' LIMIT 9',
  )
  const select = fc
    .tuple(
      fc.constantFrom('*', 'count(*)', '1, 2'),
      source,
      source,
      fc.constantFrom('', ' WHERE 1 ORDER BY 1'),
    )
    .map(([what, left, right, rest]) => `SELECT ${what} FROM ${left} a, ${right} b${rest}`)
  const statement = fc.oneof(
    select,
    fc
      .tuple(select, select)
      .map((both) =>
        both
          .map((sql) => sql.replace(/ WHERE.*/, '').replace(/\*|count\(\*\)|1, 2/, '1'))
          .join(' UNION ALL '),
      ),
  )
  fc.assert(
    fc.property(statement, end, (sql, tail) => {
      const text = `${sql}${tail}`
      const rows = server.prepare(text).all().length
      const { limit, offset } = sqliteFact(compiler, {}, text)
      expect(limit === undefined, text).toBe(!/LIMIT/.test(tail.replace('-- LIMIT 1', '')))
      expect(rows, text).toBeLessThanOrEqual(limit ?? Infinity)
      expect(offset, text).toBe(OFFSETS.get(tail))
      const bounded = server.prepare(boundSqlite(compiler, text, 2)).all()
      expect(bounded, text).toHaveLength(Math.min(2, rows))
    }),
    { numRuns: 300 },
  )
})
