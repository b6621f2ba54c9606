import type { JsonValue } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import type { Digest, FieldDigest } from './digest.ts'
import { FIELDS_MAX, TEXT_LENGTH_MAX } from './entry-rules.ts'
import {
  type Redacted,
  replaceSecrets,
  replaceSecretsOf,
  type SecretFinder,
} from './replace-secrets.ts'
import { pointerNames, saltedDigest, saltOf, valueAt } from './value-digest.ts'
import { valueText } from './value-text.ts'

/** Stands in the salt for a pointer, which would begin with a slash. */
export const FORWARDED = 'forwarded'

/** How much of a value is kept; a list names fields by JSON Pointers (RFC 6901). */
export type Keep = 'nothing' | 'hash' | 'all' | readonly string[]

/** A value on its way into the log. */
export interface ValueDraft {
  readonly keep: Keep
  /** Absent where there is none; nothing is kept then. */
  readonly value?: JsonValue
}

/** The text of a value that is kept beside the log, to be encrypted. */
export interface Body {
  readonly seq: number
  readonly path: string
  readonly text: string
}

/** What goes into the entry, and what beside it. */
export interface KeptValue {
  readonly digest: Digest
  readonly bodies: readonly Body[]
}

/** What digests and bodies are made with. */
export interface ValueKeeper {
  readonly suite: CryptoSuite
  readonly saltKey: Uint8Array
  readonly secrets: SecretFinder
}

/** Makes the digest of a value of one entry, and the bodies that its configuration asks for, secrets replaced. */
export function keepValue(draft: ValueDraft, seq: number, keeper: ValueKeeper): KeptValue {
  const { keep, value } = draft
  if (value === undefined || keep === 'nothing') return { digest: { keep: 'nothing' }, bodies: [] }
  if (keep === 'all') return keepAll(value, seq, keeper)
  const digest = digestAt({ seq, path: '' }, valueText(value), keeper)
  if (keep === 'hash') return { digest: { keep, digest }, bodies: [] }

  const fields: FieldDigest[] = []
  const bodies: Body[] = []
  for (const path of namedFields(keep)) {
    const kept = keepField(value, path, { ...keeper, seq })
    if (kept === undefined) continue
    fields.push(kept.field)
    bodies.push(kept.body)
  }
  return { digest: { keep: 'fields', digest, fields }, bodies }
}

/**
 * The digest of arguments that took the place of others: as little is said of them as of those, and no body is kept,
 * since the declarations of the policy say what was replaced.
 */
export function digestForwarded(
  { keep, value }: Required<ValueDraft>,
  seq: number,
  keeper: ValueKeeper,
): Digest {
  if (keep === 'nothing') return { keep }
  return { keep: 'hash', digest: digestAt({ seq, path: FORWARDED }, valueText(value), keeper) }
}

/** Tells a path that an entry can name from every other text. */
export function isFieldPath(path: string): boolean {
  return path.startsWith('/') && path.length <= TEXT_LENGTH_MAX.path && path.isWellFormed()
}

function namedFields(paths: readonly string[]): readonly string[] {
  return [...new Set(paths)].filter(isFieldPath).slice(0, FIELDS_MAX)
}

function keepAll(value: JsonValue, seq: number, keeper: ValueKeeper): KeptValue {
  const redacted = replaceSecrets(value, keeper.secrets)
  const text = valueText(redacted.value)
  const digest = digestAt({ seq, path: '' }, text, keeper)
  return {
    digest: { keep: 'all', digest, ...secretsOf(redacted) },
    bodies: [{ seq, path: '', text }],
  }
}

function keepField(
  value: JsonValue,
  path: string,
  keeper: ValueKeeper & { readonly seq: number },
): { readonly field: FieldDigest; readonly body: Body } | undefined {
  const found = valueAt(value, path)
  if (found === undefined) return undefined
  const { seq } = keeper
  const redacted = redactField(path, found, keeper.secrets)
  const text = valueText(redacted.value)
  return {
    field: { path, digest: digestAt({ seq, path }, text, keeper), ...secretsOf(redacted) },
    body: { seq, path, text },
  }
}

/** A secret name anywhere along the path hides what lies below it, as it would if all were kept. */
function redactField(path: string, value: JsonValue, secrets: SecretFinder): Redacted {
  const names = pointerNames(path)
  const name = names.find((each) => secrets.isSecretName(each)) ?? names.at(-1) ?? ''
  return replaceSecretsOf({ name, value }, secrets)
}

function digestAt(
  place: { readonly seq: number; readonly path: string },
  text: string,
  { suite, saltKey }: ValueKeeper,
): string {
  return saltedDigest(suite, saltOf(suite, saltKey, place), text)
}

function secretsOf({ secrets }: Redacted): { readonly secrets?: number } {
  return secrets === 0 ? {} : { secrets }
}
