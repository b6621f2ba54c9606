import {
  isJsonObject,
  JsonError,
  type JsonObject,
  type JsonValue,
  parseCanonicalJson,
} from '@warren/core'
import {
  decodeMultikey,
  type Did,
  IdentityError,
  type KeyType,
  parseDid,
  parseTimestamp,
} from '@warren/identity'
import { multibaseBytes } from './byte-text.ts'
import { MembershipError } from './membership-error.ts'

/** What is being read; the first half of the error codes. */
export type RecordKind =
  | 'charter'
  | 'membership'
  | 'invitation'
  | 'hello'
  | 'join'
  | 'record'
  | 'request'
  | 'staple'
  | 'public-keys'
  | 'policy-set'

export interface TextRule {
  readonly lengthMax: number
  readonly pattern?: RegExp
}

export interface TextsRule extends TextRule {
  readonly countMax: number
}

export interface RecordKey {
  readonly multikey: string
  readonly bytes: Uint8Array
}

export interface IntegerRule {
  readonly min: number
  readonly max: number
}

const DEPTH_MAX = 16
const KEYS_MAX = 4096
const DID_LENGTH_MAX = 256
const TIME_LENGTH = 20
export const NAME_LENGTH_MAX = 64
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u

/**
 * Parses a record from outside: length, depth, canonical form (RFC 8785), exact members.
 *
 * @throws MembershipError `<kind>-too-large`, `<kind>-malformed`
 */
export function parseRecord(kind: RecordKind, text: string, lengthMax: number): RecordReader {
  if (text.length > lengthMax) {
    throw new MembershipError(`${kind}-too-large`, `a ${kind} has at most ${lengthMax} characters`)
  }
  try {
    const value = parseCanonicalJson(text, { lengthMax, depthMax: DEPTH_MAX, keysMax: KEYS_MAX })
    return new RecordReader(kind, value)
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    throw new MembershipError(`${kind}-malformed`, `the ${kind} is not one: ${cause.message}`, {
      cause,
    })
  }
}

/** Reads the members of one object; whatever is missing, extra or of another shape is an error. */
export class RecordReader {
  readonly object: JsonObject
  readonly #kind: RecordKind

  constructor(kind: RecordKind, value: JsonValue | undefined) {
    this.#kind = kind
    if (!isJsonObject(value)) throw this.fault('an object is missing')
    this.object = value
  }

  /** An error about this record. */
  fault(rule: string): MembershipError {
    return new MembershipError(`${this.#kind}-malformed`, `the ${this.#kind} is malformed: ${rule}`)
  }

  /** Requires exactly these members; those of `optional` may be absent. */
  members(required: readonly string[], optional: readonly string[] = []): void {
    const missing = required.find((key) => !Object.hasOwn(this.object, key))
    if (missing !== undefined) throw this.fault(`"${missing}" is missing`)
    const known = new Set([...required, ...optional])
    if (Object.keys(this.object).some((key) => !known.has(key))) {
      throw this.fault('it has a member that this version does not know')
    }
  }

  has(key: string): boolean {
    return Object.hasOwn(this.object, key)
  }

  /** Requires a member to have one fixed value. */
  constant(key: string, value: string | number): void {
    if (this.object[key] !== value) throw this.fault(`"${key}" is not ${JSON.stringify(value)}`)
  }

  /** Requires a list of fixed texts, in this order. */
  constants(key: string, values: readonly string[]): void {
    const list = this.#list(key, values.length)
    if (list.length < values.length || list.some((item, index) => item !== values[index])) {
      throw this.fault(`"${key}" is not ${JSON.stringify(values)}`)
    }
  }

  text(key: string, rule: TextRule): string {
    return this.#checkText(key, this.object[key], rule)
  }

  /** One line for people. */
  printableName(key: string): string {
    const name = this.text(key, { lengthMax: NAME_LENGTH_MAX })
    if (!isPrintableName(name)) throw this.fault(`"${key}" is not one printable line`)
    return name
  }

  /** One line for people, at most so long. */
  printableLine(key: string, lengthMax: number): string {
    const line = this.text(key, { lengthMax })
    if (!isPrintableLine(line)) throw this.fault(`"${key}" is not one printable line`)
    return line
  }

