import { type Declaration, FactDeclarations } from '@warren/policy'
import type { JsonObject, JsonValue } from '@warren/core'
import { expect, test } from 'vitest'

const POSTGRES = { type: 'sql', dialect: 'postgres' }
const SQLITE = { type: 'sql', dialect: 'sqlite', schema: 'shop.sql' }

function declarationOf(options: JsonObject): Declaration | undefined {
  const declarations = FactDeclarations.read({ 'db/query': { sql: options } })
  return declarations.argumentsOf('db', 'query')[0]?.declaration
}

test.for<[JsonObject, Declaration]>([
  [POSTGRES, { type: 'sql', dialect: 'postgres', searchPath: ['public'] }],
  [
    { ...POSTGRES, searchPath: ['shop', 'public'], functions: ['date_trunc', 'shop.tax'] },
    {
      type: 'sql',
      dialect: 'postgres',
      searchPath: ['shop', 'public'],
      functions: ['date_trunc', 'shop.tax'],
    },
  ],
  [
    { ...POSTGRES, onNoLimit: { rewrite: 1 } },
    { type: 'sql', dialect: 'postgres', searchPath: ['public'], rewriteRows: 1 },
  ],
  [SQLITE, { type: 'sql', dialect: 'sqlite', schema: 'shop.sql' }],
  [
    { ...SQLITE, onNoLimit: { rewrite: 100_000 } },
    { type: 'sql', dialect: 'sqlite', schema: 'shop.sql', rewriteRows: 100_000 },
  ],
])('%j is a declaration', { tags: ['FSQ-13'] }, ([options, declaration]) => {
  expect(declarationOf(options)).toEqual(declaration)
})

test.for<[JsonValue, RegExp]>([
  [{ type: 'sql' }, /^db\/query: sql: the dialect is postgres or sqlite/],
  [{ type: 'sql', dialect: 'mysql' }, /the dialect is postgres or sqlite; no other has facts/],
  [{ type: 'sql', dialect: ['postgres'] }, /the dialect is/],
  [{ ...POSTGRES, schema: 'shop.sql' }, /"schema" is none of type, dialect, functions, onNoLimit/],
  [{ ...POSTGRES, searchpath: ['public'] }, /"searchpath" is none of/],
  [{ ...POSTGRES, searchPath: [] }, /the search path is 1 to 16 names/],
  [{ ...POSTGRES, searchPath: 'public' }, /the search path is/],
  [{ ...POSTGRES, searchPath: ['$user'] }, /the search path is/],
  [{ ...POSTGRES, searchPath: ['Public'] }, /the search path is/],
  [{ ...POSTGRES, searchPath: ['x'.repeat(64)] }, /the search path is/],
  [{ ...POSTGRES, searchPath: Array.from({ length: 17 }, () => 'a') }, /the search path is/],
  [{ ...POSTGRES, functions: [] }, /functions are 1 to 64 names/],
  [{ ...POSTGRES, functions: ['Upper'] }, /functions are/],
  [{ ...POSTGRES, functions: ['a.b.c'] }, /functions are/],
  [{ ...POSTGRES, functions: Array.from({ length: 65 }, () => 'a') }, /functions are/],
  [{ ...POSTGRES, onNoLimit: 10 }, /onNoLimit is \{ rewrite: <1 to 100000 rows> \}/],
  [{ ...POSTGRES, onNoLimit: {} }, /onNoLimit is/],
  [{ ...POSTGRES, onNoLimit: { rewrite: 0 } }, /onNoLimit is/],
  [{ ...POSTGRES, onNoLimit: { rewrite: 1.5 } }, /onNoLimit is/],
  [{ ...POSTGRES, onNoLimit: { rewrite: '10' } }, /onNoLimit is/],
  [{ ...POSTGRES, onNoLimit: { rewrite: 100_001 } }, /onNoLimit is/],
  [{ ...POSTGRES, onNoLimit: { rewrite: 10, refuse: true } }, /onNoLimit is/],
  [{ type: 'sql', dialect: 'sqlite' }, /the schema is a file beside this one/],
  [{ ...SQLITE, searchPath: ['main'] }, /"searchPath" is none of/],
  [{ ...SQLITE, schema: '../shop.sql' }, /the schema is a file beside this one/],
  [{ ...SQLITE, schema: '/etc/shop.sql' }, /the schema is/],
  [{ ...SQLITE, schema: 'tools/shop.sql' }, /the schema is/],
  [{ ...SQLITE, schema: 'shop.db' }, /the schema is/],
  [{ ...SQLITE, schema: `${'x'.repeat(65)}.sql` }, /the schema is/],
])('%j is an error', { tags: ['FSQ-13', 'FCT-2'] }, ([options, message]) => {
  expect(() => FactDeclarations.read({ 'db/query': { sql: options } })).toThrow(
    expect.objectContaining({ name: 'FactError', message: expect.stringMatching(message) }),
  )
})

test('a list of statements cannot be declared', { tags: ['FSQ-13'] }, () => {
  expect(() => FactDeclarations.read({ 'db/query': { 'sql[]': POSTGRES } })).toThrow(
    'a list holds path or url, nothing else',
  )
})

test('32 schemas are declared, and not one more', { tags: ['FSQ-13'] }, () => {
  const many = (count: number): JsonObject =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `db/query${index}`,
        { sql: { ...SQLITE, schema: `s${index}.sql` } },
      ]),
    )
  const schemas = FactDeclarations.read(many(32)).sqliteSchemas()
  expect(schemas.size).toBe(32)
  expect(schemas.get('s3.sql')).toEqual({ tool: 'db/query3', argument: 'sql' })
  expect(() => FactDeclarations.read(many(33))).toThrow(
    expect.objectContaining({ code: 'facts-too-many' }),
  )
})
