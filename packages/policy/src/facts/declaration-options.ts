import type { JsonObject } from '@warren/core'
import { FactError, type FactPlace } from './fact-error.ts'

/**
 * Requires that nothing stands in a declaration but what its type knows.
 *
 * @throws FactError
 */
export function requireKeys(
  options: JsonObject,
  allowed: readonly string[],
  place: FactPlace,
): void {
  const unknown = Object.keys(options).find((key) => !allowed.includes(key))
  if (unknown !== undefined) {
    throw malformed(`${JSON.stringify(unknown)} is none of ${allowed.join(', ')}`, place)
  }
}

/** The error of a declaration that cannot be read. */
export function malformed(message: string, place: FactPlace): FactError {
  return new FactError('facts-malformed', message, place)
}
