import { isJsonObject } from '@warren/core'
import { FactDeclarations, FactError, PolicyError, type PolicySource } from '@warren/policy'
import type { ConfigDocument } from '../config/config-document.ts'
import { parsePolicyYaml } from './read-policy-yaml.ts'

/** What `facts.yaml` says. */
export interface FactFile {
  readonly declarations: FactDeclarations
  readonly schemaFiles: readonly SchemaFile[]
}

/** A file with a schema for SQLite, beside `facts.yaml`. */
export interface SchemaFile {
  readonly name: string
  /** Where it is declared first. */
  readonly line: number
}

/**
 * Reads `facts.yaml`: YAML without aliases, then the declarations, strictly.
 *
 * @throws PolicyError which names the file and the line
 */
export function readFactFile(source: PolicySource): FactFile {
  const { name: file } = source
  const document = parsePolicyYaml(source)
  const value = document.value()
  try {
    if (isJsonObject(value)) return factFile(FactDeclarations.read(value), document)
    throw new FactError('facts-malformed', 'the file holds "<server>/<tool>: { <argument>: … }"')
  } catch (cause) {
    if (!(cause instanceof FactError)) throw cause
    const { tool, argument } = cause.place
    const path = tool === undefined || argument === undefined ? [] : [tool]
    const { line } = document.place(path, argument ?? tool)
    const code = cause.code === 'facts-too-many' ? 'policy-too-large' : 'policy-malformed'
    throw new PolicyError(code, cause.message, { file, line, cause })
  }
}

function factFile(declarations: FactDeclarations, document: ConfigDocument): FactFile {
  const schemaFiles = [...declarations.sqliteSchemas()].map(([name, { tool, argument }]) => {
    return { name, line: document.place([tool], argument).line }
  })
  return { declarations, schemaFiles }
}
