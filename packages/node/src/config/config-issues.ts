import { isJsonObject, type JsonValue } from '@warren/core'
import type { z } from 'zod'
import type { ConfigDocument } from './config-document.ts'
import { ConfigError, type ConfigIssue } from './config-error.ts'
import { configJsonSchema } from './config-schema.ts'
import { nearestWord } from './nearest-word.ts'

const ISSUES_MAX = 10

type ZodIssue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

/** Words that people bring along from other files. */
const HINTS: Readonly<Record<string, string>> = {
  mcpServers: 'servers of an AI host are taken over with "warren import <file>"',
  context_servers: 'servers of an AI host are taken over with "warren import <file>"',
  type: 'a server with "command" is started, one with "url" is reached over HTTP',
}

/** Turns what the schema found into an error that says where and what to do; never with a value. */
export function configInvalid(document: ConfigDocument, issues: readonly ZodIssue[]): ConfigError {
  const found = issues
    .flatMap((issue) => describe(document, issue, []))
    .toSorted((one, other) => one.line - other.line || one.column - other.column)
    .slice(0, ISSUES_MAX)
  const lines = found.map(({ line, path, message, hint }) => {
    const advice = hint === undefined ? '' : ` (${hint})`
    return `line ${line}: ${path === '' ? 'the file' : path} ${message}${advice}`
  })
  return new ConfigError('config-invalid', `the configuration is not valid\n${lines.join('\n')}`, {
    issues: found,
  })
}

function describe(document: ConfigDocument, issue: ZodIssue, parent: Path): readonly ConfigIssue[] {
  const path = [...parent, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey(document, path, key))
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    return nearestBranch(issue.errors).flatMap((inner) => describe(document, inner, path))
  }
  if (issue.code === 'invalid_key') {
    const place = document.place(path.slice(0, -1), String(path.at(-1)))
    const message = issue.issues[0]?.message ?? 'is not a valid key'
    return [{ path: dotted(path), ...place, message }]
  }
  return [{ path: dotted(path), ...document.place(path), ...wrongValue(issue) }]
}

/** The branch of a union that somebody most likely meant: the one that knows most of the keys. */
function nearestBranch(branches: readonly (readonly ZodIssue[])[]): readonly ZodIssue[] {
  const [nearest = []] = branches.toSorted((one, other) => strangers(one) - strangers(other))
  return nearest
}

function strangers(issues: readonly ZodIssue[]): number {
  return issues.reduce(
    (sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 0),
    0,
  )
}

function unknownKey(document: ConfigDocument, path: Path, key: string): ConfigIssue {
  const meant = nearestWord(key, knownKeys(path))
  const hint = meant === undefined ? HINTS[key] : `did you mean "${meant}"?`
  const issue = {
    path: dotted([...path, key]),
    ...document.place(path, key),
    message: 'is not known here',
  }
  return hint === undefined ? issue : { ...issue, hint }
}

function wrongValue(issue: ZodIssue): Pick<ConfigIssue, 'message' | 'hint'> {
  if (issue.code !== 'invalid_type') return { message: lowerFirst(issue.message) }
  // The schema knows what it got, the message must not say it: it may be a secret.
  if (issue.message.endsWith('received undefined')) return { message: 'is missing' }
  const message = `must be ${articled(issue.expected)}`
  return issue.expected === 'string' ? { message, hint: 'put it in quotes' } : { message }
}

function articled(expected: string): string {
  return /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`
}

function lowerFirst(message: string): string {
  return message.slice(0, 1).toLowerCase() + message.slice(1)
}

function dotted(path: Path): string {
  return path.map(String).join('.')
}

/** The keys that the schema knows at a path. */
function knownKeys(path: Path): readonly string[] {
  const root: unknown = configJsonSchema()
  const schemas = path.reduce<readonly unknown[]>(
    (nodes, part) => nodes.flatMap((node) => childrenOf(node, String(part))),
    [root],
  )
  return schemas.flatMap((schema) =>
    alternatives(schema).flatMap((node) => Object.keys(objectAt(node, 'properties'))),
  )
}

function childrenOf(schema: unknown, part: string): readonly unknown[] {
  return alternatives(schema).flatMap((node) => {
    const property = objectAt(node, 'properties')[part]
    if (property !== undefined) return [property]
    if ('items' in node) return [node['items']]
    return 'additionalProperties' in node ? [node['additionalProperties']] : []
  })
}

function alternatives(schema: unknown): readonly { readonly [key: string]: JsonValue }[] {
  if (!isJsonObject(schema)) return []
  const branches = schema['anyOf'] ?? schema['oneOf']
  return Array.isArray(branches) ? branches.filter(isJsonObject) : [schema]
}

function objectAt(
  node: { readonly [key: string]: JsonValue },
  key: string,
): { readonly [key: string]: JsonValue } {
  const value = node[key]
  return isJsonObject(value) ? value : {}
}
