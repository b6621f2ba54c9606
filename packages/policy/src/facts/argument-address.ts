import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import { FactFlaw } from './fact-flaw.ts'

/** The way to an argument: the name of a member, or every element of an array. */
type AddressStep = { readonly member: string } | 'elements'

/** Where in the arguments of a call something stands: `path`, `options.file`, `edits[].path`. */
export interface ArgumentAddress {
  /** As the declaration writes it; also the name of the fact. */
  readonly text: string
  readonly steps: readonly AddressStep[]
  /** More than one value may stand there. */
  readonly isList: boolean
}

/** A text of the arguments, and the way to it: names of members and indexes. */
export interface FoundText {
  readonly way: readonly (string | number)[]
  readonly text: string
}

const ADDRESS_LENGTH_MAX = 256
const STEPS_MAX = 8
/** Of one array, and of all that stands at one address. */
const ELEMENTS_MAX = 64
/** A name of printable characters, in which `.`, `[`, `]` and `\` have a backslash before them. */
const MEMBER = /(?:[^.[\]\\\p{C}\p{Zl}\p{Zp}]|\\[.[\]\\])+/uy
const FORBIDDEN_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** Reads an address; undefined when the text is none. */
export function parseAddress(text: string): ArgumentAddress | undefined {
  if (text.length > ADDRESS_LENGTH_MAX || !text.isWellFormed()) return undefined
  const steps: AddressStep[] = []
  for (let index = 0; ;) {
    MEMBER.lastIndex = index
    const [written] = MEMBER.exec(text) ?? []
    if (written === undefined) return undefined
    const member = written.replaceAll(/\\(.)/g, '$1')
    if (FORBIDDEN_NAMES.has(member)) return undefined
    steps.push({ member })
    index += written.length
    for (; text.startsWith('[]', index); index += 2) steps.push('elements')
    if (steps.length > STEPS_MAX) return undefined
    if (index === text.length) return { text, steps, isList: steps.includes('elements') }
    if (text[index] !== '.') return undefined
    index += 1
  }
}

/**
 * Every text that stands at an address, in order; undefined when the call has no such argument,
 * which for a list is another thing than an empty one.
 *
 * @throws FactFlaw `fact-argument-shape` when something else stands there, `fact-too-many`
 */
export function findTexts(
  args: JsonObject,
  address: ArgumentAddress,
): readonly FoundText[] | undefined {
  const found: Found = { texts: [], isThere: false }
  collect(args, { steps: address.steps, way: [] }, found)
  return found.isThere ? found.texts : undefined
}

interface Found {
  readonly texts: FoundText[]
  isThere: boolean
}

function collect(
  value: JsonValue,
  { steps, way }: { steps: readonly AddressStep[]; way: readonly (string | number)[] },
  found: Found,
): void {
  const [step, ...rest] = steps
  if (step === undefined) {
    if (typeof value !== 'string') throw shape('is not a text, as declared')
    if (found.texts.length >= ELEMENTS_MAX) throw tooMany()
    found.isThere = true
    found.texts.push({ way, text: value })
  } else if (step === 'elements') {
    if (!isArray(value)) throw shape('is not a list, as declared')
    if (value.length > ELEMENTS_MAX) throw tooMany()
    found.isThere = true
    for (const [index, element] of value.entries()) {
      collect(element, { steps: rest, way: [...way, index] }, found)
    }
  } else {
    if (!isJsonObject(value)) throw shape('does not stand in an object, as declared')
    const member = Object.hasOwn(value, step.member) ? value[step.member] : undefined
    if (member !== undefined) collect(member, { steps: rest, way: [...way, step.member] }, found)
  }
}

function shape(message: string): FactFlaw {
  return new FactFlaw('fact-argument-shape', message)
}

function tooMany(): FactFlaw {
  return new FactFlaw('fact-too-many', `has more than ${ELEMENTS_MAX} elements`)
}

/** The arguments with the text at the end of a way replaced; everything else stays the same value. */
export function withText(args: JsonObject, way: FoundText['way'], text: string): JsonObject {
  const replaced = replace(args, way, text)
  return isJsonObject(replaced) ? replaced : args
}

function replace(value: JsonValue, way: FoundText['way'], text: string): JsonValue {
  const [step, ...rest] = way
  if (step === undefined) return text
  if (isArray(value)) {
    return value.map((element, index) => (index === step ? replace(element, rest, text) : element))
  }
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === step ? replace(member, rest, text) : member,
    ]),
  )
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
