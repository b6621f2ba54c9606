import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  boundPostgres,
  loadPostgresParser,
  postgresFact,
  type SqlFact,
  SqlFactError,
} from '../../../src/index.ts'

const parser = await loadPostgresParser()

function fact(sql: unknown, searchPath: readonly string[] = ['public']): SqlFact {
  return postgresFact(parser, { searchPath }, sql)
}

function refused(code: string): unknown {
  return expect.objectContaining({ name: 'SqlFactError', code })
}

test('a fact is one frozen record of strings, numbers, booleans and sorted lists', () => {
  const read = fact('SELECT upper(o.name) FROM orders o, items LIMIT 5 OFFSET 2')
  expect(read).toEqual({
    ok: true,
    kind: 'select',
    statements: 1,
    limit: 5,
    offset: 2,
    tables: ['public.items', 'public.orders'],
    columns: ['public.orders.name'],
    functions: ['upper'],
    writes: false,
    locks: false,
    into: false,
    recursive: false,
    collapses: false,
    unsafe: false,
  })
  expect(Object.isFrozen(read) && Object.isFrozen(read.tables)).toBe(true)
  expect(fact('SELECT 1')).not.toHaveProperty('limit')
  expect(fact('SELECT 1')).not.toHaveProperty('offset')
})

test.for([
  ['SELECT * FROM a', ['public.a']],
  ['SELECT * FROM s.a', ['s.a']],
  ['SELECT * FROM "A b"."c.d"', ['"A b"."c.d"']],
  ['SELECT * FROM "a""b"', ['public."a""b"']],
  ['SELECT * FROM pg_class', ['pg_catalog.pg_class', 'public.pg_class']],
  ['WITH c AS (SELECT 1) SELECT * FROM c', []],
  ['WITH c AS (SELECT 1) SELECT * FROM c c1, public.c c2', ['public.c']],
  ['WITH c AS (TABLE d), d AS (SELECT 1) TABLE c', ['public.d']],
  ['WITH RECURSIVE c AS (TABLE d), d AS (SELECT 1) TABLE c', []],
  ['WITH c AS (SELECT 1) SELECT (WITH c AS (TABLE c) SELECT 1 FROM c)', []],
  ['SELECT (WITH c AS (SELECT 1) TABLE c), (TABLE c)', ['public.c']],
  ['WITH c AS (SELECT 1) INSERT INTO c SELECT * FROM c', ['public.c']],
  ['WITH c AS (SELECT 1) DELETE FROM x USING c', ['public.x']],
  ['UPDATE x SET a = y.a FROM y', ['public.x', 'public.y']],
  ['SELECT * INTO z FROM x', ['public.x', 'public.z']],
] as const)('%s reads %s', { tags: ['FSQ-5'] }, ([sql, tables]) => {
  expect(fact(sql).tables).toEqual(tables)
})

test('a table without a schema may be in any of the search path', { tags: ['FSQ-5'] }, () => {
  expect(fact('TABLE t', ['a', 'b']).tables).toEqual(['a.t', 'b.t'])
  expect(fact('TABLE t', []).tables).toEqual([])
})

