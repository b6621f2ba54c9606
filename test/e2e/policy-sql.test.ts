import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { askWarren, runWarren } from '@warren/demo/warren-process'
import {
  POSTGRES_ATTEMPTS,
  POSTGRES_HONEST,
  SQLITE_ATTEMPTS,
  SQLITE_HONEST,
  SQLITE_SCHEMA,
} from '@warren/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { entriesIn } from './support/audit-log.ts'
import { documentedBlock } from './support/documented-block.ts'
import { callsIn } from './support/recorded-server.ts'
import { rowsIn } from './support/rows-in.ts'
import { ruleOf, type ServerName, type SqlMesh, sqlMesh } from './support/sql-mesh.ts'

let setting: SqlMesh
/** What was tried, for whoever reads the report. */
const counted = { refused: 0, allowed: 0, rows: 0 }

beforeAll(async () => {
  setting = await sqlMesh()
})

afterAll(async () => {
  process.stdout.write(`statements through real servers: ${JSON.stringify(counted)}\n`)
  await setting?.close()
})

test('the policy of each database has at most ten lines', () => {
  const facts = documentedBlock('policy-sql.md', 'facts.yaml').trim().split('\n')
  expect(facts).toHaveLength(3)
  expect(ruleOf('shop').trim().split('\n').length + 1).toBeLessThanOrEqual(10)
})

/** Everything that the databases hold. */
async function contents(): Promise<string> {
  const shop = new DatabaseSync(setting.shopFile, { readOnly: true })
  const names = shop.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all()
  const tables = names.map(({ name }) => shop.prepare(`SELECT * FROM "${String(name)}"`).all())
  shop.close()
  const { postgres } = setting
  const { rows } = await postgres.query(
    `SELECT schemaname s, tablename t, query_to_xml('TABLE ' || quote_ident(schemaname) || '.' || quote_ident(tablename), true, true, '')::text x
     FROM pg_tables WHERE schemaname IN ('public', 'evil') ORDER BY 1, 2`,
  )
  return JSON.stringify([names, tables, rows])
}

const WRONG_CALLS: readonly (readonly [what: string, tool: string, args: object, code: string])[] =
  [
    ['no statement', 'execute_sql', {}, 'policy-input-mismatch'],
    ['null', 'execute_sql', { sql: null }, 'fact-argument-shape'],
    ['a number', 'execute_sql', { sql: 1 }, 'fact-argument-shape'],
    ['a list', 'execute_sql', { sql: ['SELECT 1 LIMIT 1'] }, 'fact-argument-shape'],
    ['an object', 'execute_sql', { sql: { text: 'SELECT 1 LIMIT 1' } }, 'fact-argument-shape'],
    ['another case', 'EXECUTE_SQL', { sql: 'SELECT 1 LIMIT 1' }, 'policy-no-rule'],
    ['a space', 'execute_sql ', { sql: 'SELECT 1 LIMIT 1' }, 'policy-no-rule'],
    ['another tool', 'search_objects', { object_type: 'table' }, 'policy-no-rule'],
  ]

test.for<[ServerName, typeof SQLITE_ATTEMPTS]>([
  ['shop', SQLITE_ATTEMPTS],
  ['ledger', POSTGRES_ATTEMPTS],
])(
  'no attempt gets round the rule of %s: each is refused with its code and none reaches the server',
  { tags: ['FSQ-16', 'FSQ-1', 'POL-27'] },
  async ([server, attempts]) => {
    const before = await contents()
    const reached = callsIn(setting.recordOf(server)).length
    for (const [sql, outcome] of attempts) {
      const { code, text } = await setting.call(server, 'execute_sql', { sql })
      expect([code, text], sql).toEqual([
        outcome.startsWith('fact-') ? outcome : 'policy-no-rule',
        expect.stringMatching(/^refused: [ -~]+$/),
      ])
      counted.refused += 1
    }
    for (const [what, tool, args, code] of WRONG_CALLS) {
      expect(await setting.call(server, tool, args), what).toMatchObject({ code })
      counted.refused += 1
    }
    expect(callsIn(setting.recordOf(server))).toHaveLength(reached)
    expect(await contents()).toBe(before)
  },
)

