import { expect, test } from 'vitest'
import { checkSqlEnds } from '../../../src/facts/sql/sql-ends.ts'

function isRefused(text: string): boolean {
  try {
    checkSqlEnds(text)
    return false
  } catch (error) {
    expect(error).toMatchObject({ name: 'SqlFactError', code: 'fact-sql-statements' })
    return true
  }
}

test.for([
  'SELECT 1',
  'SELECT 1;',
  'SELECT 1 ;; ; \n',
  'SELECT 1; -- the end',
  'SELECT 1; /* the end */ ;',
  "SELECT ';'",
  "SELECT 'a;b', ';-- c', 'it''s; d'",
  'SELECT 1 AS ";", ";--"',
  'SELECT 1 -- a; b\n + 2',
  'SELECT 1 /* a; b */ + 2',
  "SELECT '\\', 'a'; -- b",
])('%j is one statement to everybody', { tags: ['FSQ-3'] }, (text) => {
  expect(isRefused(text)).toBe(false)
})

test.for([
  'SELECT 1; SELECT 2',
  ';SELECT 1',
  'SELECT 1;2',
  // A reader without that habit sees the semicolon: of backslashes, comments in comments, strings in dollars, brackets.
  "SELECT E'\\'; x'",
  "SELECT '\\', ';'",
  "SELECT '\\'';x;--'",
  'SELECT "\\"";x;--"',
  'SELECT 1 /* /* */ ; x */',
  'SELECT 1 /* /* */ -- */ ; x',
  'SELECT $$;x$$',
  'SELECT $a$;x$a$',
  'SELECT [;x]',
  'SELECT `;x`',
  'SELECT $a(;x)',
  // A reader with it does not see where a quotation begins.
  "SELECT $$'$$;x;$$'$$",
  "SELECT [']; x; [']",
  'SELECT 1; -- a\rx',
  'SELECT 1 -- a\r;x',
  'SELECT 1 AS N$$--$$$é$;x;N',
  "SELECT 1 # '\n;x # '",
  "SELECT 1 --'\n, ';x'",
  'SELECT 1 /*!; x */',
  'SELECT 1 ----a;x',
  // More ways to read it than are tried.
  "SELECT 'a;b', $1 \\ [a] `b` --c\n # d",
])('%j may be several', { tags: ['FSQ-3'] }, (text) => {
  expect(isRefused(text)).toBe(true)
})
