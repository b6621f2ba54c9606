import { PGlite } from '@electric-sql/pglite'
import {
  boundPostgres,
  loadPostgresParser,
  postgresFact,
  type SqlFact,
  SqlFactError,
} from '@warren/policy'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Choose, randomSelect } from './support/random-select.ts'

let database: PGlite
const parser = await loadPostgresParser()

beforeAll(async () => {
  database = await PGlite.create()
  await database.exec(`
    CREATE SCHEMA other;
    CREATE TABLE t1 (a int, b int, pad int);
    CREATE TABLE t2 (a int, c int, pad int);
    CREATE TABLE t3 (b int, c int, pad int);
    CREATE TABLE other.t1 (a int, d int, pad int);
    INSERT INTO t1 SELECT n, n % 3, 0 FROM generate_series(1, 3) n;
    INSERT INTO t2 SELECT n, n % 2, 0 FROM generate_series(1, 3) n;
    INSERT INTO t3 SELECT n % 3, n, 0 FROM generate_series(1, 3) n;
    INSERT INTO other.t1 SELECT n, n, 0 FROM generate_series(1, 3) n;
    CREATE ROLE reader;
    GRANT USAGE ON SCHEMA other TO reader;
  `)
}, 60_000)

afterAll(() => database.close())

function fact(sql: string): SqlFact {
  return postgresFact(parser, { searchPath: ['public'] }, sql)
}

/** What Postgres answers, or the code of its error. */
async function run(sql: string): Promise<{ readonly rows: number; readonly code?: string }> {
  try {
    const { rows } = await database.query(sql)
    return { rows: rows.length }
  } catch (error) {
    return { rows: 0, code: String((error as { code?: unknown }).code) }
  }
}

/** Rights to read exactly what the facts name; `pad` stands for a table of which no column is read. */
function grants({ tables, columns }: SqlFact): string {
  const rights = [...tables.map((table) => `${table}.pad`), ...columns].flatMap((column) => {
    const [, table = '', name = ''] = /^(.*)\.([^.]+)$/.exec(column) ?? []
    if (!TABLES.has(table)) return []
    if (name === '*') return [`GRANT SELECT ON ${table} TO reader`]
    return COLUMNS.has(`${table}.${name}`) ? [`GRANT SELECT (${name}) ON ${table} TO reader`] : []
  })
  const all = [...TABLES].join(', ')
  return [`REVOKE ALL ON ${all} FROM reader`, ...revokes(), ...rights].join(';\n')
}

const COLUMNS = new Set(
  Object.entries({
    'public.t1': 'ab',
    'public.t2': 'ac',
    'public.t3': 'bc',
    'other.t1': 'ad',
  }).flatMap(([table, names]) => [...names.split(''), 'pad'].map((name) => `${table}.${name}`)),
)
const TABLES = new Set([...COLUMNS].map((column) => column.replace(/\.[^.]+$/, '')))

function revokes(): readonly string[] {
  return [...COLUMNS].map((column) => {
    const [, table, name] = /^(.*)\.([^.]+)$/.exec(column) ?? []
    return `REVOKE SELECT (${name}) ON ${table} FROM reader`
  })
}

test(
  'what Postgres lets a reader of exactly the named tables and columns run is what it would run at all',
  { tags: ['FSQ-5', 'FSQ-6', 'FSQ-8', 'FSQ-10'] },
  async () => {
    let valid = 0
    let limited = 0
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (gen) => {
        const choose: Choose = (options) => gen(fc.constantFrom, ...options)
        const sql = randomSelect(choose)
        const free = await run(sql)
        if (free.code !== undefined) return
        valid += 1
        const read = fact(sql)
        if (read.limit !== undefined) {
          limited += 1
          expect(free.rows, sql).toBeLessThanOrEqual(read.limit)
        }
        const bounded = boundPostgres(parser, sql, 3)
        await database.exec(`${grants(read)}; SET ROLE reader`)
        const asReader = await run(sql)
        const asBounded = await run(bounded)
        await database.exec('RESET ROLE')
        expect(asReader, `${sql}\n${read.tables.join()}\n${read.columns.join()}`).toEqual(free)
        expect(asBounded, bounded).toEqual({ rows: Math.min(3, free.rows) })
      }),
      { numRuns: 250 },
    )
    expect(valid).toBeGreaterThan(10)
    expect(limited).toBeGreaterThan(0)
  },
)

test(
  'every function of rows that Postgres has is a call in a column',
  { tags: ['FSQ-7'] },
  async () => {
    const { rows } = await database.query<{ name: string }>(`
    SELECT DISTINCT proname AS name FROM pg_proc
    WHERE pronargs - pronargdefaults <= 1 AND pronargs > 0
      AND (provariadic <> 0 OR proargtypes[0]::regtype::text ~ '^(record|"?any.*)$')
    ORDER BY 1`)
    const called: string[] = []
    for (const { name } of rows) {
      const sql = `SELECT o."${name}" FROM t1 o`
      const { code } = await run(`EXPLAIN ${sql}`)
      if (code === '42703') continue
      called.push(name)
      expect(callsOf(sql), sql).toContain(name)
    }
    expect(called).toEqual(expect.arrayContaining(['json_agg', 'count', 'max', 'pg_typeof']))
  },
)

test(
  'a value in FROM has every function of one argument as a column',
  { tags: ['FSQ-7'] },
  async () => {
    const sql = "SELECT u.upper, u.u FROM lower('aB') u"
    expect((await database.query(sql)).rows).toEqual([{ upper: 'AB', u: 'ab' }])
    expect(fact(sql).functions).toEqual(['lower', 'upper'])
  },
)

/** The functions of a statement, or its own name where it is refused for them. */
function callsOf(sql: string): readonly string[] {
  try {
    return fact(sql).functions
  } catch (error) {
    if (!(error instanceof SqlFactError) || error.code !== 'fact-sql-function') throw error
    return [/o\."(.*)"/.exec(sql)?.[1] ?? '']
  }
}

test(
  'all relations of the catalogue that need no schema begin with pg_',
  { tags: ['FSQ-5'] },
  async () => {
    const { rows } = await database.query(
      `SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relname NOT LIKE 'pg\\_%'`,
    )
    expect(rows).toEqual([])
  },
)
