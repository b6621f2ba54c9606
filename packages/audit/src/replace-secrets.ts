import type { JsonObject, JsonValue } from '@warren/core'

/** A stretch of text that is a secret, by UTF-16 code units. */
export interface SecretRange {
  readonly start: number
  /** The first unit behind. */
  readonly end: number
  /** What it looks like: `[a-z0-9-]`. */
  readonly rule: string
}

/** What knows secrets when it sees them. */
export interface SecretFinder {
  /** The secrets in a text, in order, none over another. */
  findSecrets(text: string): readonly SecretRange[]
  /** Whether what a member of this name holds is secret whatever it looks like. */
  isSecretName(name: string): boolean
}

/** A value, and how many of its secrets were replaced. */
export interface Redacted {
  readonly value: JsonValue
  readonly secrets: number
}

/** What stands for the value of a member whose name says that it is secret. */
const BY_NAME = '[secret:name]'

/** Replaces every secret in a value by `[secret:<rule>]`, in keys as in texts; nothing else is changed. */
export function replaceSecrets(value: JsonValue, finder: SecretFinder): Redacted {
  const replacer = new SecretReplacer(finder)
  return { value: replacer.replace(value), secrets: replacer.count }
}

/** Replaces the value of a field by its name, where that says enough, or else what is secret in it. */
export function replaceSecretsOf(
  field: { readonly name: string; readonly value: JsonValue },
  finder: SecretFinder,
): Redacted {
  if (isHidden(field.name, field.value, finder)) return { value: BY_NAME, secrets: 1 }
  return replaceSecrets(field.value, finder)
}

class SecretReplacer {
  count = 0
  readonly #finder: SecretFinder

  constructor(finder: SecretFinder) {
    this.#finder = finder
  }

  replace(value: JsonValue): JsonValue {
    if (typeof value === 'string') return this.#replaceText(value)
    if (typeof value !== 'object' || value === null) return value
    if (isList(value)) return value.map((item) => this.replace(item))
    return this.#replaceObject(value)
  }

  #replaceObject(object: JsonObject): JsonObject {
    const entries: [string, JsonValue][] = []
    for (const [key, member] of Object.entries(object)) {
      const isSecret = isHidden(key, member, this.#finder)
      if (isSecret) this.count += 1
      entries.push([this.#replaceText(key), isSecret ? BY_NAME : this.replace(member)])
    }
    return Object.fromEntries(entries)
  }

  #replaceText(text: string): string {
    const ranges = this.#finder.findSecrets(text)
    if (ranges.length === 0) return text
    this.count += ranges.length
    const parts: string[] = []
    let at = 0
    for (const { start, end, rule } of ranges) {
      parts.push(text.slice(at, start), `[secret:${rule}]`)
      at = end
    }
    return [...parts, text.slice(at)].join('')
  }
}

/** A flag, or nothing at all, gives no secret away: `"password": null` says something that may be read. */
function isHidden(name: string, value: JsonValue, finder: SecretFinder): boolean {
  return value !== null && typeof value !== 'boolean' && finder.isSecretName(name)
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
