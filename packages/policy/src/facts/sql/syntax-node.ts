import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import { requireSyntax } from './postgres-allowed.ts'
import { POSTGRES_SYNTAX } from './postgres-syntax.ts'

/** Looks at nodes one by one, each with what comes along. */
interface Visitor<Along> {
  visit(node: SyntaxNode, along: Along): void
}

const NO_NAMES: readonly string[] = []
const NO_NODES: readonly SyntaxNode[] = []

/**
 * A node of a statement's syntax, of which every part is known to be allowed.
 *
 * A statement has hundreds of them, and what is made for each would have to be collected again. So the tree stays as
 * the parser gives it, and a node is a view of one place in it, made when somebody looks.
 */
export class SyntaxNode {
  readonly type: string
  readonly #fields: JsonObject

  private constructor(type: string, fields: JsonObject) {
    this.type = type
    this.#fields = fields
  }

  /**
   * Reads a whole tree; undefined for one that is empty.
   *
   * @throws SqlFactError `fact-sql-unsupported` or `fact-sql-too-complex`
   */
  static read(tree: JsonValue): SyntaxNode | undefined {
    requireSyntax(tree)
    return SyntaxNode.#viewOf(tree)
  }

  /** A text, or the empty one, which the parser leaves out. */
  text(name: string): string {
    const value = this.#fields[name]
    return typeof value === 'string' ? value : ''
  }

  /** A whole number, or zero, which the parser leaves out. */
  number(name: string): number {
    const value = this.#fields[name]
    return typeof value === 'number' ? value : 0
  }

  is(name: string): boolean {
    return this.#fields[name] === true
  }

  one(name: string): SyntaxNode | undefined {
    return this.many(name)[0]
  }

  /** The nodes in one field, or none. */
  many(name: string): readonly SyntaxNode[] {
    if (this.#fields[name] === undefined) return NO_NODES
    const nodes: SyntaxNode[] = []
    this.#each(name, COLLECTOR, nodes)
    return nodes
  }

  /** Visits all nodes below but names, and those in the fields that are listed, with what comes along. */
  eachChild<Along>(
    visitor: Visitor<Along>,
    along: Along,
    except: readonly string[] = NO_NAMES,
  ): void {
    for (const name in this.#fields) if (!except.includes(name)) this.#each(name, visitor, along)
  }

  /** The texts of a list of names; of a star the empty one, which is no name to Postgres. */
  names(name: string): readonly string[] {
    const value = this.#fields[name]
    return Array.isArray(value) ? value.map(nameIn) : NO_NAMES
  }

  #each<Along>(name: string, visitor: Visitor<Along>, along: Along): void {
    const value = this.#fields[name]
    const field = POSTGRES_SYNTAX.get(this.type)?.get(name)
    if (field === 'nodes' && Array.isArray(value)) {
      for (const each of value) SyntaxNode.#visitNamed(each, visitor, along)
    } else if (field === 'node') {
      SyntaxNode.#visitNamed(value, visitor, along)
    } else if (typeof field === 'object' && isJsonObject(value)) {
      visitor.visit(new SyntaxNode(field.inline, value), along)
    }
  }

  static #visitNamed<Along>(
    value: JsonValue | undefined,
    visitor: Visitor<Along>,
    along: Along,
  ): void {
    const node = SyntaxNode.#viewOf(value)
    if (node !== undefined) visitor.visit(node, along)
  }

  /** The node that carries its type's name. An empty object stands for one that is not there. */
  static #viewOf(value: JsonValue | undefined): SyntaxNode | undefined {
    if (!isJsonObject(value)) return undefined
    for (const type in value) {
      const fields = value[type]
      if (isJsonObject(fields)) return new SyntaxNode(type, fields)
    }
    return undefined
  }
}

/** The text of a node of the type `String`. */
function nameIn(value: JsonValue): string {
  const node = isJsonObject(value) ? value['String'] : undefined
  const text = isJsonObject(node) ? node['sval'] : undefined
  return typeof text === 'string' ? text : ''
}

const COLLECTOR: Visitor<SyntaxNode[]> = {
  visit(node, nodes) {
    nodes.push(node)
  },
}
