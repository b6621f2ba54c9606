import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import { objectAt } from '../json-rpc.ts'
import { encodeField } from './derived-fields.ts'
import { PARAMETER_PREFIX } from './header-fields.ts'

/** An argument that a tool wants repeated in a header field. */
interface Mirrored {
  readonly path: readonly string[]
  readonly field: string
}

const FIELD_TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}$/
const TOOLS_MAX = 2_048
const FIELDS_PER_TOOL_MAX = 32
const DEPTH_MAX = 8

/**
 * Remembers from tool lists which arguments a tool wants as `Mcp-Param-*` fields (`x-mcp-header` in
 * its input schema), because whoever turns a message into an HTTP request has to write them.
 */
export class ParameterFields {
  readonly #byTool = new Map<string, readonly Mirrored[]>()

  /** Learns from the result of a `tools/list`. */
  learn(result: JsonObject): void {
    const { tools } = result
    if (!isArray(tools)) return
    for (const tool of tools) {
      if (!isJsonObject(tool) || typeof tool['name'] !== 'string') continue
      const mirrored = mirroredIn(objectAt(tool, 'inputSchema'), [])
      this.#byTool.delete(tool['name'])
      const room = this.#byTool.size < TOOLS_MAX
      if (mirrored.length > 0 && room) this.#byTool.set(tool['name'], mirrored)
    }
  }

  /** The values, or nothing where there is none, that a field repeats of a call; empty where it repeats no argument. */
  valuesOf(params: JsonObject, name: string): readonly (JsonValue | undefined)[] {
    return this.#mirroredOf(params)
      .filter(({ field }) => fieldName(field) === name)
      .map(({ path }) => valueAt(objectAt(params, 'arguments'), path))
  }

  /** The fields for one call. */
  fieldsOf(params: JsonObject): Readonly<Record<string, string>> {
    const fields: Record<string, string> = {}
    for (const { path, field } of this.#mirroredOf(params)) {
      const text = textOf(valueAt(objectAt(params, 'arguments'), path))
      if (text !== undefined) fields[fieldName(field)] = encodeField(text)
    }
    return fields
  }

  #mirroredOf({ name }: JsonObject): readonly Mirrored[] {
    return typeof name === 'string' ? (this.#byTool.get(name) ?? []) : []
  }
}

function fieldName(field: string): string {
  return `${PARAMETER_PREFIX}${field.toLowerCase()}`
}

function mirroredIn(schema: JsonObject, path: readonly string[]): readonly Mirrored[] {
  if (path.length > DEPTH_MAX) return []
  const field = schema['x-mcp-header']
  const own =
    path.length > 0 && typeof field === 'string' && FIELD_TOKEN.test(field) ? [{ path, field }] : []
  const below = Object.entries(objectAt(schema, 'properties')).flatMap(([key, child]) =>
    isJsonObject(child) ? mirroredIn(child, [...path, key]) : [],
  )
  return [...own, ...below].slice(0, FIELDS_PER_TOOL_MAX)
}

function valueAt(container: JsonObject, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = container
  for (const key of path) {
    value = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  }
  return value
}

/** Only text, truth values and exact integers have a form as a field. */
function textOf(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : undefined
}

function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value)
}
