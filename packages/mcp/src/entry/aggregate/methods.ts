import type { JsonObject } from '@warren/core'
import { type JsonRpcResponse, objectAt, paramsOf } from '../../json-rpc.ts'
import type { CatalogServer } from '../endpoint.ts'
import { type Era, MODERN_VERSION } from '../era.ts'
import type { AggregateLimits } from './aggregate-limits.ts'
import type { BackendCalls } from './backend-calls.ts'
import type { Directory } from './directory.ts'
import { type HostCall, ownResult, type ServerInfo, uncached } from './host-call.ts'
import { profileOf } from './host-profile.ts'
import { type ItemKind, KINDS, kindOfListMethod } from './item-kind.ts'
import { type MergedItem, OMITTED_KEY } from './merge-lists.ts'
import { pageOf } from './page.ts'
import { ownerOfUri } from './resource-owner.ts'
import { RpcRefusal, type RpcRefusalCode } from './rpc-refusal.ts'
import type { Subscriptions } from './subscriptions.ts'

export interface MethodContext {
  readonly serverInfo: ServerInfo
  readonly limits: AggregateLimits
  readonly directory: Directory
  readonly calls: BackendCalls
  readonly subscriptions: Subscriptions
  /** For the backends that are there and those that come; what they answer concerns nobody. */
  setLogLevel(level: string): void
}

interface Method {
  readonly eras: readonly Era[]
  answer(call: HostCall, context: MethodContext): Promise<JsonRpcResponse>
}

const BOTH: readonly Era[] = ['legacy', 'modern']

const CAPABILITIES: JsonObject = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  completions: {},
  logging: {},
}
const INSTRUCTIONS =
  'Tools and prompts of several machines. A name begins with the alias of its server; _meta says which machine owns it.'

/** Every method that the aggregate serves. Any other names no server to which it could go. */
export const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['initialize', { eras: ['legacy'], answer: initialize }],
  ['server/discover', { eras: ['modern'], answer: discover }],
  ['ping', { eras: ['legacy'], answer: ping }],
  ['tools/list', { eras: BOTH, answer: list }],
  ['prompts/list', { eras: BOTH, answer: list }],
  ['resources/list', { eras: BOTH, answer: list }],
  ['resources/templates/list', { eras: BOTH, answer: list }],
  ['tools/call', { eras: BOTH, answer: (call, context) => callNamed(call, context, 'tools') }],
  ['prompts/get', { eras: BOTH, answer: (call, context) => callNamed(call, context, 'prompts') }],
  ['resources/read', { eras: BOTH, answer: readResource }],
  ['resources/subscribe', { eras: ['legacy'], answer: subscribe }],
  ['resources/unsubscribe', { eras: ['legacy'], answer: subscribe }],
  ['completion/complete', { eras: BOTH, answer: complete }],
  ['logging/setLevel', { eras: ['legacy'], answer: setLogLevel }],
  ['subscriptions/listen', { eras: ['modern'], answer: listen }],
])

async function initialize(call: HostCall, { serverInfo }: MethodContext): Promise<JsonRpcResponse> {
  const { legacyVersion: protocolVersion } = profileOf(call.request)
  const result = {
    protocolVersion,
    capabilities: CAPABILITIES,
    serverInfo: { ...serverInfo },
    instructions: INSTRUCTIONS,
  }
  return ownResult(call, result, serverInfo)
}

async function discover(call: HostCall, { serverInfo }: MethodContext): Promise<JsonRpcResponse> {
  const result = {
    supportedVersions: [MODERN_VERSION],
    capabilities: CAPABILITIES,
    instructions: INSTRUCTIONS,
    ...uncached(call),
  }
  return ownResult(call, result, serverInfo)
}

async function ping(call: HostCall, { serverInfo }: MethodContext): Promise<JsonRpcResponse> {
  return ownResult(call, {}, serverInfo)
}