test.for([
  ['SELECT a FROM t', ['t.a']],
  ['SELECT * FROM t', ['t.*']],
  ['SELECT count(*) FROM t', []],
  ['SELECT x.a FROM t x, u y', ['t.a']],
  ['SELECT a FROM t, u', ['t.a', 'u.a']],
  ['SELECT x.* FROM t x, u y', ['t.*']],
  ['SELECT x FROM t x', ['t.*']],
  ['SELECT t FROM t', ['t.*']],
  ['SELECT b FROM t AS x(b)', ['t.*']],
  ['SELECT x.b FROM t AS x(b)', ['t.*']],
  ['SELECT j.b FROM (t CROSS JOIN u) AS j(b)', ['t.*', 'u.*']],
  ['SELECT j.b FROM (t CROSS JOIN u) AS j', ['t.b', 'u.b']],
  ['SELECT j.b FROM t JOIN u USING (b) AS j', ['t.b', 'u.b']],
  ['SELECT 1 FROM t NATURAL JOIN u', ['t.*', 'u.*']],
  ['SELECT 1 FROM t JOIN u ON t.a = u.b', ['t.a', 'u.b']],
  ['SELECT s.n FROM (SELECT a AS n FROM t) s', ['t.a']],
  ['SELECT count(b) AS n FROM t ORDER BY n', ['t.b']],
  ['SELECT b AS n FROM t ORDER BY n + 1', ['t.b', 't.n']],
  ['SELECT (SELECT b FROM u) FROM t', ['t.b', 'u.b']],
  ['SELECT t.ctid FROM t', ['t.ctid']],
  ['SELECT public.t.a FROM t', ['t.a']],
  ['SELECT o.json_agg FROM t o', ['t.*', 't.json_agg']],
  ['SELECT (SELECT a.k FROM t1 a, (SELECT a.k) s) FROM t2 a', ['t1.k', 't2.k']],
  ['INSERT INTO t (a) SELECT b FROM u', ['t.a', 'u.b']],
  ['INSERT INTO t SELECT b FROM u', ['t.*', 'u.b']],
  [
    'INSERT INTO t (a) VALUES (1) ON CONFLICT (b) DO UPDATE SET c = excluded.d',
    ['t.a', 't.b', 't.c', 't.d'],
  ],
  ['INSERT INTO t (a) VALUES (DEFAULT) RETURNING *', ['t.*', 't.a']],
  ['UPDATE t SET a = 1 WHERE b = 2 RETURNING old.c', ['t.a', 't.b', 't.c']],
  ['DELETE FROM t USING u WHERE t.a = u.b', ['t.*', 't.a', 'u.b']],
] as const)('%s touches %s', { tags: ['FSQ-6'] }, ([sql, columns]) => {
  expect(fact(sql).columns).toEqual(columns.map((column) => `public.${column}`))
})

test(
  'what follows a name that nothing in FROM has is taken for a call',
  { tags: ['FSQ-7'] },
  () => {
    expect(() => fact('SELECT z.a FROM t x')).toThrow(refused('fact-sql-function'))
    expect(fact('SELECT z.lower FROM t x').functions).toEqual(['lower'])
  },
)

test.for([
  ['SELECT Count(*), pg_catalog.lower(a) FROM t', ['count', 'lower']],
  [
    'SELECT coalesce(a, 1), nullif(a, 1), greatest(a, 2), least(a, 3) FROM t',
    ['coalesce', 'greatest', 'least', 'nullif'],
  ],
  [
    'SELECT current_date, localtimestamp(3), extract(year FROM a) FROM t',
    ['current_date', 'extract', 'localtimestamp'],
  ],
  ['SELECT trim(a), a AT TIME ZONE b FROM t', ['btrim', 'timezone']],
  ['SELECT * FROM lower($1) AS l, unnest($2) AS u(v) WHERE l.l = u.v', ['lower', 'unnest']],
  ['SELECT o.count FROM t o', ['count']],
  ['SELECT count FROM t', []],
] as const)('%s calls %s', { tags: ['FSQ-7'] }, ([sql, functions]) => {
  expect(fact(sql).functions).toEqual(functions)
})

test(
  'a function is refused until the owner vouches for it, by its full name',
  { tags: ['FSQ-4'] },
  () => {
    const rules = { searchPath: ['public'], functions: ['repeat', 'app.rate'] }
    expect(postgresFact(parser, rules, "SELECT repeat('x', 3), app.rate(1)").functions).toEqual([
      'app.rate',
      'repeat',
    ])
    expect(() => fact("SELECT repeat('x', 3)")).toThrow(refused('fact-sql-function'))
    expect(() => postgresFact(parser, rules, 'SELECT rate(1)')).toThrow(
      refused('fact-sql-function'),
    )
    expect(() => postgresFact(parser, rules, 'SELECT other.rate(1)')).toThrow(
      refused('fact-sql-function'),
    )
  },
)

