import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'
import { fitsEffect, isObligation, type Obligation, OBLIGATION_NAMES } from './obligation.ts'
import { PolicyError } from './policy-error.ts'

/** What a rule says of itself. */
export interface Annotations {
  /** The policy's `@id`, else `<file>:policy<N>` with N counted from 0 in the file. */
  readonly id: string
  /** `@reason`: one line for the person whose call is refused. */
  readonly reason: string | undefined
  /** `@allowed` of a permit: one line that tells a caller what would be allowed. */
  readonly allowed: string | undefined
  /** `@obligation`: what the node has to do when the rule applies. */
  readonly obligation: Obligation | undefined
}

interface Place {
  readonly file: string
  /** How the policy is called while its id is not known. */
  readonly number: string
}

const ID_PATTERN = /^[A-Za-z0-9][\w.-]{0,63}$/
const LINE_LENGTH_MAX = 300
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u
const NAMES: ReadonlySet<string> = new Set(['id', 'reason', 'allowed', 'obligation'])

/**
 * Reads the annotations of a policy; one that means nothing is an error, never a comment.
 *
 * @throws PolicyError `policy-invalid`
 */
export function readAnnotations(policy: PolicyJson, { file, number }: Place): Annotations {
  const annotations = new Map<string, unknown>(Object.entries(policy.annotations ?? {}))
  for (const key of annotations.keys()) {
    if (!NAMES.has(key)) {
      const message = `${number}: the annotation @${key} means nothing here; use @id, @reason, @allowed and @obligation`
      throw new PolicyError('policy-invalid', message, { file })
    }
  }
  const id = annotations.has('id')
    ? readId(annotations.get('id'), { file, number })
    : `${file}:${number}`
  const line = (name: string): string | undefined =>
    annotations.has(name) ? readLine(name, annotations.get(name), { file, number: id }) : undefined
  const allowed = line('allowed')
  if (allowed !== undefined && policy.effect !== 'permit') {
    throw new PolicyError('policy-invalid', `${id}: @allowed belongs to a permit`, { file })
  }
  const obligation = annotations.has('obligation')
    ? readObligation(annotations.get('obligation'), policy.effect, { file, number: id })
    : undefined
  return { id, reason: line('reason'), allowed, obligation }
}

/** An annotation without a value arrives as null. */
function readId(id: unknown, { file, number }: Place): string {
  if (typeof id === 'string' && ID_PATTERN.test(id)) return id
  const message = `${number}: an @id is 1 to 64 letters, digits, ". _ -", and starts with a letter or digit`
  throw new PolicyError('policy-invalid', message, { file })
}

function readLine(name: string, text: unknown, { file, number }: Place): string {
  if (
    typeof text === 'string' &&
    text.length > 0 &&
    text.length <= LINE_LENGTH_MAX &&
    !UNPRINTABLE.test(text)
  ) {
    return text
  }
  const message = `${number}: @${name} is one printable line of at most ${LINE_LENGTH_MAX} characters`
  throw new PolicyError('policy-invalid', message, { file })
}

function readObligation(name: unknown, effect: string, { file, number }: Place): Obligation {
  if (!isObligation(name)) {
    const message = `${number}: an @obligation is one of ${OBLIGATION_NAMES}`
    throw new PolicyError('policy-invalid', message, { file })
  }
  if (!fitsEffect(name, effect)) {
    const message = `${number}: @obligation("${name}") cannot stand on a ${effect}`
    throw new PolicyError('policy-invalid', message, { file })
  }
  return name
}
