/** Takes one of several. */
export type Choose = <Option>(options: readonly Option[]) => Option

const NAMES = ['t1', 't2', 't3', 'x'] as const
const COLUMNS = ['a', 'b', 'c', 'd'] as const

/** Writes a random SELECT for Postgres over t1, t2, t3 and other.t1, with names that hide each other. */
export function randomSelect(choose: Choose): string {
  return select(choose, 2)
}

function select(choose: Choose, depth: number): string {
  const form = depth > 1 ? choose(['plain', 'plain', 'plain', 'union', 'table'] as const) : 'plain'
  const ctes =
    depth > 1 ? choose(['', '', `WITH ${cte(choose, depth)} `, twoCtes(choose, depth)]) : ''
  const limit = choose(['', '', ' LIMIT 4', ' LIMIT 2 OFFSET 1', ' FETCH FIRST 3 ROWS ONLY'])
  if (form === 'table') return `${ctes}TABLE ${choose(NAMES)}${limit}`
  if (form === 'union') {
    const operator = choose(['UNION', 'UNION ALL', 'EXCEPT', 'INTERSECT'])
    return `${ctes}(${select(choose, depth - 1)}) ${operator} (${select(choose, depth - 1)})${limit}`
  }
  const from = Array.from({ length: choose([1, 1, 1, 2]) }, () => source(choose, depth)).join(', ')
  const where = choose(['', ` WHERE ${condition(choose, depth)}`])
  const order = choose(['', ` ORDER BY ${choose(['1', column(choose), 'n'])}`])
  return `${ctes}SELECT ${targets(choose, depth)} FROM ${from}${where}${order}${limit}`
}

function twoCtes(choose: Choose, depth: number): string {
  return `WITH ${cte(choose, depth)}, ${cte(choose, depth)} `
}

function cte(choose: Choose, depth: number): string {
  return `${choose(NAMES)}${choose(['', '', '(a)', '(b, c, d)'])} AS (${select(choose, depth - 1)})`
}

function targets(choose: Choose, depth: number): string {
  const target = choose([
    () => '*',
    () => `${choose(NAMES)}.*`,
    () => column(choose),
    () => `${column(choose)}, ${column(choose)} AS n`,
    () => 'count(*) AS n',
    () => `max(${column(choose)}) AS n`,
    () => `${choose(NAMES)} AS n`,
    () => `${choose(NAMES)}.${choose(['count', 'a', 'json_agg', 'max'])} AS n`,
    () => (depth > 1 ? `(${select(choose, depth - 2)} LIMIT 1) AS n` : '1 AS n'),
    () => '',
  ])
  return target()
}

function column(choose: Choose): string {
  return choose([choose(COLUMNS), `${choose(NAMES)}.${choose(COLUMNS)}`])
}

function source(choose: Choose, depth: number): string {
  const one = choose([
    () => `${table(choose)}${alias(choose)}`,
    () => `${table(choose)}${alias(choose)}`,
    () =>
      depth > 1
        ? `${choose(['', 'LATERAL '])}(${select(choose, depth - 1)}) ${choose(NAMES)}`
        : 't2',
    () => (depth > 1 ? join(choose, depth) : 't3'),
    () => (depth > 1 ? `(${join(choose, depth)})${alias(choose)}` : 't1'),
  ])
  return one()
}

function join(choose: Choose, depth: number): string {
  const left = source(choose, depth - 1)
  const right = source(choose, depth - 1)
  return choose([
    `${left} NATURAL JOIN ${right}`,
    `${left} JOIN ${right} USING (${choose(COLUMNS)})${choose(['', ` AS ${choose(NAMES)}`])}`,
    `${left} FULL JOIN ${right} USING (${choose(COLUMNS)})`,
    `${left} LEFT JOIN ${right} ON ${column(choose)} = ${column(choose)}`,
    `${left} CROSS JOIN ${right}`,
  ])
}

function table(choose: Choose): string {
  return choose([
    't1',
    't2',
    't3',
    'x',
    'other.t1',
    'public.t1',
    'ONLY t2',
    '"t3"',
    'U&"\\0074\\0031"',
  ])
}

function alias(choose: Choose): string {
  return choose(['', '', '', ` AS ${choose(NAMES)}`, ` ${choose(NAMES)}(${choose(['a', 'd, c'])})`])
}

function condition(choose: Choose, depth: number): string {
  const one = choose([
    () => `${column(choose)} > 2`,
    () => `${column(choose)} = ${column(choose)}`,
    () => (depth > 1 ? `EXISTS (${select(choose, depth - 1)})` : 'true'),
    () => (depth > 1 ? `${column(choose)} IN (${select(choose, depth - 1)})` : 'true'),
    () => `${column(choose)} IS NOT NULL AND ${column(choose)} < 9`,
  ])
  return one()
}
