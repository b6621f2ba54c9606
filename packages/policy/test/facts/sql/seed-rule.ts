import { type SqlFact, SqlFactError } from '../../../src/index.ts'

const FUNCTIONS = new Set(['count', 'sum', 'avg', 'min', 'max', 'lower', 'upper'])
const TABLES = new Set(['public.orders', 'public.items'])

/** The rule "one SELECT, at most 10 rows, only orders and items, only these functions", over facts alone. */
export function seedRule(fact: SqlFact): string {
  if (fact.unsafe) return 'unsafe'
  if (fact.kind !== 'select') return 'kind'
  if (fact.statements !== 1) return 'statements'
  if (fact.limit === undefined) return 'no limit'
  if (fact.limit > 10) return 'limit'
  if (!fact.tables.every((table) => TABLES.has(table))) return 'tables'
  if (!fact.functions.every((name) => FUNCTIONS.has(name))) return 'functions'
  return 'allowed'
}

/** What the seed rule makes of a statement, or the code with which there are no facts. */
export function verdict(read: () => SqlFact): string {
  try {
    return seedRule(read())
  } catch (error) {
    if (error instanceof SqlFactError) return error.code
    throw error
  }
}