  /** One of some fixed texts. */
  oneOf<Choice extends string>(key: string, choices: readonly Choice[]): Choice {
    const value = this.object[key]
    const choice = choices.find((each) => each === value)
    if (choice === undefined) throw this.fault(`"${key}" is none of ${choices.join(', ')}`)
    return choice
  }

  /** True or false. */
  flag(key: string): boolean {
    const value = this.object[key]
    if (typeof value !== 'boolean') throw this.fault(`"${key}" is neither true nor false`)
    return value
  }

  integer(key: string, { min, max }: IntegerRule): number {
    const value = this.object[key]
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
      throw this.fault(`"${key}" is not an integer from ${min} to ${max}`)
    }
    return value
  }

  did(key: string): Did {
    return this.#parsed(this.text(key, { lengthMax: DID_LENGTH_MAX }), parseDid)
  }

  /** A list of different DIDs. */
  dids(key: string, countMax: number): readonly Did[] {
    return this.texts(key, { lengthMax: DID_LENGTH_MAX, countMax }).map((text) =>
      this.#parsed(text, parseDid),
    )
  }

  /** Wall-clock milliseconds of a time in whole seconds. */
  timeMs(key: string): number {
    return this.#parsed(this.text(key, { lengthMax: TIME_LENGTH }), parseTimestamp)
  }

  /** A public key of one type, with its text. */
  key(text: string, type: KeyType): RecordKey {
    const key = this.#parsed(text, decodeMultikey)
    if (key.type !== type) throw this.fault(`a key is not one of type ${type}`)
    return { multikey: text, bytes: key.bytes }
  }

  /** Exactly that many bytes, as multibase base64url. */
  bytes(key: string, length: number): Uint8Array {
    const bytes = multibaseBytes(this.text(key, { lengthMax: 2 * length }), length)
    if (bytes === undefined) throw this.fault(`"${key}" is not ${length} bytes in base64url`)
    return bytes
  }

  /** A list of different texts. */
  texts(key: string, rule: TextsRule): readonly string[] {
    const texts = this.#list(key, rule.countMax).map((item) => this.#checkText(key, item, rule))
    if (new Set(texts).size < texts.length) throw this.fault(`"${key}" names something twice`)
    return texts
  }

  child(key: string): RecordReader {
    return new RecordReader(this.#kind, this.object[key])
  }

  children(key: string, countMax: number): readonly RecordReader[] {
    return this.#list(key, countMax).map((item) => new RecordReader(this.#kind, item))
  }

  #parsed<Value>(text: string, parse: (text: string) => Value): Value {
    try {
      return parse(text)
    } catch (error) {
      if (!(error instanceof IdentityError)) throw error
      throw this.fault(error.message)
    }
  }

  #list(key: string, countMax: number): readonly JsonValue[] {
    const value = this.object[key]
    if (!isList(value)) throw this.fault(`"${key}" is not a list`)
    if (value.length > countMax) throw this.fault(`"${key}" has more than ${countMax} items`)
    return value
  }

  #checkText(key: string, value: JsonValue | undefined, rule: TextRule): string {
    if (typeof value !== 'string' || value.length > rule.lengthMax) {
      throw this.fault(`"${key}" is not text of at most ${rule.lengthMax} characters`)
    }
    if (!fitsRule(value, rule)) throw this.fault(`"${key}" has the wrong form`)
    return value
  }
}

/** Whether a text is within its length and of its form. */
export function fitsRule(text: string, { lengthMax, pattern }: TextRule): boolean {
  return text.length <= lengthMax && (pattern === undefined || pattern.test(text))
}

/** One line for people: 1 to 64 characters, nothing invisible. */
export function isPrintableName(text: string): boolean {
  return text.length <= NAME_LENGTH_MAX && isPrintableLine(text)
}

/** One line for people: not empty, nothing invisible. */
export function isPrintableLine(text: string): boolean {
  return text.length > 0 && text.trim() === text && !UNPRINTABLE.test(text)
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value)
}