async function list(call: HostCall, context: MethodContext): Promise<JsonRpcResponse> {
  const kind = kindOfListMethod(call.request.method)
  if (kind === undefined) throw new TypeError('a list method lists something')
  const { cursor } = paramsOf(call.request)
  const { items, omitted } = await context.directory.list(kind)
  const page = pageOf(items, cursor, context.limits)
  const result = {
    [KINDS[kind].member]: page.items.map(({ shown }) => shown),
    ...(page.nextCursor === undefined ? {} : { nextCursor: page.nextCursor }),
    ...uncached(call),
    ...(omitted.length === 0 ? {} : { _meta: { [OMITTED_KEY]: omitted } }),
  }
  return ownResult(call, result, context.serverInfo)
}

async function callNamed(
  call: HostCall,
  { directory, calls }: MethodContext,
  kind: 'tools' | 'prompts',
): Promise<JsonRpcResponse> {
  const params = paramsOf(call.request)
  const { server, original } = await namedItem(directory, kind, params['name'])
  const response = await calls.forward(call, server, { ...params, name: original })
  directory.named.learn(objectAt(response, 'result'), server)
  return response
}

async function readResource(call: HostCall, context: MethodContext): Promise<JsonRpcResponse> {
  const params = paramsOf(call.request)
  const server = await ownerOfUri(context.directory, params['uri'])
  const response = await context.calls.forward(call, server, params)
  if (!('result' in response)) return response
  const result = objectAt(response, 'result')
  return { ...response, result: { ...result, ...uncached(call) } }
}

async function subscribe(call: HostCall, context: MethodContext): Promise<JsonRpcResponse> {
  const { uri } = paramsOf(call.request)
  const server = await ownerOfUri(context.directory, uri)
  return context.subscriptions.handle(call, server)
}

async function complete(
  call: HostCall,
  { directory, calls }: MethodContext,
): Promise<JsonRpcResponse> {
  const params = paramsOf(call.request)
  const ref = objectAt(params, 'ref')
  if (ref['type'] === 'ref/prompt') {
    const { server, original } = await namedItem(directory, 'prompts', ref['name'])
    return calls.forward(call, server, { ...params, ref: { ...ref, name: original } })
  }
  const server = await ownerOfUri(directory, ref['uri'])
  return calls.forward(call, server, params)
}

async function setLogLevel(call: HostCall, context: MethodContext): Promise<JsonRpcResponse> {
  const { level } = paramsOf(call.request)
  if (typeof level !== 'string') throw new RpcRefusal('params-invalid', 'level must be a string')
  context.setLogLevel(level)
  return ownResult(call, {}, context.serverInfo)
}

async function listen(call: HostCall, context: MethodContext): Promise<JsonRpcResponse> {
  const { directory, subscriptions, serverInfo } = context
  const ownerOf = async (uri: string): Promise<CatalogServer | undefined> => {
    try {
      return await ownerOfUri(directory, uri)
    } catch (error) {
      // What nobody here owns is left out of the acknowledgement, which tells the host so.
      if (error instanceof RpcRefusal) return undefined
      throw error
    }
  }
  return ownResult(call, await subscriptions.listen(call, ownerOf), serverInfo)
}

const UNKNOWN: Readonly<Record<'tools' | 'prompts', RpcRefusalCode>> = {
  tools: 'tool-unknown',
  prompts: 'prompt-unknown',
}

/** @throws RpcRefusal `params-invalid`, `tool-unknown`, `prompt-unknown` */
async function namedItem(
  directory: Directory,
  kind: Extract<ItemKind, 'tools' | 'prompts'>,
  name: unknown,
): Promise<MergedItem> {
  if (typeof name !== 'string') throw new RpcRefusal('params-invalid', 'name must be a string')
  const [item] = await directory.lookUp(kind, name)
  if (item !== undefined) return item
  throw new RpcRefusal(
    UNKNOWN[kind],
    `there is no "${name.slice(0, 100)}" here, or its peer is away`,
  )
}
