import { DatabaseSync } from 'node:sqlite'
import { sqliteFact } from '@warren/policy'
import { expect, onTestFinished, test } from 'vitest'
import { openSqliteCompiler } from '../../src/policy/sqlite-compiler.ts'

const SCHEMA = `
  CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
  CREATE TABLE secrets (id INTEGER PRIMARY KEY, token TEXT);
  CREATE TABLE prices (id INTEGER, price REAL);
  CREATE TABLE keys (k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID;
  CREATE TABLE "old ""s" (token TEXT, z TEXT);
  CREATE VIEW tokens AS SELECT token FROM secrets;
  CREATE VIEW joined AS SELECT token FROM secrets FULL JOIN secrets s USING (token);
  CREATE VIEW behind AS SELECT token FROM joined;
`
const compiler = openSqliteCompiler({ name: 'shop.sql', text: SCHEMA })

/** The tables that a program of SQLite opens, as EXPLAIN lists it. */
function openedBy(sql: string): readonly string[] {
  const server = new DatabaseSync(':memory:')
  onTestFinished(() => server.close())
  server.exec(SCHEMA)
  const tables = new Map(
    server
      .prepare("SELECT rootpage, 'main.' || tbl_name AS name FROM sqlite_schema WHERE rootpage > 0")
      .all()
      .map(({ rootpage, name }) => [rootpage, String(name)]),
  )
  const opened = server
    .prepare(`EXPLAIN ${sql}`)
    .all()
    .filter(({ opcode, p3 }) => opcode === 'OpenRead' && p3 === 0)
    .map(({ p2 }) => tables.get(p2 ?? 0) ?? 'none')
  return [...new Set(opened)].map((name) => name.replace('old "s', '"old ""s"'))
}

test.for([
  // Joins that the compiler reports no column of.
  'SELECT token FROM secrets FULL JOIN secrets s USING (token)',
  'SELECT id, token FROM secrets FULL JOIN secrets s USING (id, token)',
  'SELECT token FROM secrets NATURAL FULL JOIN secrets s',
  'SELECT token FROM items, (SELECT token FROM secrets FULL JOIN (SELECT 1 AS token) USING (token))',
  'SELECT (SELECT token FROM secrets FULL JOIN secrets s USING (token) LIMIT 1)',
  "SELECT 1 FROM secrets JOIN (SELECT 'guess' AS token) USING (token)",
  'SELECT id FROM items JOIN prices USING (id)',
  'SELECT name FROM items LEFT JOIN prices USING (id)',
  'SELECT name FROM items WHERE name IN (SELECT token FROM secrets FULL JOIN secrets s USING (token))',
  'WITH q AS (SELECT token FROM secrets s FULL JOIN main.secrets USING (token)) SELECT token FROM q',
  'SELECT token FROM (secrets FULL JOIN secrets s/**/USING(token))',
  'SELECT token FROM "SECRETS" NATURAL FULL JOIN [secrets] s',
  "SELECT token FROM `secrets` NATURAL FULL JOIN 'secrets' s",
  'SELECT z FROM "old ""s" NATURAL FULL JOIN "old ""s" o',
  `SELECT z FROM [old "s] NATURAL FULL JOIN 'old "s' o`,
  'SELECT 1 FROM joined',
  'SELECT token FROM behind',
  // What makes a comment or a string of the rest to whoever does not know that it is a parameter.
  'SELECT token, $a(--) FROM secrets FULL JOIN secrets s USING (token)',
  "SELECT token, $a(') FROM secrets FULL JOIN secrets s USING (token) WHERE 1 OR $b(')",
  'SELECT token FROM keys JOIN keys q ON ?1NATURAL FULL JOIN secrets NATURAL FULL JOIN secrets s',
  // Tables of which nothing is used.
  'SELECT count(*) FROM secrets',
  'SELECT EXISTS (SELECT 1 FROM secrets)',
  'SELECT name FROM items i WHERE EXISTS (SELECT 1 FROM secrets s WHERE s.id = i.id)',
  'SELECT name FROM items JOIN secrets ON true',
  'SELECT name FROM items LEFT JOIN secrets ON 1',
  'SELECT name FROM items LEFT JOIN secrets s ON s.id = items.id',
  'SELECT name FROM items FULL JOIN secrets ON 0',
  'SELECT name FROM items WHERE (1, 2) IN secrets',
  'SELECT count(*) FROM (SELECT 1 FROM secrets UNION ALL SELECT 1 FROM prices)',
  'SELECT name FROM items ORDER BY (SELECT 1 FROM secrets)',
  'SELECT row_number() OVER () FROM secrets',
  'SELECT max(rowid) FROM secrets',
  'SELECT 1 FROM (items, (secrets))',
  'SELECT 1 FROM items LEFT JOIN (SELECT 1 AS one FROM secrets) ON one',
  'SELECT 1 FROM tokens',
  'SELECT k FROM keys',
])('every table that SQLite opens is one of the tables: %s', { tags: ['FSQ-5'] }, (sql) => {
  const opened = openedBy(sql)
  const { tables } = sqliteFact(compiler, { functions: ['row_number'] }, sql)
  expect(opened).not.toEqual([])
  expect(tables).toEqual(expect.arrayContaining([...opened]))
})

test.for([
  ['SELECT name FROM sqlite_schema NATURAL FULL JOIN sqlite_schema s', 'main.sqlite_schema'],
  ['SELECT name FROM "sqlite_master" NATURAL FULL JOIN sqlite_master s', 'main.sqlite_master'],
  ["SELECT value FROM json_each('1') FULL JOIN json_each('2') j USING (value)", 'main.json_each'],
] as const)(
  'a table of every database is one of the tables: %s',
  { tags: ['FSQ-5'] },
  ([sql, table]) => {
    expect(sqliteFact(compiler, {}, sql).tables).toEqual([table])
  },
)

test(
  'only tables that a statement or a view names are added where columns are joined by name',
  { tags: ['FSQ-5', 'FSQ-6'] },
  () => {
    const join = "SELECT json_extract(price, '$') FROM items JOIN prices USING (id)"
    expect(sqliteFact(compiler, { functions: ['json_extract'] }, join)).toMatchObject({
      tables: ['main.items', 'main.prices'],
      columns: ['main.items.*', 'main.prices.*', 'main.prices.price'],
    })
    const on = "SELECT price AS secrets FROM prices p JOIN items i ON p.id = i.id AND 'using' > ''"
    expect(sqliteFact(compiler, {}, on.replace('using', 'tokens'))).toMatchObject({
      tables: ['main.items', 'main.prices'],
      columns: ['main.items.id', 'main.prices.id', 'main.prices.price'],
    })
    expect(sqliteFact(compiler, {}, on).tables).toContain('main.secrets')
  },
)
