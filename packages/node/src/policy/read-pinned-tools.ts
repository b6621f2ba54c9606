import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '@warren/core'
import { PolicyError, type PolicySource, type ToolDefinition } from '@warren/policy'
import { toolDigest } from './pin/tool-digest.ts'

/** A tool as it was approved. */
export interface PinnedTool extends ToolDefinition {
  /** Of what is pinned of it, as `toolDigest` names it. */
  readonly digest: string
}

/** Where the definitions stand in the directory of the policies. */
export const PINNED_DIRECTORY = 'tools'

const LIMITS = { lengthMax: 1024 * 1024, depthMax: 64, keysMax: 65_536 }
const FILE_PATTERN = /^tools\/([a-z][a-z0-9-]{0,31})\.json$/

/**
 * Reads the pinned tools of one server: `{ "tools": […] }`, each as the server lists it.
 *
 * @throws PolicyError which names the file and, where it is one tool's, the tool
 */
export function readPinnedTools(source: PolicySource): readonly PinnedTool[] {
  const { name: file } = source
  const [, server] = FILE_PATTERN.exec(file) ?? []
  if (server === undefined) {
    throw malformed(file, 'the file is named after a server in the configuration: "<server>.json"')
  }
  const tools = parsePinFile(source).map((tool, index) => readTool(tool, { file, server, index }))
  const names = new Set<string>()
  for (const { name } of tools) {
    if (names.has(name)) throw malformed(file, `the tool ${JSON.stringify(name)} stands here twice`)
    names.add(name)
  }
  return tools
}

/**
 * The tools of such a file as they stand there, whatever they are.
 *
 * @throws PolicyError `policy-malformed`
 */
export function parsePinFile({ name: file, text }: PolicySource): readonly JsonValue[] {
  const value = parse(file, text)
  if (isJsonObject(value) && Object.keys(value).join() === 'tools' && isArray(value['tools'])) {
    return value['tools']
  }
  throw malformed(file, 'the file holds { "tools": [ … ] } and nothing else')
}

function readTool(
  tool: JsonValue,
  { file, server, index }: { file: string; server: string; index: number },
): PinnedTool {
  const { name, inputSchema } = isJsonObject(tool) ? tool : NOTHING
  if (typeof name !== 'string' || name === '') {
    throw malformed(file, `tool ${index + 1} has no "name"`)
  }
  if (!isJsonObject(inputSchema)) {
    throw malformed(file, `the tool ${JSON.stringify(name)} has no "inputSchema"`)
  }
  return { server, name, inputSchema, digest: toolDigest(isJsonObject(tool) ? tool : NOTHING) }
}

const NOTHING: JsonObject = {}

function parse(file: string, text: string): JsonValue {
  try {
    return parseJson(text, LIMITS)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'the text is not JSON'
    throw new PolicyError('policy-malformed', why, { file, cause })
  }
}

function malformed(file: string, message: string): PolicyError {
  return new PolicyError('policy-malformed', message, { file })
}

function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value)
}
