import type { JsonObject } from '@warren/core'
import type { FactReading, FactRefusal } from '@warren/policy'
import { POSTGRES_ATTEMPTS, POSTGRES_HONEST } from '@warren/testkit'
import { expect, test } from 'vitest'
import { layerOf } from '../fact-layer-of.ts'

const REWRITE = { onNoLimit: { rewrite: 10 } }

async function readingOf(
  sql: unknown,
  options: JsonObject = {},
  rows?: number,
): Promise<FactReading | FactRefusal> {
  const layer = layerOf({ sql: { type: 'sql', dialect: 'postgres', ...options } })
  const args = JSON.parse(JSON.stringify({ sql, other: 1 }))
  return layer.facts({ server: 'fs', tool: 'read', args, ...(rows !== undefined && { rows }) })
}

async function known(sql: unknown, options: JsonObject = {}, rows?: number): Promise<FactReading> {
  const reading = await readingOf(sql, options, rows)
  if (reading.status === 'known') return reading
  throw new Error(reading.sentence)
}

function bounded(sql: string, rows: number): string {
  return `SELECT * FROM (\n${sql}\n) AS _bounded LIMIT ${rows}`
}

test('a declared statement is read, and goes on as it came', { tags: ['FSQ-14'] }, async () => {
  const { facts, forward, rewrites } = await known('SELECT * FROM orders;')
  expect(facts.get('sql')).toMatchObject({ kind: 'select', tables: ['public.orders'] })
  expect(facts.get('sql')).not.toHaveProperty('limit')
  expect(forward).toEqual({ sql: 'SELECT * FROM orders;', other: 1 })
  expect(rewrites).toEqual([])
})

test(
  'what the owner vouches for and where tables are looked for is declared',
  { tags: ['FSQ-13'] },
  async () => {
    const { facts } = await known('SELECT shop.tax(total) FROM orders', {
      searchPath: ['shop'],
      functions: ['shop.tax'],
    })
    expect(facts.get('sql')).toMatchObject({ tables: ['shop.orders'], functions: ['shop.tax'] })
  },
)

test(
  'a statement without facts is refused with its code, and nothing of it is said',
  { tags: ['FSQ-1', 'FCT-3'] },
  async () => {
    for (const [sql, outcome] of POSTGRES_ATTEMPTS) {
      const reading = await readingOf(sql)
      if (!outcome.startsWith('fact-')) {
        expect(reading.status, sql).toBe('known')
        continue
      }
      expect(reading, sql).toMatchObject({ status: 'refused', code: outcome, argument: 'sql' })
      const { sentence = '' } = reading.status === 'refused' ? reading : {}
      expect(sentence).toMatch(/^refused: the argument "sql" has no facts: [ -~]+$/)
    }
    expect(await readingOf(['SELECT 1'])).toMatchObject({ code: 'fact-argument-shape' })
  },
)

test(
  'a SELECT without a limit gets the declared one, and its fact is that of the new text',
  { tags: ['FSQ-14', 'FSQ-10'] },
  async () => {
    const sql = 'SELECT upper(name) FROM items -- LIMIT 5'
    const { facts, forward, rewrites } = await known(`${sql}\n;`, REWRITE)
    const forwarded = bounded(`${sql}\n`, 10)
    expect(forward).toEqual({ sql: forwarded, other: 1 })
    expect(rewrites).toEqual([{ argument: 'sql', asked: `${sql}\n;`, forwarded }])
    expect(facts.get('sql')).toMatchObject({
      limit: 10,
      tables: ['public.items'],
      functions: ['upper'],
    })
    expect((await known(forwarded)).facts.get('sql')).toEqual(facts.get('sql'))
  },
)

test.for([
  'SELECT * FROM orders LIMIT 0',
  'SELECT * FROM orders LIMIT 10',
  'SELECT * FROM orders LIMIT 11',
  'INSERT INTO orders DEFAULT VALUES',
  'UPDATE orders SET id = 1',
  'DELETE FROM orders',
  'SELECT * INTO copy FROM orders',
])('%s is not rewritten', { tags: ['FSQ-14'] }, async (sql) => {
  const { forward, rewrites } = await known(sql, REWRITE)
  expect(forward).toEqual({ sql, other: 1 })
  expect(rewrites).toEqual([])
})

test(
  'with a declared limit, no attempt that has facts is one without a limit, and no flag is lost',
  { tags: ['FSQ-14', 'FSQ-9'] },
  async () => {
    let rewritten = 0
    for (const [sql, outcome] of [
      ...POSTGRES_ATTEMPTS,
      ...POSTGRES_HONEST.map((honest) => [honest, '']),
    ]) {
      const plain = await readingOf(sql)
      const reading = await readingOf(sql, REWRITE)
      if (plain.status === 'refused' || reading.status === 'refused') {
        expect(reading, sql).toMatchObject({ status: 'refused' })
        continue
      }
      const [before, after] = [plain, reading].map(({ facts }) => facts.get('sql'))
      if (reading.rewrites.length === 0) expect(after).toEqual(before)
      else {
        rewritten += 1
        expect({ ...after, offset: 0 }, sql).toEqual({ ...before, limit: 10, offset: 0 })
      }
      if (outcome === 'no limit') expect(reading.rewrites, sql).toHaveLength(1)
    }
    expect(rewritten).toBeGreaterThan(20)
  },
)

test.for<[string, number, string | undefined]>([
  ['SELECT * FROM orders', 5, bounded('SELECT * FROM orders', 5)],
  ['SELECT * FROM orders LIMIT 6', 5, bounded('SELECT * FROM orders LIMIT 6', 5)],
  ['SELECT * FROM orders LIMIT 5', 5, undefined],
  ['DELETE FROM orders', 5, undefined],
])('%s, as if bounded to %i rows', { tags: ['FSQ-15'] }, async ([sql, rows, expected]) => {
  const { forward } = await known(sql, { onNoLimit: { rewrite: 100 } }, rows)
  expect(forward).toEqual({ sql: expected ?? sql, other: 1 })
})

test('what cannot be read on this machine is refused', { tags: ['FCT-4'] }, async () => {
  const args = { sql: 'SELECT 1' }
  const sqlite = layerOf({ sql: { type: 'sql', dialect: 'sqlite', schema: 'shop.sql' } })
  const broken = layerOf(
    { sql: { type: 'sql', dialect: 'postgres' } },
    { postgres: () => Promise.reject(new Error('no WebAssembly')) },
  )
  for (const layer of [sqlite, broken]) {
    expect(await layer.facts({ server: 'fs', tool: 'read', args })).toMatchObject({
      status: 'refused',
      code: 'fact-failure',
    })
  }
})
