import type { JsonObject } from '@warren/core'
import { expect, test } from 'vitest'
import {
  loadPostgresParser,
  type PostgresParser,
  postgresFact,
  type SqlFact,
} from '../../../src/index.ts'
import { readSql } from '../../../src/facts/sql/read-sql.ts'

const real = await loadPostgresParser()
const DECLARED = { type: 'sql', dialect: 'postgres', searchPath: ['public'] } as const

/** The facts of a tree, as if the parser had made it of a text. */
function factOf(tree: JsonObject): SqlFact {
  const parser: PostgresParser = { parse: (text) => ({ tree, text }) }
  return postgresFact(parser, DECLARED, 'SELECT 1')
}

function selecting(val: JsonObject): JsonObject {
  return { SelectStmt: { targetList: [{ ResTarget: { val } }], op: 'SETOP_NONE' } }
}

const ONE = { A_Const: { ival: { ival: 1 }, location: 7 } }
const COLUMN = { ColumnRef: { fields: [{ String: { sval: 'a' } }] } }
const TABLE = { RangeVar: { relname: 't', inh: true } }

test('a tree like those of the parser has facts', { tags: ['FSQ-18'] }, () => {
  expect(factOf(selecting(ONE))).toMatchObject({ kind: 'select', tables: [], unsafe: false })
  expect(
    factOf({ SelectStmt: { targetList: [{ ResTarget: { val: COLUMN } }], fromClause: [TABLE] } }),
  ).toMatchObject({ tables: ['public.t'], columns: ['public.t.a'] })
  // An empty object stands for a node that is not there.
  expect(factOf(selecting({ List: { items: [{}, ONE] } })).kind).toBe('select')
})

test.for<[string, JsonObject]>([
  ['no node', {}],
  ['two nodes in one place', { ...selecting(ONE), DeleteStmt: {} }],
  ['two nodes in one place below', selecting({ ...ONE, ...COLUMN })],
  ['a node of an unknown type', selecting({ Unknown: {} })],
  ['a node that is named like a part of every object', selecting({ constructor: {} })],
  ['a field that is named like a part of every object', selecting({ A_Const: { toString: {} } })],
  ['an unknown field', selecting({ A_Const: { ival: { ival: 1 }, more: 1 } })],
  ['an unknown field of a node without a name', selecting({ A_Const: { ival: { more: 1 } } })],
  ['an object for a value', selecting({ A_Const: { ival: { ival: {} } } })],
  ['null for a value', selecting({ A_Const: { ival: { ival: null } } })],
  ['a value for a node', selecting({ NullTest: { arg: 1 } })],
  ['a list for a node', selecting({ NullTest: { arg: [ONE] } })],
  ['a value for what a node has', selecting({ A_Const: 1 })],
  ['a node for a list', selecting({ ColumnRef: { fields: ONE } })],
  ['an expression for a name', selecting({ ColumnRef: { fields: [ONE] } })],
  ['nothing for a name', selecting({ FuncCall: { funcname: [{}] } })],
  ['a list in a list', selecting({ ColumnRef: { fields: [[ONE]] } })],
  ['a value in a list', selecting({ ColumnRef: { fields: ['a'] } })],
])('a tree with %s has none', { tags: ['FSQ-18'] }, ([, tree]) => {
  expect(() => factOf(tree)).toThrow(
    expect.objectContaining({ name: 'SqlFactError', code: 'fact-sql-unsupported' }),
  )
})

test('depth is counted through every kind of field', { tags: ['FSQ-2', 'FSQ-18'] }, () => {
  const nested = (levels: number): JsonObject => {
    let node: JsonObject = ONE
    for (let level = 0; level < levels; level += 1) node = { List: { items: [node] } }
    return node
  }
  // The statement, its target, and below the last list a constant with its number.
  expect(factOf(selecting(nested(197))).kind).toBe('select')
  expect(() => factOf(selecting(nested(198)))).toThrow(
    expect.objectContaining({ code: 'fact-sql-too-complex' }),
  )
})

test.for<[string, number | undefined, number]>([
  ['SELECT a FROM t', undefined, 1],
  ['SELECT a FROM t', 5, 2],
  ['SELECT a FROM t LIMIT 5', 5, 1],
  ['SELECT a FROM t LIMIT 6', 5, 2],
  ['DELETE FROM t', 5, 1],
])('%s within %s rows is parsed %i times', { tags: ['FSQ-17'] }, async ([sql, rows, times]) => {
  const texts: string[] = []
  const counting: PostgresParser = {
    parse(text) {
      texts.push(text)
      return real.parse(text)
    },
  }
  const ports = { postgres: () => Promise.resolve(counting), sqlite: new Map() }
  const { fact, statement } = await readSql(ports, sql, { declaration: DECLARED, rows })
  expect(texts).toHaveLength(times)
  expect(texts.at(-1)).toBe(statement)
  expect(fact).toEqual(postgresFact(real, DECLARED, statement))
})

test.for([
  ['SELECT a.x, a.x FROM t a', ['public.t.x']],
  ['SELECT x, x FROM t, u', ['public.t.x', 'public.u.x']],
  ['SELECT a.x FROM t a UNION SELECT a.x FROM u a', ['public.t.x', 'public.u.x']],
  ['SELECT a.x, (SELECT a.x FROM u a) FROM t a', ['public.t.x', 'public.u.x']],
  ['SELECT x, a.x FROM t a, u', ['public.t.x', 'public.u.x']],
  ['SELECT a.x, b.x FROM t a, u b', ['public.t.x', 'public.u.x']],
] as const)(
  'a name that comes again means what it means in its place: %s',
  { tags: ['FSQ-6'] },
  ([sql, columns]) => {
    expect(postgresFact(real, DECLARED, sql).columns).toEqual(columns)
  },
)
