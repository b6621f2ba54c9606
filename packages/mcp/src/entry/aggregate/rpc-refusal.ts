import { CodedError, type JsonObject } from '@warren/core'
import type { JsonRpcError, RequestId } from '../../json-rpc.ts'

export type RpcRefusalCode =
  | 'method-unknown'
  | 'params-invalid'
  | 'tool-unknown'
  | 'prompt-unknown'
  | 'resource-unknown'
  | 'name-ambiguous'
  | 'version-unsupported'
  | 'host-cannot-be-asked'
  | 'era-not-bridgeable'
  | 'listeners-exhausted'

/** JSON-RPC 2.0 §5.1, and the codes of MCP 2026-07-28. */
const RPC_CODES: Readonly<Record<RpcRefusalCode, number>> = {
  'method-unknown': -32_601,
  'params-invalid': -32_602,
  'tool-unknown': -32_602,
  'prompt-unknown': -32_602,
  'resource-unknown': -32_602,
  'name-ambiguous': -32_602,
  'version-unsupported': -32_022,
  'host-cannot-be-asked': -32_601,
  'era-not-bridgeable': -32_600,
  'listeners-exhausted': -32_603,
}

/** A request that the aggregate itself cannot serve. */
export class RpcRefusal extends CodedError<RpcRefusalCode> {
  override readonly name = 'RpcRefusal'
  readonly #data: JsonObject

  constructor(code: RpcRefusalCode, message: string, data: JsonObject = {}) {
    super(code, message)
    this.#data = data
  }

  answer(id: RequestId): JsonRpcError {
    const error = {
      code: RPC_CODES[this.code],
      message: this.message,
      data: { code: this.code, ...this.#data },
    }
    return { jsonrpc: '2.0', id, error }
  }
}
