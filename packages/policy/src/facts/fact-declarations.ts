import { isJsonObject, type JsonValue } from '@warren/core'
import { type ArgumentAddress, parseAddress } from './argument-address.ts'
import type { Declaration } from './declaration.ts'
import { FactError, type FactPlace } from './fact-error.ts'
import { readDeclaration } from './read-declaration.ts'

/** One argument, and what it means. */
export interface DeclaredArgument {
  readonly address: ArgumentAddress
  readonly declaration: Declaration
}

const TOOLS_MAX = 1024
const ARGUMENTS_MAX = 32
/** Each is a database in memory. */
const SCHEMAS_MAX = 32
/** The name of a server in the configuration, then that of the tool as the server spells it. */
const TOOL_PATTERN = /^[a-z][a-z0-9-]{0,31}\/[^\p{C}\p{Zl}\p{Zp}]{1,256}$/u

/** Which argument of which tool is what: the content of `facts.yaml`. */
export class FactDeclarations {
  readonly #tools: ReadonlyMap<string, readonly DeclaredArgument[]>

  private constructor(tools: ReadonlyMap<string, readonly DeclaredArgument[]>) {
    this.#tools = tools
  }

  /**
   * Reads the declarations strictly: a name that means nothing is an error, never a comment.
   *
   * @throws FactError
   */
  static read(value: JsonValue): FactDeclarations {
    if (!isJsonObject(value)) {
      throw new FactError('facts-malformed', 'the file holds "<server>/<tool>: { <argument>: … }"')
    }
    const tools = Object.entries(value)
    if (tools.length > TOOLS_MAX) {
      throw new FactError('facts-too-many', `at most ${TOOLS_MAX} tools are declared`)
    }
    const read = new Map(tools.map(([tool, each]) => [tool, readTool(tool, each)]))
    const declarations = new FactDeclarations(read)
    if (declarations.sqliteSchemas().size > SCHEMAS_MAX) {
      throw new FactError('facts-too-many', `at most ${SCHEMAS_MAX} schemas are declared`)
    }
    return declarations
  }

  /** Every tool that has a declaration, as `<server>/<tool>`. */
  tools(): readonly string[] {
    return [...this.#tools.keys()]
  }

  /** The file of each schema that is declared for SQLite, once, and an argument that declares it. */
  sqliteSchemas(): ReadonlyMap<string, Required<FactPlace>> {
    const schemas = new Map<string, Required<FactPlace>>()
    for (const [tool, declared] of this.#tools) {
      for (const { address, declaration } of declared) {
        if (declaration.type !== 'sql' || declaration.dialect !== 'sqlite') continue
        if (schemas.has(declaration.schema)) continue
        schemas.set(declaration.schema, { tool, argument: address.text })
      }
    }
    return schemas
  }

  /** The declared arguments of a tool; none when nothing is declared of it. */
  argumentsOf(server: string, tool: string): readonly DeclaredArgument[] {
    return this.#tools.get(`${server}/${tool}`) ?? []
  }
}

function readTool(tool: string, value: JsonValue): readonly DeclaredArgument[] {
  const shown = TOOL_PATTERN.test(tool) ? tool : JSON.stringify(tool)
  if (shown !== tool) {
    throw new FactError('facts-malformed', `${shown} is not the name of a tool, "<server>/<tool>"`)
  }
  if (!isJsonObject(value)) {
    throw new FactError('facts-malformed', 'a tool is declared as { <argument>: … }', { tool })
  }
  const declared = Object.entries(value)
  if (declared.length > ARGUMENTS_MAX) {
    throw new FactError('facts-too-many', `at most ${ARGUMENTS_MAX} arguments are declared`, {
      tool,
    })
  }
  return declared.map(([argument, each]) => readArgument(each, { tool, argument }))
}

function readArgument(value: JsonValue, place: Required<FactPlace>): DeclaredArgument {
  const address = parseAddress(place.argument)
  if (address === undefined) {
    const { tool, argument } = place
    const message = `${JSON.stringify(argument)} is not the name of an argument, such as path, options.file or paths[]`
    throw new FactError('facts-malformed', message, { tool })
  }
  return { address, declaration: readDeclaration(value, address, place) }
}
