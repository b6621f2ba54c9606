import { beginsSubquery, closingBracket, nameIn, type SqliteTokens } from './sqlite-tokens.ts'

/** A CTE. */
export interface SqliteCte {
  readonly name: string
  readonly body: SqliteTokens
  /** It stands in brackets, and so may name columns of what is around it. */
  readonly isInside: boolean
}

/** A text, and what stands in it as `name AS (SELECT …)`. */
export interface SplitCtes {
  /** What each CTE stands for. */
  readonly bodies: readonly SqliteCte[]
  /** The text without them. */
  readonly rest: SqliteTokens
}

/** Takes the CTEs out of a text. */
export function splitCtes(tokens: SqliteTokens): SplitCtes {
  const bodies: SqliteCte[] = []
  const rest: string[] = []
  let depth = 0
  let index = 0
  while (index < tokens.length) {
    const token = tokens[index] ?? ''
    const open = token === 'as' ? openingAfter(tokens, index) : undefined
    rest.push(token)
    if (token === '(') depth += 1
    if (token === ')') depth -= 1
    index += 1
    if (open === undefined) continue
    const end = closingBracket(tokens, open)
    const inner = splitCtes(tokens.slice(open + 1, end))
    bodies.push(...inner.bodies.map((cte) => ({ ...cte, isInside: true })), {
      name: nameBefore(rest),
      body: inner.rest,
      isInside: depth > 0,
    })
    index = end + 1
  }
  return { bodies, rest }
}

function openingAfter(tokens: SqliteTokens, as: number): number | undefined {
  const skipped = tokens
    .slice(as + 1, as + 3)
    .filter((token) => /^(?:not|materialized)$/.test(token))
  const open = as + 1 + skipped.length
  return beginsSubquery(tokens, open) ? open : undefined
}

/** The name before AS, and before the columns of the CTE if it names any. */
function nameBefore(tokens: SqliteTokens): string {
  const last = tokens.length - 2
  const at = tokens[last] === ')' ? tokens.lastIndexOf('(', last) - 1 : last
  return nameIn(tokens[at] ?? '')
}
