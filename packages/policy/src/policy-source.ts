import {
  type DetailedError,
  policySetTextToParts,
  policyToJson,
  type PolicyJson,
  validate,
} from '@cedar-policy/cedar-wasm/nodejs'
import { checkComplexity } from './policy-complexity.ts'
import { PolicyError } from './policy-error.ts'
import { POLICY_SCHEMA } from './policy-schema.ts'

/** One policy file: a name for messages and ids, and its text in the Cedar language. */
export interface PolicySource {
  readonly name: string
  readonly text: string
}

/** One permit or forbid of a file, validated against the schema. */
export interface Rule {
  /** The policy's `@id`, else `<file>:policy<N>` with N counted from 0 in the file. */
  readonly id: string
  readonly file: string
  /** The policy's `@reason`: one line for the person whose call is refused. */
  readonly reason: string | undefined
  /** The policy as it stands in the file: what the engine is given. */
  readonly text: string
  /** For reading alone: large numbers and deep nesting do not survive the way back into the engine. */
  readonly json: PolicyJson
}

const FILE_LENGTH_MAX = 262_144
const FILE_NAME_PATTERN = /^[\w][\w .-]{0,127}$/
const ID_PATTERN = /^[A-Za-z0-9][\w.-]{0,63}$/
const REASON_LENGTH_MAX = 300
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u
const ANNOTATIONS: ReadonlySet<string> = new Set(['id', 'reason'])
/** Honest names of tools mix scripts too; every other warning marks a rule that does not do what it seems to. */
const TOLERATED_WARNING = 'contains mixed scripts'

/**
 * Reads the rules of one file: measured, parsed, validated strictly, annotations understood.
 *
 * @throws PolicyError
 */
export function readRules({ name: file, text }: PolicySource): readonly Rule[] {
  if (!FILE_NAME_PATTERN.test(file)) {
    throw new PolicyError(
      'policy-malformed',
      'a policy file is named with letters, digits, ". _ -"',
    )
  }
  if (text.length > FILE_LENGTH_MAX) {
    throw new PolicyError(
      'policy-too-large',
      `a policy file has at most ${FILE_LENGTH_MAX} characters`,
      { file },
    )
  }
  if (!text.isWellFormed()) {
    throw new PolicyError('policy-malformed', 'the file is not UTF-8 text; save it again', { file })
  }
  checkComplexity(file, text)
  try {
    const policies = split(file, text)
    checkAgainstSchema(file, text)
    return policies.map((policy, index) => readRule(file, policy, index))
  } catch (cause) {
    if (cause instanceof PolicyError) throw cause
    const message = 'the policy engine failed on this file; simplify it and restart the node'
    throw new PolicyError('policy-engine-failed', message, { file, cause })
  }
}

function split(file: string, text: string): readonly string[] {
  const parts = policySetTextToParts(text)
  if (parts.type === 'failure') throw malformed({ file, text }, parts.errors)
  if (parts.policy_templates.length > 0) {
    const message =
      'a policy with ?principal or ?resource is a template and applies to nobody; name them'
    throw new PolicyError('policy-malformed', message, { file })
  }
  // The engine returns the policies sorted by their ids as text: policy0, policy1, policy10, policy2.
  const order = parts.policies
    .map((_, index) => index)
    .toSorted((a, b) => (`${a}` < `${b}` ? -1 : 1))
  const policies: string[] = []
  for (const [position, index] of order.entries()) policies[index] = parts.policies[position] ?? ''
  return policies
}

function malformed(
  { file, text }: { file: string; text: string },
  errors: readonly DetailedError[],
): PolicyError {
  const [error] = errors
  const label = error?.sourceLocations?.[0]?.label
  const message = `${error?.message ?? 'the text is not Cedar'}${label ? ` (${label})` : ''}`
  return new PolicyError('policy-malformed', message, { file, line: lineOf(text, error) })
}

function checkAgainstSchema(file: string, text: string): void {
  const answer = validate({ schema: POLICY_SCHEMA, policies: { staticPolicies: text } })
  if (answer.type === 'failure') throw malformed({ file, text }, answer.errors)
  const faults = [
    ...answer.validationErrors,
    ...answer.validationWarnings.filter(({ error }) => !error.message.includes(TOLERATED_WARNING)),
  ]
  const [fault] = faults
  if (fault === undefined) return
  const { message, help } = fault.error
  const plain = message.replace(/^for policy `policy\d+`, /, '')
  throw new PolicyError('policy-invalid', help === null ? plain : `${plain}; ${help}`, {
    file,
    line: lineOf(text, fault.error),
  })
}

function readRule(file: string, policy: string, index: number): Rule {
  const answer = policyToJson(policy)
  if (answer.type === 'failure') throw malformed({ file, text: policy }, answer.errors)
  const annotations = new Map(Object.entries(answer.json.annotations ?? {}))
  const number = `policy${index}`
  for (const key of annotations.keys()) {
    if (!ANNOTATIONS.has(key)) {
      const message = `${number}: the annotation @${key} means nothing here; use @id and @reason`
      throw new PolicyError('policy-invalid', message, { file })
    }
  }
  const id = annotations.has('id')
    ? readId(file, number, annotations.get('id'))
    : `${file}:${number}`
  const reason = annotations.has('reason')
    ? readReason(file, id, annotations.get('reason'))
    : undefined
  return { id, file, reason, text: policy, json: answer.json }
}

/** An annotation without a value arrives as null. */
function readId(file: string, number: string, id: unknown): string {
  if (typeof id === 'string' && ID_PATTERN.test(id)) return id
  const message = `${number}: an @id is 1 to 64 letters, digits, ". _ -", and starts with a letter or digit`
  throw new PolicyError('policy-invalid', message, { file })
}

function readReason(file: string, id: string, reason: unknown): string {
  if (
    typeof reason === 'string' &&
    reason.length > 0 &&
    reason.length <= REASON_LENGTH_MAX &&
    !UNPRINTABLE.test(reason)
  ) {
    return reason
  }
  const message = `${id}: a @reason is one printable line of at most ${REASON_LENGTH_MAX} characters`
  throw new PolicyError('policy-invalid', message, { file })
}

/** The line of an error, counted from 1; the engine counts in bytes of UTF-8. */
function lineOf(text: string, error: DetailedError | undefined): number | undefined {
  const start = error?.sourceLocations?.[0]?.start
  if (start === undefined) return undefined
  let bytes = 0
  let line = 1
  for (const character of text) {
    if (bytes >= start) break
    const point = character.codePointAt(0) ?? 0
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4
    if (character === '\n') line += 1
  }
  return line
}
