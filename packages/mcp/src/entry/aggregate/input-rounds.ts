import { isJsonObject, type JsonObject } from '@warren/core'
import { type JsonRpcRequest, type JsonRpcResponse, objectAt } from '../../json-rpc.ts'
import { RpcRefusal } from './rpc-refusal.ts'

export interface InputRoundsInit {
  readonly roundsMax: number
  /** Asks the host by a request of the legacy era. */
  readonly askHost: (request: JsonRpcRequest) => Promise<JsonRpcResponse | undefined>
  /** Sends the call again with what the round has brought. */
  readonly again: (more: JsonObject) => Promise<JsonRpcResponse>
  readonly pause: () => Promise<void>
}

/** What a server of the stateless era may ask for within a call (MCP 2026-07-28). */
const ASKABLE: ReadonlySet<unknown> = new Set([
  'elicitation/create',
  'sampling/createMessage',
  'roots/list',
])

/**
 * Plays the rounds of a call for a host of the legacy era: what a server wants to know in between
 * becomes requests to the host, whose answers go back with the call.
 *
 * @throws RpcRefusal `era-not-bridgeable` when the rounds do not end or ask for what cannot be asked
 */
export async function playRounds(
  first: JsonRpcResponse,
  init: InputRoundsInit,
): Promise<JsonRpcResponse> {
  let response = first
  for (let round = 0; needsInput(response); round += 1) {
    if (round === init.roundsMax) {
      throw new RpcRefusal('era-not-bridgeable', `the server asked more than ${round} times`)
    }
    const { inputRequests, requestState } = objectAt(response, 'result')
    const wanted = isJsonObject(inputRequests) ? Object.entries(inputRequests) : []
    if (wanted.length === 0) await init.pause()
    const responses = await Promise.all(
      wanted.map(async ([key, request]) => [key, await askOne(request, init)] as const),
    )
    response = await init.again({
      ...(wanted.length === 0 ? {} : { inputResponses: Object.fromEntries(responses) }),
      ...(typeof requestState === 'string' ? { requestState } : {}),
    })
  }
  return response
}

function needsInput(response: JsonRpcResponse): boolean {
  return objectAt(response, 'result')['resultType'] === 'input_required'
}

async function askOne(wanted: unknown, { askHost }: InputRoundsInit): Promise<JsonObject> {
  const { method, params } = isJsonObject(wanted) ? wanted : {}
  if (typeof method !== 'string' || !ASKABLE.has(method)) {
    throw new RpcRefusal('era-not-bridgeable', 'the server asks for what this host cannot be asked')
  }
  const request: JsonRpcRequest = { jsonrpc: '2.0', id: 0, method }
  const answer = await askHost(isJsonObject(params) ? { ...request, params } : request)
  if (answer === undefined || 'error' in answer) {
    throw new RpcRefusal('era-not-bridgeable', `the host did not answer ${method}`)
  }
  return objectAt(answer, 'result')
}
