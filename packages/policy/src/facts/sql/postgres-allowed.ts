import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import { POSTGRES_SYNTAX } from './postgres-syntax.ts'
import { SqlFactError } from './sql-fact-error.ts'

/** Far beyond what people and models write; no recursion over the tree gets near the end of the stack. */
const DEPTH_MAX = 200

/**
 * Requires that a tree is made of allowed nodes with allowed fields alone, each of the form that it has there.
 *
 * @throws SqlFactError `fact-sql-unsupported` or `fact-sql-too-complex`
 */
export function requireSyntax(tree: JsonValue): void {
  requireNamed(tree, 0)
}

/** A node that carries its type's name, and nothing beside it. An empty object stands for one that is not there. */
function requireNamed(value: JsonValue | undefined, depth: number): void {
  const named = object(value)
  let nodes = 0
  for (const type in named) {
    nodes += 1
    if (nodes > 1) throw unsupported('a tree of an unknown form')
    requireNode(type, object(named[type]), depth)
  }
}

/** A part of a name, or the star that stands for one. */
function requireName(value: JsonValue, depth: number): void {
  requireNamed(value, depth)
  const { String: text, A_Star: star } = object(value)
  if (text === undefined && star === undefined) throw unsupported('a name of an unknown form')
}

function requireNode(type: string, fields: JsonObject, depth: number): void {
  const syntax = POSTGRES_SYNTAX.get(type)
  if (syntax === undefined) throw unsupported(type)
  if (depth > DEPTH_MAX) {
    throw new SqlFactError(
      'fact-sql-too-complex',
      `a statement is at most ${DEPTH_MAX} levels deep`,
    )
  }
  for (const name in fields) {
    const field = syntax.get(name)
    const value = fields[name]
    if (field === undefined) throw unsupported(`${type}.${name}`)
    if (field === 'value') requirePlain(value)
    else if (field === 'node') requireNamed(value, depth + 1)
    else if (field === 'nodes') for (const each of list(value)) requireNamed(each, depth + 1)
    else if (field === 'names') for (const each of list(value)) requireName(each, depth + 1)
    else if (field !== 'place') requireNode(field.inline, object(value), depth + 1)
  }
}

function object(value: JsonValue | undefined): JsonObject {
  if (!isJsonObject(value)) throw unsupported('a tree of an unknown form')
  return value
}

function list(value: JsonValue | undefined): readonly JsonValue[] {
  if (!Array.isArray(value)) throw unsupported('a tree of an unknown form')
  return value
}

function requirePlain(value: JsonValue | undefined): void {
  if (value === null || typeof value === 'object') throw unsupported('a tree of an unknown form')
}

function unsupported(what: string): SqlFactError {
  return new SqlFactError('fact-sql-unsupported', `the statement uses ${what}, which has no facts`)
}
