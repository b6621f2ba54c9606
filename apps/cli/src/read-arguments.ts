import { readFileSync } from 'node:fs'
import { isJsonObject, JsonError, type JsonObject, type JsonValue, parseJson } from '@warren/core'
import { CommandError } from './command-error.ts'

const ARGUMENTS_LIMITS = { lengthMax: 4 * 1024 * 1024, depthMax: 64, keysMax: 100_000 }

/** Reads the arguments of a tool call: a JSON object, or "-" for standard input. */
export function readArguments(text: string): JsonObject {
  const value = parseArguments(text === '-' ? readFileSync(0, 'utf8') : text)
  if (!isJsonObject(value)) throw new CommandError('usage', '--args takes a JSON object')
  return value
}

function parseArguments(text: string): JsonValue {
  try {
    return parseJson(text, ARGUMENTS_LIMITS)
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    throw new CommandError('usage', `--args takes a JSON object: ${cause.message}`, { cause })
  }
}