/** What the databases themselves answer; undefined where they cannot run it. */
async function expected(server: ServerName, sql: string): Promise<readonly unknown[] | undefined> {
  try {
    if (server !== 'shop') return await setting.askPostgres(sql)
    using shop = new DatabaseSync(setting.shopFile, { readOnly: true })
    return shop.prepare(sql).all()
  } catch {
    return undefined
  }
}

/** dbhub takes the comment behind the semicolon for a second statement, and stops at that. */
const LOST_ON_SERVER: ReadonlySet<string> = new Set([
  'select * from orders limit 10 ; -- the first ten',
])

test.for<[ServerName, typeof SQLITE_HONEST]>([
  ['shop', SQLITE_HONEST],
  ['ledger', POSTGRES_HONEST],
])(
  'what keeps to the rule of %s reaches the server as it was written, and its rows come back',
  { tags: ['FSQ-16', 'FSQ-14'] },
  async ([server, statements]) => {
    for (const sql of statements) {
      const { code, text } = await setting.call(server, 'execute_sql', { sql })
      expect(code, sql).toBeUndefined()
      expect(callsIn(setting.recordOf(server)).at(-1), sql).toEqual({ sql })
      expect(text).not.toContain('hunter2')
      const rows = LOST_ON_SERVER.has(sql) ? undefined : await expected(server, sql)
      if (rows === undefined) continue
      expect(rowsIn(text), sql).toEqual(rowsIn(rows))
      counted.allowed += 1
      counted.rows += rows.length
    }
  },
)

test(
  'where the owner asked for it a limit goes around what has none, and the log has both texts',
  { tags: ['FSQ-14', 'FSQ-16'] },
  async () => {
    const unbounded = POSTGRES_ATTEMPTS.filter(([, outcome]) => outcome === 'no limit')
    const before = await contents()
    for (const [sql] of unbounded) {
      const { code, text } = await setting.call('report', 'execute_sql', { sql })
      expect(code, sql).toBeUndefined()
      const bounded = `SELECT * FROM (\n${sql}\n) AS _bounded LIMIT 10`
      expect(callsIn(setting.recordOf('report')).at(-1), sql).toEqual({ sql: bounded })
      const rows = await expected('report', bounded)
      if (rows === undefined) continue
      expect(rows.length).toBeLessThanOrEqual(10)
      expect(rowsIn(text), sql).toEqual(rowsIn(rows))
      counted.allowed += 1
      counted.rows += rows.length
    }
    expect(callsIn(setting.recordOf('report'))).toHaveLength(unbounded.length)
    expect(await contents()).toBe(before)
    const decided = (await entriesIn(setting.lab)).filter(
      ({ kind, server, tool }) => kind === 'decision' && server === 'report' && tool !== undefined,
    )
    expect(decided).toHaveLength(unbounded.length)
    const digest = { digest: expect.stringMatching(/^[\w-]{43}$/) }
    for (const entry of decided) {
      expect(entry).toMatchObject({ allowed: true, args: digest, forwarded: digest })
      expect(entry['forwarded']).not.toEqual(entry['args'])
    }
  },
)

test(
  'a limit that is declared opens nothing else: what is refused without it is refused with it',
  { tags: ['FSQ-14', 'FSQ-16'] },
  async () => {
    const before = await contents()
    const reached = callsIn(setting.recordOf('report')).length
    for (const [sql, outcome] of POSTGRES_ATTEMPTS) {
      if (outcome === 'no limit') continue
      const { code } = await setting.call('report', 'execute_sql', { sql })
      expect(code, sql).toBe(outcome.startsWith('fact-') ? outcome : 'policy-no-rule')
      counted.refused += 1
    }
    expect(callsIn(setting.recordOf('report'))).toHaveLength(reached)
    expect(await contents()).toBe(before)
  },
)

