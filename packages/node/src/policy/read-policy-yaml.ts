import { PolicyError, type PolicySource } from '@warren/policy'
import type { z } from 'zod'
import { CONFIG_LENGTH_MAX, ConfigDocument } from '../config/config-document.ts'
import { ConfigError } from '../config/config-error.ts'
import { configInvalid } from '../config/config-issues.ts'

/**
 * Parses a YAML file of a policy set: without aliases and tags, no key twice.
 *
 * @throws PolicyError `policy-malformed` with the file and line, `policy-too-large`
 */
export function parsePolicyYaml({ name: file, text }: PolicySource): ConfigDocument {
  try {
    return new ConfigDocument(text)
  } catch (cause) {
    throw policyFault(file, cause)
  }
}

/**
 * Reads a YAML file of a policy set by a schema; the document says where each part of it stands.
 *
 * @throws PolicyError `policy-malformed` with the file and line, `policy-too-large`
 */
export function readPolicyYaml<Schema extends z.ZodType>(
  source: PolicySource,
  schema: Schema,
): { readonly value: z.output<Schema>; readonly document: ConfigDocument } {
  const document = parsePolicyYaml(source)
  const { success, data, error } = schema.safeParse(document.value())
  if (success) return { value: data, document }
  throw policyFault(source.name, configInvalid(document, error.issues))
}

/** A fault as it is said of any file of a policy set: the first one, its place and its line. */
function policyFault(file: string, cause: unknown): unknown {
  if (!(cause instanceof ConfigError)) return cause
  const [issue] = cause.issues
  if (issue === undefined) {
    const message = `the file has more than ${CONFIG_LENGTH_MAX} characters`
    return new PolicyError('policy-too-large', message, { file, cause })
  }
  const { line, path, message } = issue
  // What is no YAML has no parts that could be named.
  const isSyntax = cause.code === 'config-syntax'
  const said = isSyntax ? message : `${path === '' ? 'the file' : path} ${message}`
  return new PolicyError('policy-malformed', said, { file, line, cause })
}
