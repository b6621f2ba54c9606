import { isJsonObject, type JsonValue } from '@warren/core'
import { PostgresFindings, type PostgresRules } from './postgres-findings.ts'
import { type PostgresParser, type PostgresStatement } from './postgres-parser.ts'
import type { StatementReading } from './sql-reading.ts'
import { POSTGRES_PLACES } from './postgres-syntax.ts'
import { PostgresWalk } from './postgres-walk.ts'
import { type SqlFact, sqlFact, type SqlKind } from './sql-fact.ts'
import { SqlFactError } from './sql-fact-error.ts'
import { checkSqlEnds } from './sql-ends.ts'
import { checkSqlText, SQL_WORDS_MAX } from './sql-text.ts'
import { SyntaxNode } from './syntax-node.ts'

/**
 * The facts of one statement for Postgres.
 *
 * Whatever the text, it throws nothing but an SqlFactError.
 *
 * @throws SqlFactError
 */
export function postgresFact(parser: PostgresParser, rules: PostgresRules, text: unknown): SqlFact {
  return readPostgres(parser, rules, text).fact
}

/**
 * The same statement with a bound on its rows around it, proven to be nothing else.
 *
 * The text goes unchanged into `SELECT * FROM (…) LIMIT rows`; Postgres' parser then has to find exactly the original
 * tree in exactly this place.
 *
 * @throws SqlFactError
 */
export function boundPostgres(parser: PostgresParser, text: unknown, rows: number): string {
  return boundOf(parser, parsed(parser, text), rows).text
}

/**
 * Reads one statement for Postgres, which is parsed once, also where a limit is put around it.
 *
 * @throws SqlFactError
 */
export function readPostgres(
  parser: PostgresParser,
  rules: PostgresRules,
  text: unknown,
): StatementReading {
  const asked = parsed(parser, text)
  return {
    fact: factOf(asked, rules),
    statement: asked.text,
    bound(rows) {
      const bounded = boundOf(parser, asked, rows)
      return { fact: factOf(bounded, rules), statement: bounded.text }
    },
  }
}

/** A text that was parsed. */
interface Parsed {
  readonly text: string
  readonly statement: PostgresStatement
}

function parsed(parser: PostgresParser, text: unknown): Parsed {
  const checked = checkSqlText(text, SQL_WORDS_MAX.postgres)
  return { text: checked, statement: parser.parse(checked) }
}

function factOf({ text, statement }: Parsed, rules: PostgresRules): SqlFact {
  const fact = factOfTree(statement.tree, rules)
  checkSqlEnds(text)
  return fact
}

function boundOf(parser: PostgresParser, { statement }: Parsed, rows: number): Parsed {
  const { tree } = statement
  const bounded = parsed(parser, `SELECT * FROM (\n${statement.text}\n) AS _bounded LIMIT ${rows}`)
  if (
    !isJsonObject(tree['SelectStmt']) ||
    !isSameTree(bounded.statement.tree, boundedTree(tree, rows))
  ) {
    throw new SqlFactError('fact-sql-unbounded', 'no limit can be put around the statement')
  }
  return bounded
}

function factOfTree(tree: JsonValue, rules: PostgresRules): SqlFact {
  const node = SyntaxNode.read(tree)
  const kind = node === undefined ? undefined : KINDS.get(node.type)
  if (node === undefined || kind === undefined) {
    throw new SqlFactError('fact-sql-unsupported', 'only SELECT, INSERT, UPDATE and DELETE')
  }
  const findings = new PostgresFindings(rules)
  new PostgresWalk(findings).visit(node, { ctes: new Set(), own: [], outer: [] })
  const { flags } = findings
  const isMixed = kind === 'select' && (flags.has('writes') || flags.has('into'))
  return sqlFact({
    kind: isMixed ? 'other' : kind,
    limit: limitOf(node),
    offset: offsetOf(node),
    tables: findings.tables,
    columns: findings.columns,
    functions: findings.functions,
    flags,
  })
}

const KINDS: ReadonlyMap<string, SqlKind> = new Map([
  ['SelectStmt', 'select'],
  ['InsertStmt', 'insert'],
  ['UpdateStmt', 'update'],
  ['DeleteStmt', 'delete'],
])

/** Only a constant is a limit: what is NULL, computed, or a parameter may be anything. */
function limitOf(node: SyntaxNode): number | undefined {
  if (node.text('limitOption') !== 'LIMIT_OPTION_COUNT') return undefined
  return constantOf(node.one('limitCount'))
}

function offsetOf(node: SyntaxNode): number | undefined {
  const offset = node.one('limitOffset')
  if (offset === undefined) return undefined
  const value = constantOf(offset)
  if (value === undefined) {
    throw new SqlFactError('fact-sql-limit', 'OFFSET is written as a number')
  }
  return value
}

function constantOf(node: SyntaxNode | undefined): number | undefined {
  const value = node?.type === 'A_Const' ? node.one('ival')?.number('ival') : undefined
  return value === undefined || value < 0 ? undefined : value
}

function boundedTree(inner: JsonValue, rows: number): JsonValue {
  return {
    SelectStmt: {
      targetList: [{ ResTarget: { val: { ColumnRef: { fields: [{ A_Star: {} }] } } } }],
      fromClause: [{ RangeSubselect: { subquery: inner, alias: { aliasname: '_bounded' } } }],
      limitCount: { A_Const: { ival: { ival: rows } } },
      limitOption: 'LIMIT_OPTION_COUNT',
      op: 'SETOP_NONE',
    },
  }
}

function isSameTree(left: JsonValue | undefined, right: JsonValue | undefined): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return (
      left.length === right.length && left.every((value, index) => isSameTree(value, right[index]))
    )
  }
  if (!isJsonObject(left) || !isJsonObject(right)) return left === right
  const names = [...new Set([...Object.keys(left), ...Object.keys(right)])]
  return names.every((name) => POSTGRES_PLACES.has(name) || isSameTree(left[name], right[name]))
}
