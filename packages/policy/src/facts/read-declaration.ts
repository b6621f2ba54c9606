import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import type { ArgumentAddress } from './argument-address.ts'
import type { Declaration, PathDeclaration, UrlDeclaration } from './declaration.ts'
import { malformed, requireKeys } from './declaration-options.ts'
import type { FactPlace } from './fact-error.ts'
import { parsePathText, segmentsOf } from './path/path-text.ts'
import { readSqlDeclaration } from './sql/read-sql-declaration.ts'

/** Reads the object behind an argument's name; the place is for the messages. */
type Reader = (options: JsonObject, place: FactPlace) => Declaration

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['path', readPathDeclaration],
  ['url', readUrlDeclaration],
  ['sql', readSqlDeclaration],
  ['shell', plain('shell')],
  ['regex', plain('regex')],
  ['json', plain('json')],
])
/** Of a list of these something can be said that holds for each element. */
const LISTED: ReadonlySet<string> = new Set<Declaration['type']>(['path', 'url'])
const SCHEMES_DEFAULT: readonly string[] = ['http', 'https']
const SCHEMES_MAX = 16
const SCHEME_PATTERN = /^[a-z][a-z0-9+.-]{0,31}$/

/**
 * Reads what one argument means, strictly.
 *
 * @throws FactError
 */
export function readDeclaration(
  value: JsonValue,
  address: ArgumentAddress,
  place: FactPlace,
): Declaration {
  if (!isJsonObject(value)) throw malformed('an argument is declared as { type: … }', place)
  const { type } = value
  const reader = typeof type === 'string' ? READERS.get(type) : undefined
  if (reader === undefined) {
    throw malformed(`the type is one of ${[...READERS.keys()].join(', ')}`, place)
  }
  const declaration = reader(value, place)
  if (address.isList && !LISTED.has(declaration.type)) {
    throw malformed(`a list holds ${[...LISTED].join(' or ')}, nothing else`, place)
  }
  return declaration
}

function readPathDeclaration(options: JsonObject, place: FactPlace): PathDeclaration {
  requireKeys(options, ['type', 'base', 'forward'], place)
  const { base, forward } = options
  if (typeof base !== 'string' || !isCanonical(base)) {
    throw malformed('the base is an absolute path without dots, such as /data', place)
  }
  if (forward !== undefined && forward !== 'canonical') {
    throw malformed('what is forwarded is "canonical", or leave it out', place)
  }
  return { type: 'path', base, ...(forward !== undefined && { forward }) }
}

function isCanonical(path: string): boolean {
  try {
    parsePathText(path)
  } catch {
    return false
  }
  const [root, ...names] = segmentsOf(path)
  const isPlain = names.every((name) => name !== '' && name !== '.' && name !== '..')
  return root === '' && (path === '/' || isPlain)
}

function readUrlDeclaration(options: JsonObject, place: FactPlace): UrlDeclaration {
  requireKeys(options, ['type', 'schemes', 'resolve'], place)
  const { schemes = SCHEMES_DEFAULT, resolve = false } = options
  if (!isSchemes(schemes)) {
    throw malformed(`schemes are 1 to ${SCHEMES_MAX} names in lower case, such as https`, place)
  }
  if (typeof resolve !== 'boolean') throw malformed('resolve is true or false', place)
  return { type: 'url', schemes, resolve }
}

function isSchemes(value: JsonValue): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= SCHEMES_MAX &&
    value.every((scheme) => typeof scheme === 'string' && SCHEME_PATTERN.test(scheme))
  )
}

function plain(type: 'shell' | 'regex' | 'json'): Reader {
  return (options, place) => {
    requireKeys(options, ['type'], place)
    return { type }
  }
}
