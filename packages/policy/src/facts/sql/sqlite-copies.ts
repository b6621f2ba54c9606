import { type SqliteBlock, sqliteBlocks } from './sqlite-blocks.ts'
import type { SqliteCte } from './sqlite-ctes.ts'
import { sqliteReferences } from './sqlite-references.ts'
import type { SqliteTokens } from './sqlite-tokens.ts'

/*
 * SQLite takes a subquery, CTE or view into the SELECT around it and copies the expression of a column into each place
 * that names it, before it asks its authorizer anything. None of its own limits bounds that: that of the depth of an
 * expression is not reached, and that of the length of a program is looked at when all has been copied. Twenty
 * levels of `SELECT n||n AS n FROM (…)` have 452 characters and take it 5 s; with so many words, copies counted,
 * compiling takes some 20 ms at worst.
 */
export const EXPANDED_WORDS_MAX = 50_000

/** What a query comes to when all that it names is written out. */
interface Expanded {
  /** The words of what it selects and of its conditions. */
  readonly words: number
  /** The SELECTs that it is put together from. */
  readonly arms: number
  /** How often it may repeat one column of the SELECT around it. */
  readonly repeats: number
  /** The words that are written in all, with those of the steps between. */
  readonly work: number
}

/** A table, and what refers to itself: it is not copied for that. */
const NOTHING_MORE: Expanded = { words: 1, arms: 1, repeats: 0, work: 1 }

/**
 * How many words a statement has at most when every subquery, CTE and view is written out wherever it is named.
 *
 * In one SELECT no column of a source is copied more often than its name stands there, whichever source it is of. So all
 * that a SELECT copies is at most that often as much as its sources have together.
 */
export function sqliteCopies(
  statement: SqliteTokens,
  definitions: ReadonlyMap<string, SqliteCte>,
): number {
  const known = new Map<string, Expanded>()

  function named(name: string): Expanded {
    const definition = definitions.get(name)
    const before = known.get(name)
    if (definition === undefined || before !== undefined) return before ?? NOTHING_MORE
    known.set(name, NOTHING_MORE)
    const { repeats, ...rest } = query(definition.body)
    const expanded = { ...rest, repeats: definition.isInside ? repeats : 0 }
    known.set(name, expanded)
    return expanded
  }

  function query(tokens: SqliteTokens): Expanded {
    const blocks = sqliteBlocks(tokens).map(select)
    return {
      words: sumOf(blocks, ({ words }) => words),
      arms: sumOf(blocks, ({ arms }) => arms),
      repeats: sumOf(blocks, ({ repeats }) => repeats),
      work: sumOf(blocks, ({ work }) => work),
    }
  }

  function select(block: SqliteBlock): Expanded {
    const sources = block.sources.map((source) =>
      typeof source === 'string' ? named(source) : query(source),
    )
    const inner = block.inner.map(query)
    const { columns, aliases } = sqliteReferences(block)
    const innerRepeats = Math.max(1, ...inner.map(({ repeats }) => repeats))
    // A UNION ALL in FROM makes a SELECT of each combination of its parts.
    const arms = sources.reduce((product, source) => product * source.arms, 1)
    const below =
      sumOf(sources, (source) => source.words / source.arms) + sumOf(inner, ({ words }) => words)
    const copied = columns * innerRepeats * below
    const words = (block.own.length + copied) * arms
    // A CTE within an expression may name the columns of this SELECT as well.
    const fromInside = Math.max(
      1,
      sumOf(inner, ({ repeats }) => repeats),
    )
    const written = (block.own.length * fromInside + copied) * arms
    return {
      words,
      arms,
      repeats:
        columns *
        innerRepeats *
        Math.max(
          1,
          sumOf(sources, ({ repeats }) => repeats),
        ),
      work: written * aliases + sumOf([...sources, ...inner], ({ work }) => work),
    }
  }

  return query(statement).work
}

function sumOf(all: readonly Expanded[], of: (each: Expanded) => number): number {
  return all.reduce((sum, each) => sum + of(each), 0)
}
