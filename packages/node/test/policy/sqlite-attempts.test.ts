import { type SqlFact, SqlFactError, sqliteFact } from '@warren/policy'
import { expect, test } from 'vitest'
import { openSqliteCompiler } from '../../src/policy/sqlite-compiler.ts'

const compiler = openSqliteCompiler(`
  CREATE TABLE orders (id INTEGER PRIMARY KEY, item INTEGER, total REAL, UNIQUE (item, total));
  CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT);
  CREATE TABLE "Secrets" (k TEXT);
  CREATE INDEX by_item ON orders (item);
  CREATE VIEW open_secrets AS SELECT k FROM "Secrets";
`)

const FUNCTIONS = new Set(['count', 'sum', 'avg', 'min', 'max', 'lower', 'upper'])

/** The rule "one SELECT, at most 10 rows, only orders and items, only these functions", over facts alone. */
function seedRule(fact: SqlFact): string {
  if (fact.unsafe) return 'unsafe'
  if (fact.kind !== 'select' || fact.statements !== 1) return 'kind'
  if (fact.limit === undefined) return 'no limit'
  if (fact.limit > 10) return 'limit'
  if (!fact.tables.every((table) => ['main.orders', 'main.items'].includes(table))) return 'tables'
  return fact.functions.every((name) => FUNCTIONS.has(name)) ? 'allowed' : 'functions'
}

function judge(sql: string): string {
  try {
    return seedRule(sqliteFact(compiler, {}, sql))
  } catch (error) {
    if (error instanceof SqlFactError) return error.code
    throw error
  }
}