test(
  'the operator is told what would pass, and a statement that passes is shown as it is forwarded',
  { tags: ['FSQ-15', 'CLI-17'] },
  async () => {
    const { did } = setting.mesh.node('desk')
    const explain = (server: ServerName, sql: string): readonly string[] => {
      const about = ['--caller', did, '--server', server, '--tool', 'execute_sql']
      return [
        '--dir',
        setting.lab,
        'policy',
        'explain',
        ...about,
        '--args',
        JSON.stringify({ sql }),
      ]
    }
    const bounded = 'SELECT * FROM (\nSELECT id FROM orders LIMIT 50\n) AS _bounded LIMIT 10'
    for (const server of ['shop', 'ledger'] as const) {
      const words = explain(server, 'SELECT id FROM orders LIMIT 50')
      expect(await askWarren(words)).toMatchObject({
        allowed: false,
        code: 'policy-no-rule',
        facts: { sql: { kind: 'select', limit: 50, unsafe: false } },
        nearest: { rule: `${server}-ten-rows`, failing: expect.stringContaining('limit') },
        passing: { sql: bounded },
      })
      const { stdout } = await runWarren(words)
      expect(stdout).toContain(`this would pass  ${JSON.stringify({ sql: bounded })}`)
      const told = await setting.call(server, 'execute_sql', {
        sql: 'SELECT id FROM orders LIMIT 50',
      })
      expect(told.text).not.toContain('LIMIT')
    }
    expect(await askWarren(explain('ledger', 'SELECT k FROM secrets'))).toMatchObject({
      allowed: false,
      passing: null,
    })
    expect(await askWarren(explain('report', 'SELECT id FROM orders'))).toMatchObject({
      allowed: true,
      forwarded: { sql: 'SELECT * FROM (\nSELECT id FROM orders\n) AS _bounded LIMIT 10' },
      passing: null,
    })
  },
)

test(
  'a fault in what is said of SQL fails the check and the reload, and what was in force stays',
  { tags: ['FSQ-13', 'CLI-16', 'POL-26'] },
  async () => {
    const put = (name: string, text: string): void =>
      writeFileSync(join(setting.lab, 'policies', name), text, { mode: 0o600 })
    const facts = documentedBlock('policy-sql.md', 'facts.yaml')
    for (const [name, sound, broken, place] of [
      ['shop.sql', SQLITE_SCHEMA, `${SQLITE_SCHEMA}CREATE TABEL x (a);\n`, 'shop.sql:7: '],
      ['facts.yaml', facts, facts.replace('rewrite: 10', 'rewrite: all'), 'facts.yaml:3: '],
      ['facts.yaml', facts, facts.replace('shop.sql', 'none.sql'), 'facts.yaml:1: '],
      ['shop.cedar', ruleOf('shop'), ruleOf('shop').replace('sql.kind', 'sql.kid'), 'shop.cedar:'],
    ] as const) {
      put(name, broken)
      for (const words of [['policy', 'check'], ['reload']]) {
        const { code, stdout, stderr } = await runWarren(['--dir', setting.lab, ...words])
        expect([code, stdout, stderr]).toEqual([6, '', expect.stringContaining(place)])
      }
      put(name, sound)
    }
    expect(await askWarren(['--dir', setting.lab, 'policy', 'check'])).toMatchObject({
      files: expect.arrayContaining(['facts.yaml', 'shop.sql', 'tools/shop.json']),
      rules: 6,
      opaque: [],
    })
    const sql = 'SELECT id FROM orders ORDER BY id LIMIT 2'
    const { code, text } = await setting.call('shop', 'execute_sql', { sql })
    expect([code, rowsIn(text)]).toEqual([undefined, [[['id', '1']], [['id', '2']]]])
  },
)
