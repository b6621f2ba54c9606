import { BoundedMap } from '@warren/core'
import type { AllowedCall } from '../gate.ts'
import { decodeField } from '../http/derived-fields.ts'
import { isParameterField } from '../http/header-fields.ts'
import { ParameterFields } from '../http/parameter-fields.ts'
import { type JsonRpcMessage, objectAt, paramsOf } from '../json-rpc.ts'
import { McpError } from '../mcp-error.ts'
import type { Scope } from './scope.ts'

/** Pairs of a caller and a server; whoever is forgotten has to list the tools once more. */
const LISTS_MAX = 1_024
const NAME_SHOWN_MAX = 128

/**
 * Compares the header fields that repeat arguments of a tool call with the arguments: a server may act on either, and
 * only the arguments are decided on. Which field repeats which argument is what the server has listed to that caller.
 */
export class RepeatedArguments {
  readonly #lists = new BoundedMap<string, ParameterFields>(LISTS_MAX)

  /** Learns from the answer to a `tools/list`, before it leaves. */
  learning(
    message: JsonRpcMessage,
    about: Required<Scope>,
    call?: AllowedCall,
  ): AllowedCall | undefined {
    if (message['method'] !== 'tools/list') return call
    return {
      ended: async (end) => {
        if (end.outcome === 'answered') this.#learn(about, objectAt(end.answer.message, 'result'))
        return call === undefined ? { allowed: true } : call.ended(end)
      },
    }
  }

  /**
   * Requires that every such field says what its argument says.
   *
   * @throws McpError `header-mismatch`
   */
  check(
    message: JsonRpcMessage,
    headers: Readonly<Record<string, string>>,
    about: Required<Scope>,
  ): void {
    if (message['method'] !== 'tools/call') return
    const fields = Object.entries(headers).filter(([name]) => isParameterField(name))
    if (fields.length === 0) return
    const list = this.#lists.get(keyOf(about))
    for (const [name, value] of fields) {
      const repeated = list?.valuesOf(paramsOf(message), name) ?? []
      const shown = name.slice(0, NAME_SHOWN_MAX)
      if (repeated.length === 0) {
        throw mismatch(
          `the field ${shown} repeats no argument that this node knows of: list the tools of the server again`,
        )
      }
      if (!repeated.every((each) => says(value, each))) {
        throw mismatch(`the field ${shown} says another thing than the body`)
      }
    }
  }

  /** Forgets what a server has listed: it is another one from now on, or has other tools. */
  forget(server: string | undefined): void {
    for (const key of Array.from(this.#lists.entries(), ([each]) => each)) {
      if (server === undefined || key.endsWith(` ${server}`)) this.#lists.delete(key)
    }
  }

  #learn(about: Required<Scope>, result: Parameters<ParameterFields['learn']>[0]): void {
    const key = keyOf(about)
    const list = this.#lists.get(key) ?? new ParameterFields()
    list.learn(result)
    this.#lists.set(key, list)
  }
}

function mismatch(sentence: string): McpError {
  return new McpError('header-mismatch', sentence)
}

/** Neither a DID nor the name of a server has a space. */
function keyOf({ did, server }: Required<Scope>): string {
  return `${did} ${server}`
}

/** Zeros behind a decimal point, which some hosts write where others write none. */
const ZEROS = /^(-?\d+)\.0+$/

function says(field: string, value: unknown): boolean {
  const text = decodeField(field)
  if (typeof value === 'number') return text?.replace(ZEROS, '$1') === String(value)
  if (typeof value === 'boolean') return text === String(value)
  return typeof value === 'string' && text === value
}