test.for([
  ['SELECT 1 FROM t', 'select', []],
  ['DELETE FROM t', 'delete', ['writes']],
  ['WITH d AS (DELETE FROM t RETURNING a) SELECT * FROM d', 'other', ['writes']],
  ['WITH d AS (UPDATE t SET a = 1) INSERT INTO u VALUES (1)', 'insert', ['writes']],
  ['SELECT * INTO u FROM t', 'other', ['into']],
  ['SELECT 1 WHERE EXISTS (SELECT 1 FROM t FOR KEY SHARE)', 'select', ['locks']],
  ['SELECT (WITH RECURSIVE r AS (SELECT 1) SELECT 1)', 'select', ['recursive']],
  ['SELECT 1 ORDER BY (SELECT string_agg(a, b) FROM t)', 'select', ['collapses']],
] as const)('%s is %s with %s', { tags: ['FSQ-9'] }, ([sql, kind, flags]) => {
  const read = fact(sql)
  expect(read.kind).toBe(kind)
  const names = ['writes', 'locks', 'into', 'recursive', 'collapses'] as const
  expect(names.filter((name) => read[name])).toEqual(flags)
  expect(read.unsafe).toBe(flags.length > 0)
})

test(
  'length, words and depth have a limit each, and end exactly there',
  { tags: ['FSQ-2'] },
  () => {
    const padded = `SELECT '${'x'.repeat(100_000 - 9)}'`
    expect(padded).toHaveLength(100_000)
    expect(fact(padded).kind).toBe('select')
    expect(() => fact(`${padded} `)).toThrow(refused('fact-sql-too-long'))

    const words = `SELECT ${'1,'.repeat(1999)}1`
    expect(fact(words).kind).toBe('select')
    expect(() => fact(`${words}, 1`)).toThrow(refused('fact-sql-too-complex'))

    expect(fact(`SELECT ${'- '.repeat(190)}a`).kind).toBe('select')
    expect(() => fact(`SELECT ${'- '.repeat(200)}a`)).toThrow(refused('fact-sql-too-complex'))
    expect(() => fact(7)).toThrow(refused('fact-sql-not-text'))
  },
)

test.for([
  ['SELECT a FROM t', 'SELECT a FROM t'],
  ['SELECT a FROM t;', 'SELECT a FROM t'],
  ['SELECT a FROM t -- all', 'SELECT a FROM t -- all'],
  ["SELECT 'é;' AS a FROM t ; -- é", "SELECT 'é;' AS a FROM t "],
  ['WITH c AS (SELECT 1) TABLE c', 'WITH c AS (SELECT 1) TABLE c'],
  ['SELECT 1 UNION SELECT 2', 'SELECT 1 UNION SELECT 2'],
  ['SELECT a FROM t LIMIT 100', 'SELECT a FROM t LIMIT 100'],
] as const)('%s gets a limit around it', { tags: ['FSQ-10'] }, ([sql, inner]) => {
  const bounded = boundPostgres(parser, sql, 10)
  expect(bounded).toBe(`SELECT * FROM (\n${inner}\n) AS _bounded LIMIT 10`)
  const { limit: _, ...rest } = fact(sql)
  expect(fact(bounded)).toMatchObject({ ...rest, limit: 10 })
})

test.for([
  ['DELETE FROM t RETURNING *', 'fact-sql-malformed'],
  ['SELECT a FROM t) AS x LIMIT 1000 --', 'fact-sql-malformed'],
  ['SELECT 1; SELECT 2', 'fact-sql-statements'],
  ['SELECT a FROM t /*', 'fact-sql-malformed'],
] as const)('%s gets none: %s', { tags: ['FSQ-10', 'FSQ-3'] }, ([sql, code]) => {
  expect(() => boundPostgres(parser, sql, 10)).toThrow(refused(code))
})

/** The facts, or that there are none for a reason that has a code. */
function outcome(sql: string): unknown {
  try {
    return fact(sql)
  } catch (error) {
    return error instanceof SqlFactError ? { ok: true } : error
  }
}

