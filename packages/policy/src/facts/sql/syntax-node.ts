import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import { POSTGRES_PLACES, POSTGRES_SYNTAX } from './postgres-syntax.ts'
import { SqlFactError } from './sql-fact-error.ts'

/** Far beyond what people and models write; no recursion over the tree gets near the end of the stack. */
const DEPTH_MAX = 200

type Value = string | number | boolean

/** A node of a statement's syntax, of which every part is known to be allowed. */
export class SyntaxNode {
  readonly type: string
  readonly #values = new Map<string, Value>()
  readonly #lists = new Map<string, readonly SyntaxNode[]>()

  /** @throws SqlFactError `fact-sql-unsupported` or `fact-sql-too-complex` */
  constructor(type: string, fields: JsonObject, depth = 0) {
    this.type = type
    const syntax = Object.hasOwn(POSTGRES_SYNTAX, type) ? POSTGRES_SYNTAX[type] : undefined
    if (syntax === undefined) throw unsupported(type)
    if (depth > DEPTH_MAX) {
      throw new SqlFactError(
        'fact-sql-too-complex',
        `a statement is at most ${DEPTH_MAX} levels deep`,
      )
    }
    for (const [name, value] of Object.entries(fields)) {
      if (POSTGRES_PLACES.has(name)) continue
      const field = Object.hasOwn(syntax, name) ? syntax[name] : undefined
      if (field === undefined) throw unsupported(`${type}.${name}`)
      if (field === 'value') this.#values.set(name, plain(value))
      else if (field === 'node') this.#lists.set(name, named([value], depth))
      else if (field === 'nodes') this.#lists.set(name, named(list(value), depth))
      else this.#lists.set(name, [new SyntaxNode(field.inline, object(value), depth + 1)])
    }
  }

  /** A text, or the empty one, which the parser leaves out. */
  text(name: string): string {
    const value = this.#values.get(name)
    return typeof value === 'string' ? value : ''
  }

  /** A whole number, or zero, which the parser leaves out. */
  number(name: string): number {
    const value = this.#values.get(name)
    return typeof value === 'number' ? value : 0
  }

  is(name: string): boolean {
    return this.#values.get(name) === true
  }

  one(name: string): SyntaxNode | undefined {
    return this.#lists.get(name)?.[0]
  }

  many(name: string): readonly SyntaxNode[] {
    return this.#lists.get(name) ?? []
  }

  /** All nodes below, but for those in the fields that are named. */
  children(except: readonly string[] = []): readonly SyntaxNode[] {
    return [...this.#lists].flatMap(([name, nodes]) => (except.includes(name) ? [] : nodes))
  }

  /** The texts of a list of names. */
  names(name: string): readonly string[] {
    return this.many(name).map((node) => node.text('sval'))
  }
}

/** Reads nodes that carry their type's name. An empty object stands for one that is not there. */
function named(values: readonly JsonValue[], depth: number): readonly SyntaxNode[] {
  return values.flatMap((value) =>
    Object.entries(object(value)).map(
      ([type, fields]) => new SyntaxNode(type, object(fields), depth + 1),
    ),
  )
}

function object(value: JsonValue): JsonObject {
  if (!isJsonObject(value)) throw unsupported('a tree of an unknown form')
  return value
}

function list(value: JsonValue): readonly JsonValue[] {
  if (!Array.isArray(value)) throw unsupported('a tree of an unknown form')
  return value
}

function plain(value: JsonValue): Value {
  if (value === null || typeof value === 'object') throw unsupported('a tree of an unknown form')
  return value
}

function unsupported(what: string): SqlFactError {
  return new SqlFactError('fact-sql-unsupported', `the statement uses ${what}, which has no facts`)
}