test.for([
  // Limits that are none.
  ['SELECT * FROM orders', 'no limit'],
  ['SELECT * FROM orders LIMIT 11', 'limit'],
  ['SELECT * FROM orders LIMIT 5, 1000', 'limit'],
  ['SELECT * FROM orders LIMIT -1', 'fact-sql-limit'],
  ['SELECT * FROM orders LIMIT 5+500', 'fact-sql-limit'],
  ['SELECT * FROM orders LIMIT (SELECT 1000)', 'fact-sql-limit'],
  ["SELECT * FROM orders LIMIT '1000'", 'fact-sql-limit'],
  ['SELECT * FROM orders LIMIT 1e3', 'fact-sql-limit'],
  ['SELECT * FROM orders LIMIT 0x64', 'fact-sql-limit'],
  ['SELECT * FROM orders LIMIT 1_00', 'fact-sql-limit'],
  ['SELECT * FROM orders LIMIT ?1', 'fact-sql-limit'],
  ['SELECT * FROM orders LIMIT 5 OFFSET (SELECT 1)', 'fact-sql-limit'],
  ['SELECT * FROM orders LIMIT/**/1000', 'fact-sql-limit'],
  ['SELECT * FROM orders LIMIT NULL', 'fact-sql-limit'],
  ['SELECT * FROM orders -- LIMIT 5', 'no limit'],
  ['SELECT * FROM orders /* LIMIT 5', 'fact-sql-unsupported'],
  ['SELECT * FROM orders /* LIMIT 5 */', 'no limit'],
  ['SELECT * FROM orders LIMIT 1000 -- LIMIT 5', 'fact-sql-limit'],
  ["SELECT * FROM orders WHERE ' LIMIT 5' LIMIT 1000", 'limit'],
  ['SELECT * FROM (SELECT * FROM orders LIMIT 9), (SELECT * FROM items LIMIT 9)', 'no limit'],
  ['SELECT * FROM (SELECT * FROM orders LIMIT 5)', 'no limit'],
  ['SELECT * FROM orders LIMIT 10 UNION ALL SELECT * FROM items', 'fact-sql-malformed'],
  ['WITH a AS (SELECT * FROM orders LIMIT 5) SELECT * FROM a, a b', 'no limit'],
  // Many rows in one.
  ['SELECT group_concat(name) FROM items LIMIT 1', 'unsafe'],
  ["SELECT string_agg(name, ',') FROM items LIMIT 1", 'unsafe'],
  ['SELECT json_group_array(name) FROM items LIMIT 1', 'unsafe'],
  ['SELECT json_group_object(id, name) FROM items LIMIT 1', 'unsafe'],
  ['SELECT jsonb_group_array(name) FROM items LIMIT 1', 'unsafe'],
  ['SELECT "group_concat"(name) FROM items LIMIT 1', 'unsafe'],
  ['SELECT GROUP_CONCAT(name) OVER () FROM items LIMIT 1', 'unsafe'],
  // Names.
  ['SELECT * FROM secrets LIMIT 1', 'tables'],
  ['SELECT * FROM [secrets] LIMIT 1', 'tables'],
  ['SELECT * FROM `secrets` LIMIT 1', 'tables'],
  ["SELECT * FROM 'secrets' LIMIT 1", 'tables'],
  ['SELECT * FROM main.SECRETS LIMIT 1', 'tables'],
  ['SELECT count(*) FROM secrets LIMIT 1', 'tables'],
  ['SELECT 1 FROM secrets LIMIT 1', 'tables'],
  ['SELECT * FROM open_secrets LIMIT 1', 'tables'],
  ['SELECT count(*) FROM open_secrets LIMIT 1', 'tables'],
  ['SELECT * FROM sqlite_master LIMIT 1', 'tables'],
  ['SELECT count(*) FROM sqlite_schema LIMIT 1', 'tables'],
  ['SELECT * FROM temp.sqlite_temp_master LIMIT 1', 'tables'],
  ['SELECT * FROM dbstat LIMIT 1', 'tables'],
  ["SELECT * FROM pragma_table_info('orders') LIMIT 1", 'tables'],
  ['SELECT * FROM pragma_database_list LIMIT 1', 'tables'],
  ["SELECT * FROM json_each('[1]') LIMIT 1", 'tables'],
  ["SELECT * FROM json_tree('[1]') LIMIT 1", 'tables'],
  ['SELECT * FROM generate_series(1, 1000000000) LIMIT 1', 'fact-sql-malformed'],
  ['SELECT * FROM evil.orders LIMIT 1', 'fact-sql-malformed'],
  ['SELECT * FROM unknown LIMIT 1', 'fact-sql-malformed'],
  ['SELECT * FROM orders WHERE id IN secrets LIMIT 1', 'tables'],
  ['SELECT * FROM orders WHERE id IN (SELECT k FROM secrets) LIMIT 1', 'tables'],
  ['SELECT * FROM orders WHERE EXISTS (SELECT 1 FROM secrets) LIMIT 1', 'tables'],
  ['SELECT * FROM orders ORDER BY (SELECT k FROM secrets) LIMIT 1', 'tables'],
  ['SELECT sum(total) FILTER (WHERE (SELECT k FROM secrets)) FROM orders LIMIT 1', 'tables'],
  ['SELECT * FROM orders WHERE id AND (SELECT k FROM secrets) LIMIT 1', 'tables'],
  ['SELECT id FROM orders UNION SELECT k FROM secrets LIMIT 1', 'tables'],
  ['VALUES ((SELECT k FROM secrets))', 'fact-sql-limit'],
  // Scopes of CTEs.
  ['WITH orders AS (SELECT * FROM secrets) SELECT * FROM orders LIMIT 1', 'tables'],
  ['WITH a AS (SELECT * FROM b), b AS (SELECT * FROM secrets) SELECT * FROM a LIMIT 1', 'tables'],
  ['WITH secrets AS (SELECT 1) SELECT * FROM main.secrets LIMIT 1', 'tables'],
  ['WITH secrets AS (SELECT * FROM secrets) SELECT * FROM secrets LIMIT 1', 'fact-sql-malformed'],
  ['SELECT * FROM (WITH secrets AS (SELECT 1) SELECT 1), secrets LIMIT 1', 'tables'],
  // Writes and everything that is no SELECT.
  ['DELETE FROM orders', 'fact-sql-malformed'],
  ['INSERT INTO orders VALUES (1, 2, 3) RETURNING *', 'fact-sql-malformed'],
  ['REPLACE INTO orders VALUES (1, 2, 3)', 'fact-sql-malformed'],
  ['UPDATE orders SET id = 1', 'fact-sql-malformed'],
  ['WITH a AS (SELECT 1) DELETE FROM orders', 'fact-sql-malformed'],
  ['DROP TABLE orders', 'fact-sql-malformed'],
  ['CREATE TEMP TABLE t AS SELECT * FROM orders', 'fact-sql-malformed'],
  ["ATTACH 'x.db' AS x", 'fact-sql-malformed'],
  ['DETACH main', 'fact-sql-malformed'],
  ["VACUUM INTO 'copy.db'", 'fact-sql-unsupported'],
  ['VACUUM', 'fact-sql-unsupported'],
  ['REINDEX', 'fact-sql-unsupported'],
  ['ANALYZE', 'fact-sql-malformed'],
  ['PRAGMA writable_schema = ON', 'fact-sql-malformed'],
  ['PRAGMA table_info(orders)', 'fact-sql-malformed'],
  ['BEGIN', 'fact-sql-malformed'],
  ['SAVEPOINT s', 'fact-sql-malformed'],
  ['EXPLAIN SELECT * FROM orders LIMIT 1', 'fact-sql-unsupported'],
  ['EXPLAIN QUERY PLAN SELECT * FROM orders LIMIT 1', 'fact-sql-unsupported'],
  ['SELECT 1 LIMIT 1; DROP TABLE orders', 'fact-sql-statements'],
  ['SELECT 1 LIMIT 1; SELECT 1 LIMIT 1', 'fact-sql-statements'],
  ['SELECT 1 LIMIT 1; nonsense', 'fact-sql-statements'],
  ['SELECT 1; LIMIT 1', 'fact-sql-statements'],
  // Code by function.
  ["SELECT load_extension('x') LIMIT 1", 'fact-sql-function'],
  ["SELECT readfile('/etc/passwd') LIMIT 1", 'fact-sql-malformed'],
  ["SELECT writefile('x', 'y') LIMIT 1", 'fact-sql-malformed'],
  ['SELECT fts5(1) LIMIT 1', 'fact-sql-function'],
  ['SELECT sqlite_version() LIMIT 1', 'fact-sql-function'],
  ["SELECT total FROM orders WHERE load_extension('x') LIMIT 1", 'fact-sql-function'],
  // What takes for ever.
  ['WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT * FROM r) SELECT * FROM r LIMIT 1', 'unsafe'],
  ['WITH r AS (SELECT 1 UNION ALL SELECT * FROM r) SELECT count(*) FROM r LIMIT 1', 'unsafe'],
  ['SELECT randomblob(1000000000) LIMIT 1', 'fact-sql-function'],
  ['SELECT zeroblob(1000000000) LIMIT 1', 'fact-sql-function'],
  ["SELECT printf('%1000000000d', 1) LIMIT 1", 'fact-sql-function'],
  ["SELECT format('%1000000000d', 1) LIMIT 1", 'fact-sql-function'],
  ["SELECT replace('aaa', 'a', 'aaaaaaaa') LIMIT 1", 'fact-sql-function'],
  [`SELECT 1 FROM orders ${', orders'.repeat(40)} LIMIT 1`, 'fact-sql-too-complex'],
  [
    `WITH c0 AS (SELECT id FROM orders)${Array.from({ length: 20 }, (_, index) => `, c${index + 1} AS (SELECT x.id FROM c${index} x, "c${index}" y)`).join('')} SELECT * FROM c20 LIMIT 1`,
    'fact-sql-too-complex',
  ],
  [
    `WITH c0(id) AS MATERIALIZED (SELECT 1)${Array.from({ length: 20 }, (_, index) => `, [c${index + 1}](id) AS/**/NOT MATERIALIZED(SELECT x.id FROM c${index} x JOIN C${index} y)`).join('')} SELECT * FROM c20 LIMIT 1`,
    'fact-sql-too-complex',
  ],
  [`SELECT ${'NOT '.repeat(990)}1 LIMIT 1`, 'fact-sql-malformed'],
  [`SELECT 1${' + 1'.repeat(1500)} LIMIT 1`, 'fact-sql-too-complex'],
  // Texts.
  ['', 'fact-sql-malformed'],
  [';', 'fact-sql-malformed'],
  ['-- nothing', 'fact-sql-malformed'],
  [';; SELECT 1 LIMIT 1', 'fact-sql-unsupported'],
  ['SELECT * FROM orders) LIMIT 1000 --', 'fact-sql-malformed'],
  ['SELECT * FROM orders LIMIT 5 /* open', 'fact-sql-unsupported'],
  ['SELECT * FROM orders LIMIT 5 /*', 'fact-sql-malformed'],
  ['SELECT * FROM orders LIMIT 5\u0000; DROP TABLE x', 'fact-sql-not-text'],
  ['SELECT \uD800 LIMIT 1', 'fact-sql-not-text'],
  ["SELECT 'open LIMIT 1", 'fact-sql-malformed'],
  ['SELECT "no such column" FROM orders LIMIT 1', 'fact-sql-malformed'],
] as const)('%s: %s', { tags: ['FSQ-1'] }, ([sql, expected]) => {
  expect(judge(sql)).toBe(expected)
})

