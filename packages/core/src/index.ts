/**
 * What every other package stands on: coded errors, ports for time and randomness, and one strict JSON dialect.
 *
 * Pure. Specified in docs/specs/core.md.
 *
 * @packageDocumentation
 */
export { BoundedMap } from './bounded-map.ts'
export { canonicalJson, parseCanonicalJson } from './canonical-json.ts'
export type { Clock } from './clock.ts'
export { CodedError } from './coded-error.ts'
export { JsonError, type JsonErrorCode } from './json-error.ts'
export { isJsonObject, type JsonObject, type JsonValue } from './json-value.ts'
export { type JsonLimits, parseJson } from './parse-json.ts'
export type { RandomSource } from './random-source.ts'
