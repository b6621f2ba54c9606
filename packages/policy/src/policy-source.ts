import {
  type DetailedError,
  policySetTextToParts,
  policyToJson,
  type PolicyJson,
} from '@cedar-policy/cedar-wasm/nodejs'
import { comparesWithCall } from './action-use.ts'
import { uid } from './cedar-request.ts'
import { checkComplexity } from './policy-complexity.ts'
import { PolicyError } from './policy-error.ts'
import { printable } from './printable.ts'
import { type Annotations, readAnnotations } from './rule-annotations.ts'
import { lookedInto } from './slicing/looked-into.ts'
import { lineAtByte, lineAtIndex } from './text-line.ts'

/** One policy file: a name for messages and ids, and its text in the Cedar language. */
export interface PolicySource {
  readonly name: string
  readonly text: string
}

/** One permit or forbid of a file. */
export interface Rule extends Annotations {
  readonly file: string
  /** The policy as it stands in the file: what the engine is given. */
  readonly text: string
  /** For reading alone: large numbers and deep nesting do not survive the way back into the engine. */
  readonly json: PolicyJson
}

const CALLER = uid('Caller', '').type
const FILE_LENGTH_MAX = 262_144
const FILE_NAME_PATTERN = /^[\w][\w .-]{0,127}$/

/**
 * Reads the rules of one file: measured, parsed, annotations understood. `checkRules` compares them with the schema.
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
    return policies.map((policy, index) => readRule({ file, text }, policy, index))
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
  return new PolicyError('policy-malformed', message, {
    file,
    line: lineAtByte(text, error?.sourceLocations?.[0]?.start),
  })
}

function readRule(
  { file, text }: { file: string; text: string },
  policy: string,
  index: number,
): Rule {
  const answer = policyToJson(policy)
  if (answer.type === 'failure') throw malformed({ file, text: policy }, answer.errors)
  const { json } = answer
  const annotations = readAnnotations(json, { file, number: `policy${index}` })
  // The engine gives a policy back as it stands in the file; of two that are the same, one is named.
  const place = { file, line: lineAtIndex(text, text.indexOf(policy)) }
  const caller = lookedInto([json]).find(({ type }) => type === CALLER)
  if (caller !== undefined) {
    const message = `${annotations.id}: the roles and attributes of "${printable(caller.id)}" are known only while it is the one that asks; write: principal == ${CALLER}::"…" && principal …`
    throw new PolicyError('policy-invalid', message, place)
  }
  if (comparesWithCall(json)) {
    const message = `${annotations.id}: "call" is a group in which every defined tool is an action; write: action in Warren::Action::"call"`
    throw new PolicyError('policy-invalid', message, place)
  }
  return { ...annotations, file, text: policy, json }
}