test.for([
  'SELECT * FROM orders LIMIT 10',
  'SELECT * FROM orders LIMIT 0',
  'select * from orders limit 10;',
  'select * from orders limit 10 ; -- the first ten',
  'select * from orders limit 10;;',
  '-- first\nSELECT * FROM orders LIMIT 10',
  'SELECT * FROM orders\nLIMIT\t10\n',
  'SELECT * FROM main.orders LIMIT 10',
  'SELECT * FROM [orders] LIMIT 10',
  'SELECT * FROM ORDERS LIMIT 10',
  'SELECT * FROM orders LIMIT 10 OFFSET 20',
  'SELECT * FROM orders LIMIT 20, 10',
  'SELECT rowid, * FROM items LIMIT 10',
  'SELECT count(*) FROM orders LIMIT 1',
  'SELECT COUNT(DISTINCT item) FROM orders LIMIT 1',
  'SELECT item, sum(total), avg(total) FROM orders GROUP BY item LIMIT 10',
  'SELECT item, max(total) m FROM orders GROUP BY 1 HAVING m > 5 ORDER BY m DESC LIMIT 10',
  'SELECT lower(name), upper(name) FROM items LIMIT 3',
  "SELECT * FROM items WHERE name LIKE 'a%' OR name GLOB 'b*' LIMIT 3",
  "SELECT * FROM items WHERE name = ';-- LIMIT 99' LIMIT 3",
  'SELECT * FROM orders WHERE total BETWEEN 1 AND 5 LIMIT 3',
  'SELECT * FROM orders WHERE id IN (1, 2, 3) LIMIT 3',
  'SELECT * FROM orders WHERE id = ? LIMIT 3',
  'SELECT * FROM orders WHERE total IS NOT NULL AND NOT total = 3 LIMIT 3',
  'SELECT CAST(total AS INTEGER) FROM orders LIMIT 3',
  "SELECT CASE WHEN total > 5 THEN 'big' ELSE 'small' END FROM orders LIMIT 3",
  "SELECT name || ' ' || name AS twice FROM items LIMIT 3",
  "SELECT name->>'de' FROM items LIMIT 3",
  'SELECT * FROM orders o JOIN items i ON i.id = o.item LIMIT 5',
  'SELECT * FROM orders LEFT JOIN items USING (id) LIMIT 5',
  'SELECT * FROM orders NATURAL JOIN items LIMIT 5',
  'SELECT * FROM orders, items WHERE orders.item = items.id LIMIT 5',
  'SELECT * FROM orders WHERE item IN (SELECT id FROM items) LIMIT 5',
  'SELECT * FROM items i WHERE EXISTS (SELECT 1 FROM orders o WHERE o.item = i.id) LIMIT 5',
  'SELECT (SELECT max(total) FROM orders o WHERE o.item = i.id) FROM items i LIMIT 5',
  'WITH recent AS (SELECT * FROM orders WHERE id > 5) SELECT count(*) FROM recent LIMIT 1',
  'WITH n AS (SELECT count(*) FROM orders) SELECT count(*) FROM n LIMIT 1',
  'WITH a AS (SELECT id FROM orders), b AS (SELECT id FROM a) SELECT a.id FROM a JOIN b USING (id) LIMIT 2',
  'WITH total AS (SELECT sum(total) AS total FROM orders) SELECT total FROM total LIMIT 1',
  'WITH secrets AS (SELECT * FROM items) SELECT * FROM secrets LIMIT 2',
  'SELECT s.n FROM (SELECT count(*) AS n FROM orders) s LIMIT 1',
  'SELECT id FROM orders UNION ALL SELECT id FROM items LIMIT 10',
  'SELECT DISTINCT item FROM orders ORDER BY item DESC NULLS LAST LIMIT 10',
  'SELECT id, sum(total) OVER (PARTITION BY item ORDER BY id) FROM orders LIMIT 10',
  'SELECT sum(total) FILTER (WHERE total > 0) FROM orders LIMIT 1',
  'SELECT name COLLATE NOCASE FROM items ORDER BY 1 LIMIT 1',
  'SELECT * FROM orders FULL JOIN items ON 1 LIMIT 1',
])('%s is allowed', { tags: ['FSQ-1'] }, (sql) => {
  expect(judge(sql)).toBe('allowed')
})
