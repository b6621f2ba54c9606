import {
  type SchemaJson,
  validate,
  type ValidationAnswer,
  type ValidationError,
} from '@cedar-policy/cedar-wasm/nodejs'
import { PolicyError } from './policy-error.ts'
import type { PolicySource } from './policy-source.ts'
import { lineAtByte } from './text-line.ts'
import type { OpaqueArgument } from './vocabulary/vocabulary.ts'

/** Honest names of tools mix scripts too; every other warning marks a rule that does not do what it seems to. */
const TOLERATED_WARNING = 'contains mixed scripts'
const POLICY_NUMBER = /^for policy `policy\d+`, /

/** What rules are checked against. */
export interface CheckedAgainst {
  readonly schema: SchemaJson<string>
  /** What of the tools' definitions has no place in the schema, and why. */
  readonly opaque: readonly OpaqueArgument[]
}

/**
 * Compares all rules with the schema at once, strictly: a name that does not exist and a rule that
 * can never apply are errors.
 *
 * @throws PolicyError `policy-invalid` with file and line, `policy-engine-failed`
 */
export function checkRules(
  sources: readonly PolicySource[],
  { schema, opaque }: CheckedAgainst,
): void {
  // Read once, however many files there are: the schema of many tools is large.
  const text = sources.map((source) => source.text).join('\n')
  const answer = ask(schema, text)
  if (answer.type === 'failure') throw failed()
  // The engine gives its faults in no order. One often follows from another before it.
  const [fault] = [
    ...answer.validationErrors,
    ...answer.validationWarnings.filter(({ error }) => !error.message.includes(TOLERATED_WARNING)),
  ].toSorted((left, right) => lineOf(text, left) - lineOf(text, right))
  if (fault === undefined) return
  const { message, help } = fault.error
  const said = [message, help, whyOpaque(message, opaque)].flatMap((part) => part ?? [])
  const plain = said.map((part) => part.replace(POLICY_NUMBER, '')).join('; ')
  throw new PolicyError(
    'policy-invalid',
    plain,
    placeOf(sources, text, fault.error.sourceLocations?.[0]?.start),
  )
}

/** What has no place comes first. Of one line the engine's order holds: what it names first is the cause. */
function lineOf(text: string, { error }: ValidationError): number {
  return lineAtByte(text, error.sourceLocations?.[0]?.start) ?? 0
}

function ask(schema: SchemaJson<string>, text: string): ValidationAnswer {
  try {
    return validate({ schema, policies: { staticPolicies: text } })
  } catch (cause) {
    throw failed(cause)
  }
}

function failed(cause?: unknown): PolicyError {
  const message = 'the policy engine failed on the rules; simplify them and restart the node'
  return new PolicyError('policy-engine-failed', message, { cause })
}

function placeOf(
  sources: readonly PolicySource[],
  text: string,
  start: number | undefined,
): { file: string; line: number | undefined } | undefined {
  let line = lineAtByte(text, start)
  for (const { name, text: own } of sources) {
    const lines = own.split('\n').length
    if (line === undefined || line <= lines) return { file: name, line }
    line -= lines
  }
  return undefined
}

/** `attribute \`input.x\` in context for …"fs/write" not found`: of what the definition has, says why rules have it not. */
function whyOpaque(message: string, opaque: readonly OpaqueArgument[]): string | undefined {
  const found = opaque.find(
    ({ tool, argument }) =>
      message.includes(`for Warren::Action::${JSON.stringify(tool)} not found`) &&
      message.includes(argument === '' ? '`input' : `\`input.${argument}`),
  )
  if (found === undefined) return undefined
  const what = found.argument === '' ? 'the input' : `"${found.argument}"`
  return `rules cannot read ${what} of ${found.tool}: ${found.why}`
}