test('no text makes the reading throw anything but a coded error', { tags: ['FSQ-1'] }, () => {
  const piece = fc.constantFrom(
    ...'SELECT FROM WHERE ( ) , * . ; a t "q" \'s\' $1 1 -1 LIMIT WITH AS c JOIN ON USING UNION ALL /* */ -- \n :: int [ ] = OR NOT EXISTS INSERT INTO VALUES \u00E9 \uD83D\uDE00'.split(
      ' ',
    ),
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(' ')),
  )
  fc.assert(
    fc.property(text, (sql) => {
      expect(outcome(sql)).toMatchObject({ ok: true })
    }),
    { numRuns: 400 },
  )
})

const list = (name: string, count: number): string =>
  Array.from({ length: count }, (_, at) => `${name}${at}`).join(', ')
/** As many as a declaration may name. */
const SCHEMAS = Array.from({ length: 16 }, (_, at) => `s${at}`)

test(
  '4,096 names of tables and columns are noted, one more is refused',
  { tags: ['FSQ-2', 'FCT-5'] },
  () => {
    // 64 tables, and 63 columns of any of them.
    const read = fact(`SELECT ${list('c', 63)} FROM ${list('t', 64)}`)
    expect(read.tables.length + read.columns.length).toBe(4096)
    expect(() => fact(`SELECT ${list('c', 63)}, t0.c FROM ${list('t', 64)}`)).toThrow(
      refused('fact-sql-too-complex'),
    )
    expect(fact(`SELECT 1 FROM ${list('t', 256)}`, SCHEMAS).tables).toHaveLength(4096)
    expect(() => fact(`SELECT 1 FROM ${list('t', 257)}`, SCHEMAS)).toThrow(
      refused('fact-sql-too-complex'),
    )
  },
)

test.for([
  ['columns of any table', `SELECT ${list('c', 990)} FROM ${list('t', 990)} LIMIT 1`],
  [
    'columns of a name that nothing has',
    `SELECT ${Array.from({ length: 480 }, (_, at) => `x${at}.upper`).join(', ')} FROM ${list('t', 900)}`,
  ],
  [
    'USING',
    `SELECT 1 FROM t ${Array.from({ length: 190 }, (_, at) => `JOIN t${at} USING (a${at}, b${at})`).join(' ')}`,
  ],
  [
    'NATURAL',
    `SELECT 1 FROM t ${Array.from({ length: 190 }, (_, at) => `NATURAL JOIN t${at}`).join(' ')}`,
  ],
  [
    'joins with names',
    `SELECT 1 FROM ${'('.repeat(99)}t${Array.from({ length: 99 }, (_, at) => ` CROSS JOIN t${at}) j${at}`).join('')}`,
  ],
])('%s: too many names are refused', { tags: ['FSQ-2', 'FCT-5'] }, ([, sql]) => {
  expect(() => fact(sql)).toThrow(refused('fact-sql-too-complex'))
  expect(() => fact(sql, SCHEMAS)).toThrow(refused('fact-sql-too-complex'))
})

test.for([
  "SELECT 'a'::char(10001)",
  "SELECT CAST('a' AS character(10485760))",
  "SELECT 'a'::pg_catalog.bpchar(10485760)",
  "SELECT B'0'::bit(8388608)",
  "SELECT 'a'::varchar(2147483647)",
  "SELECT 'a'::char(1)::char(10001)",
  "SELECT '{a}'::char(10001)[]",
  'SELECT a::bit varying(10001) FROM t',
])('%s is refused for the length of its type', { tags: ['FSQ-4'] }, (sql) => {
  expect(() => fact(sql)).toThrow(refused('fact-sql-unsupported'))
})

test.for([
  "SELECT 'a'::char(10000)",
  "SELECT 'a'::varchar(0)",
  'SELECT a::numeric(10, 2) FROM t',
  'SELECT a::numeric(5, -2) FROM t',
  "SELECT B'0'::bit(8)",
  "SELECT '1'::interval(3), '1'::interval day to second",
  'SELECT a::timestamp(3) FROM t',
])('%s is read', { tags: ['FSQ-4'] }, (sql) => {
  expect(fact(sql).kind).toBe('select')
})
