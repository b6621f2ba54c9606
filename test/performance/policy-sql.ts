import { canonicalJson, type JsonObject } from '@warren/core'
import {
  createPolicyEngine,
  FactDeclarations,
  FactLayer,
  loadPostgresParser,
  type PolicyEngine,
} from '@warren/policy'
import { quantile, quietestP99 } from './measure.ts'

const WARM_UP = 200
const STATEMENT_CHARACTERS = 2000
const SETS = [
  { count: 20, tools: 1 },
  { count: 1000, tools: 100 },
  { count: 1000, tools: 1 },
]
const INPUT_SCHEMA = {
  type: 'object',
  properties: { sql: { type: 'string' } },
  required: ['sql'],
}

const declarations = FactDeclarations.read({
  'db/query': { sql: { type: 'sql', dialect: 'postgres' } },
})
const layer = new FactLayer(declarations, {
  files: { lstat: () => Promise.resolve(undefined), readlink: () => Promise.resolve('') },
  parseUrl: () => undefined,
  postgres: loadPostgresParser,
  sqlite: new Map(),
})

/** Measures whole decisions on a statement of 2,000 characters for Postgres: put in canonical form, parsed, read for facts, asked about. */
export async function measureStatements(decisions: number): Promise<void> {
  const statements = [statement('orders'), statement('secrets')]
  const characters = statements[0]?.length ?? 0
  console.log(
    `\nSQL for Postgres, ${characters} characters: canonical form, parse, facts and decision`,
  )
  console.log(
    '| rules | facts p50 µs | decision p50 µs | together p50 µs | p99 µs | in the quietest tenth | CPU µs |',
  )
  console.log(
    '| ----: | -----------: | --------------: | --------------: | -----: | --------------------: | -----: |',
  )
  for (const { count, tools } of SETS) {
    const engine = engineOf(count, tools)
    await measure(engine, statements, WARM_UP)
    const { facts, decide, cpuUs } = await measure(engine, statements, decisions)
    engine.retire()
    const together = facts.map((us, index) => us + (decide[index] ?? 0))
    const figures = [
      quantile(sorted(facts), 0.5),
      quantile(sorted(decide), 0.5),
      quantile(sorted(together), 0.5),
      quantile(sorted(together), 0.99),
      quietestP99(together),
      cpuUs,
    ]
    const cells = [
      `${count}, ${count / tools} of them on the tool`,
      ...figures.map((figure) => figure.toFixed(0)),
    ]
    console.log(`| ${cells.join(' | ')} |`)
  }
}

interface Times {
  readonly facts: readonly number[]
  readonly decide: readonly number[]
  readonly cpuUs: number
}

async function measure(
  engine: PolicyEngine,
  statements: readonly string[],
  decisions: number,
): Promise<Times> {
  const facts: number[] = []
  const decide: number[] = []
  const cpuBefore = process.cpuUsage()
  for (let index = 0; index < decisions; index += 1) {
    const input = { sql: statements[index % 2] ?? '' }
    const start = performance.now()
    // As calls are told apart where something is counted, or held for a person.
    if (canonicalJson(input).length <= input.sql.length) throw new Error('no canonical form')
    const known = await factsOf(input)
    const between = performance.now()
    const { allowed } = engine.decide({
      caller: { did: 'did:webvh:QmA:warren.internal', roles: ['operator'], enclave: 'main' },
      action: 'call',
      server: 'db',
      tool: 'query',
      atMs: 1_795_000_000_000,
      input,
      facts: known,
    })
    decide.push((performance.now() - between) * 1000)
    facts.push((between - start) * 1000)
    if (allowed !== (index % 2 === 0)) throw new Error('a wrong decision')
  }
  const { user, system } = process.cpuUsage(cpuBefore)
  return { facts, decide, cpuUs: (user + system) / decisions }
}

async function factsOf(args: JsonObject): Promise<Readonly<Record<string, object>>> {
  const reading = await layer.facts({ server: 'db', tool: 'query', args })
  if (reading.status === 'refused') throw new Error(reading.sentence)
  return Object.fromEntries(reading.facts)
}

function engineOf(count: number, tools: number): PolicyEngine {
  const text = Array.from({ length: count }, (_, index) => ruleOn(index, index % tools)).join('\n')
  return createPolicyEngine({
    policies: [{ name: 'rules.cedar', text }],
    tools: Array.from({ length: tools }, (_, index) => ({
      server: 'db',
      name: nameOf(index),
      inputSchema: INPUT_SCHEMA,
      facts: { sql: 'sql' },
    })),
  })
}

function sorted(values: readonly number[]): readonly number[] {
  return values.toSorted((a, b) => a - b)
}

/** One forbid after three permits, of which the first is the one that allows. */
function ruleOn(index: number, tool: number): string {
  const action = `Warren::Action::"db/${nameOf(tool)}"`
  return index % 4 === 3
    ? `forbid (principal, action == ${action}, resource) when { context.fact.sql.unsafe || context.fact.sql.tables.contains("public.t${index}") };`
    : `permit (principal in Warren::Role::"operator", action == ${action}, resource)
       when { context.fact.sql.kind == "select" && context.fact.sql has limit && context.fact.sql.limit <= 10
         && ["public.items", "public.${index === 0 ? 'orders' : `t${index}`}"].containsAll(context.fact.sql.tables) };`
}

function nameOf(tool: number): string {
  return tool === 0 ? 'query' : `query-${tool}`
}

/** A SELECT with a join, a subquery, a CTE and so many conditions. */
function statement(table: string): string {
  const head = `WITH recent AS (SELECT id, item, total FROM ${table} WHERE total > 10) SELECT i.name, count(*), sum(r.total) FROM recent r JOIN items i ON i.id = r.item WHERE i.id IN (SELECT item FROM ${table} WHERE total < 500)`
  const tail = ' GROUP BY i.name HAVING count(*) > 1 ORDER BY 3 DESC LIMIT 10'
  let conditions = ''
  for (
    let index = 1;
    head.length + conditions.length + tail.length < STATEMENT_CHARACTERS - 30;
    index += 1
  ) {
    conditions += ` AND lower(i.name) <> 'n${index}'`
  }
  return head + conditions + tail
}
