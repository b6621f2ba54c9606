import { isJsonObject, type JsonObject } from '@warren/core'
import { type GateQuestion, paramsOf, type Refusal } from '@warren/mcp'
import type { FactLayer, FactReading } from '@warren/policy'

/** The arguments of a tool call, and what they mean. */
export interface CallFacts {
  /** Absent when the call has none. */
  readonly input?: JsonObject
  readonly reading: FactReading
}

const NOTHING: JsonObject = {}

/** How the arguments of a call are read. */
export interface CallFactsInit {
  readonly layer: FactLayer
  readonly tool: string
  /** As if every SELECT that may return more rows were bounded to so many. */
  readonly rows?: number
}

/** Reads what the arguments of a tool call mean; what cannot be told for certain refuses it. */
export async function readCallFacts(
  { server, message }: GateQuestion,
  { layer, tool, rows }: CallFactsInit,
): Promise<CallFacts | Refusal> {
  const params = paramsOf(message)
  // Some hosts write null where there are none.
  const input = (Object.hasOwn(params, 'arguments') ? params['arguments'] : undefined) ?? undefined
  if (input !== undefined && !isJsonObject(input)) {
    const sentence = 'refused: the arguments of a tool call are an object'
    return { allowed: false, code: 'call-malformed', sentence }
  }
  const bound = rows === undefined ? {} : { rows }
  const reading = await layer.facts({ server, tool, args: input ?? NOTHING, ...bound })
  if (reading.status === 'refused') {
    return { allowed: false, code: reading.code, sentence: reading.sentence }
  }
  return input === undefined ? { reading } : { input, reading }
}
