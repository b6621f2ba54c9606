import {
  type Caller,
  type ExchangeResponse,
  type JsonRpcMessage,
  type JsonRpcRequest,
  openExchange,
} from '@warren/mcp'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { META } from './support/messages.ts'
import { ScriptHttpServer } from './support/script-http-server.ts'
import { CALLER, TestMesh } from './support/test-mesh.ts'

const OTHER: Caller = { did: 'did:webvh:QmOther:warren.internal' }

type Fields = Readonly<Record<string, string>>

let server: ScriptHttpServer
let mesh: TestMesh
beforeEach(async () => {
  server = await ScriptHttpServer.start()
  mesh = new TestMesh({ servers: [{ transport: 'http', name: 'web', url: server.url }] })
})
afterEach(async () => {
  await mesh.provider.stop()
  server.stop()
})

function request(method: string, params: object = {}): JsonRpcRequest {
  return { jsonrpc: '2.0', id: 3, method, params: { ...params, _meta: META } }
}

async function exchange(
  message: JsonRpcMessage,
  headers: Fields = {},
  caller = CALLER,
): Promise<{ readonly response: ExchangeResponse; readonly body: string }> {
  const { signal } = new AbortController()
  const asked = { method: 'POST', headers, message } as const
  const { components } = mesh
  const response = await openExchange(mesh.peer('web', caller), asked, { signal, components })
  return { response, body: Buffer.concat(await Array.fromAsync(response.body)).toString() }
}

function base64(text: string | Uint8Array): string {
  return `=?base64?${Buffer.from(text).toString('base64')}?=`
}

async function listTools(caller = CALLER): Promise<void> {
  await exchange(request('tools/list'), {}, caller)
}

/** Whether a call with these arguments and fields gets to the server; with the fields as they came there. */
async function passes(args: object, headers: Fields, caller = CALLER): Promise<boolean> {
  const before = server.asked.length
  const message = request('tools/call', { name: 'deploy', arguments: args })
  const { response, body } = await exchange(message, headers, caller)
  const asked = server.asked.at(-1)
  if (response.status === 200) {
    expect(asked?.body).toEqual(message)
    expect(asked?.headers).toMatchObject(headers)
    return true
  }
  expect(response.status).toBe(400)
  expect(JSON.parse(body)).toMatchObject({
    id: 3,
    error: { code: -32020, data: { code: 'header-mismatch' } },
  })
  expect(server.asked).toHaveLength(before)
  return false
}

const REGION = 'mcp-param-region'

test.for<[string, object, Fields, boolean]>([
  ['the same text', { region: 'eu' }, { [REGION]: 'eu' }, true],
  ['another text', { region: 'eu' }, { [REGION]: 'us' }, false],
  ['another case', { region: 'eu' }, { [REGION]: 'EU' }, false],
  ['a text with one more behind a comma', { region: 'eu' }, { [REGION]: 'eu, us' }, false],
  ['an empty text', { region: '' }, { [REGION]: base64('') }, true],
  ['no field', { region: 'eu' }, {}, true],
  ['a field of an argument that is not there', {}, { [REGION]: 'eu' }, false],
  ['a field of an argument that is null', { region: null }, { [REGION]: 'null' }, false],
  ['a field of an object', { region: { a: 1 } }, { [REGION]: '[object Object]' }, false],
  ['a field of a list', { region: ['eu'] }, { [REGION]: 'eu' }, false],
  ['UTF-8 in base64', { region: 'z\u00fcrich' }, { [REGION]: base64('z\u00fcrich') }, true],
  ['plain text in base64', { region: 'eu' }, { [REGION]: base64('eu') }, true],
  ['another text in base64', { region: 'eu' }, { [REGION]: base64('us') }, false],
  ['base64 of what is no UTF-8', { region: '\ufffd' }, { [REGION]: '=?base64?/w==?=' }, false],
  ['base64 with bits that nobody reads', { region: 'a' }, { [REGION]: '=?base64?YR==?=' }, false],
  ['base64 without its end', { region: 'a' }, { [REGION]: '=?base64?YQ?=' }, false],
  [
    'base64 of the URL alphabet',
    { region: '\u00ff\u00ff' },
    { [REGION]: '=?base64?w7_Dvw==?=' },
    false,
  ],
  ['base64 under capital letters', { region: 'a' }, { [REGION]: '=?BASE64?YQ==?=' }, false],
  [
    'what looks encoded to some',
    { region: '=?BASE64?YQ==?=' },
    { [REGION]: '=?BASE64?YQ==?=' },
    false,
  ],
  [
    'what looks encoded, encoded',
    { region: '=?BASE64?YQ==?=' },
    { [REGION]: base64('=?BASE64?YQ==?=') },
    true,
  ],
  ['a whole number', { deep: { n: 7 } }, { 'mcp-param-deep-n': '7' }, true],
  [
    'a whole number with zeros behind the point',
    { deep: { n: 7 } },
    { 'mcp-param-deep-n': '7.0' },
    true,
  ],
  ['a number with a zero before it', { deep: { n: 7 } }, { 'mcp-param-deep-n': '07' }, false],
  ['another way to write a number', { deep: { n: 70 } }, { 'mcp-param-deep-n': '7e1' }, false],
  ['a number that is not a text', { deep: { n: '7.0' } }, { 'mcp-param-deep-n': '7' }, false],
  [
    'a number that only rounds to it',
    { deep: { n: Number.MAX_SAFE_INTEGER } },
    { 'mcp-param-deep-n': '9007199254740991.4' },
    false,
  ],
  ['a fraction', { rate: 1.5 }, { 'mcp-param-rate': '1.5' }, true],
  ['another fraction', { rate: 1.5 }, { 'mcp-param-rate': '1.6' }, false],
  ['a truth', { loud: true }, { 'mcp-param-loud': 'true' }, true],
  ['a truth under a capital letter', { loud: true }, { 'mcp-param-loud': 'True' }, false],
  ['the other truth', { loud: true }, { 'mcp-param-loud': 'false' }, false],
  [
    'one that agrees and one that does not',
    { region: 'eu', loud: true },
    { [REGION]: 'eu', 'mcp-param-loud': 'false' },
    false,
  ],
  ['a field of no argument', { other: 'x' }, { 'mcp-param-other': 'x' }, false],
  ['a field without a name', {}, { 'mcp-param-': 'x' }, false],
])(
  'of arguments and a field with %s, the server gets both or none',
  { tags: ['MCP-67', 'THR-58'] },
  async ([, args, headers, isTaken]) => {
    await listTools()
    expect(await passes(args, headers)).toBe(isTaken)
  },
)

test(
  'white space around a field is none of it, and white space of an argument is encoded',
  { tags: ['MCP-67', 'THR-58'] },
  async () => {
    await listTools()
    const message = request('tools/call', { name: 'deploy', arguments: { region: 'eu' } })
    expect((await exchange(message, { [REGION]: ' eu\t' })).response.status).toBe(200)
    // A server that reads the field reads "eu".
    expect(await passes({ region: ' eu' }, { [REGION]: ' eu' })).toBe(false)
    expect(await passes({ region: ' eu' }, { [REGION]: base64(' eu') })).toBe(true)
  },
)

test(
  'a field is compared by what the server has listed to that very caller',
  { tags: ['MCP-67', 'THR-58'] },
  async () => {
    expect(await passes({ region: 'eu' }, { [REGION]: 'eu' })).toBe(false)
    await listTools(OTHER)
    expect(await passes({ region: 'eu' }, { [REGION]: 'eu' })).toBe(false)
    expect(await passes({ region: 'eu' }, { [REGION]: 'eu' }, OTHER)).toBe(true)
    await listTools()
    expect(await passes({ region: 'eu' }, { [REGION]: 'eu' })).toBe(true)
    // Another server under the name has other tools.
    await mesh.provider.configure([
      { transport: 'http', name: 'web', url: server.url, headers: { 'x-other': '1' } },
    ])
    expect(await passes({ region: 'eu' }, { [REGION]: 'eu' })).toBe(false)
  },
)

test(
  'where no argument is repeated, such a field does not pass',
  { tags: ['MCP-67', 'THR-58'] },
  async () => {
    await listTools()
    for (const message of [
      request('initialize'),
      request('x/unknown', { name: 'deploy', arguments: { region: 'eu' } }),
      { jsonrpc: '2.0', method: 'notifications/x' } as const,
    ]) {
      await exchange(message, { [REGION]: 'eu' })
      expect(server.asked.at(-1)?.body).toEqual(message)
      expect(server.asked.at(-1)?.headers).not.toHaveProperty(REGION)
    }
  },
)

const CALL = request('tools/call', { name: 'deploy', arguments: {} })
const VERSION = { 'mcp-protocol-version': '2026-07-28' }

test.for<[string, JsonRpcMessage, Fields, boolean]>([
  ['that agree', CALL, { ...VERSION, 'mcp-method': 'tools/call', 'mcp-name': 'deploy' }, true],
  ['with a method that stands twice', CALL, { 'mcp-method': 'tools/call, tools/call' }, false],
  ['with a method under capital letters', CALL, { 'mcp-method': 'Tools/Call' }, false],
  ['with an empty method', CALL, { 'mcp-method': '' }, false],
  ['with a name that stands twice', CALL, { 'mcp-name': 'deploy, deploy' }, false],
  ['with a name in base64', CALL, { 'mcp-name': base64('deploy') }, true],
  ['with a name in broken base64', CALL, { 'mcp-name': '=?base64?ZGVwbG95=?=' }, false],
  ['with a name that only looks decoded', CALL, { 'mcp-name': '=?BASE64?ZGVwbG95?=' }, false],
  ['with a name where the body has none', request('tools/call'), { 'mcp-name': 'deploy' }, false],
  ['with a name of another kind', request('prompts/get', { uri: 'a' }), { 'mcp-name': 'a' }, false],
  ['with a name of a method that repeats none', request('tools/list'), { 'mcp-name': 'a' }, true],
  ['with another version', CALL, { 'mcp-protocol-version': '2025-11-25' }, false],
  [
    'of an answer with a method',
    { jsonrpc: '2.0', id: 1, result: {} },
    { 'mcp-method': 'tools/call' },
    false,
  ],
  [
    'of an answer with a name',
    { jsonrpc: '2.0', id: 1, result: {} },
    { 'mcp-name': 'deploy' },
    false,
  ],
  [
    'of a notification',
    { jsonrpc: '2.0', method: 'notifications/x' },
    { 'mcp-method': 'notifications/x' },
    true,
  ],
])(
  'fields %s are told from those that say another thing',
  { tags: ['MCP-68', 'MCP-24', 'THR-58'] },
  async ([, message, headers, isTaken]) => {
    const before = server.asked.length
    const { response, body } = await exchange(message, headers)
    if (isTaken) expect(server.asked).toHaveLength(before + 1)
    else {
      expect(response.status).toBe(400)
      expect(JSON.parse(body)).toMatchObject({ error: { code: -32020 } })
      expect(server.asked).toHaveLength(before)
    }
  },
)

const SHADOW = 'file:///etc/shadow'

test.for<[string, JsonRpcMessage, string, boolean]>([
  ['a list', request('tools/list'), 'delete_all', false],
  ['a completion', request('completion/complete', { ref: { name: 'a' } }), 'a', false],
  ['a method that nobody knows', request('x/unknown', { name: 'a' }), 'a', false],
  ['a notification', { jsonrpc: '2.0', method: 'notifications/x' }, 'a', false],
  ['a resource that is read', request('resources/read', { uri: 'a:b' }), 'a:b', true],
  ['a subscription', request('resources/subscribe', { uri: 'a:b' }), 'a:b', true],
  ['the end of a subscription', request('resources/unsubscribe', { uri: 'a:b' }), 'a:b', true],
])(
  'a name goes with a message that repeats one, and with no other: %s',
  { tags: ['MCP-71', 'MCP-68', 'THR-58'] },
  async ([, message, name, isGiven]) => {
    expect((await exchange(message, { 'mcp-name': name })).response.status).toBeLessThan(300)
    const asked = server.asked.at(-1)
    expect(asked?.body).toEqual(message)
    if (isGiven) expect(asked?.headers).toMatchObject({ 'mcp-name': name })
    else expect(asked?.headers).not.toHaveProperty('mcp-name')
  },
)

test.for(['resources/subscribe', 'resources/unsubscribe'])(
  'a name that is not the resource of %s does not pass, and none need be there',
  { tags: ['MCP-71', 'THR-58'] },
  async (method) => {
    for (const params of [{ uri: 'a:b' }, {}, { name: SHADOW }]) {
      const before = server.asked.length
      const { response } = await exchange(request(method, params), { 'mcp-name': SHADOW })
      expect(response.status).toBe(400)
      expect(server.asked).toHaveLength(before)
    }
    expect((await exchange(request(method, { uri: 'a:b' }))).response.status).toBe(200)
  },
)

test(
  'where there is no message, no field says what it is about',
  { tags: ['MCP-71', 'THR-58'] },
  async () => {
    const begun = (await exchange(request('initialize'))).response.headers
    const session = { 'mcp-session-id': begun['mcp-session-id'] ?? '' }
    const headers = { ...session, 'mcp-method': 'tools/call', 'mcp-name': 'deploy' }
    const { signal } = new AbortController()
    const { components } = mesh
    const asked = { method: 'DELETE', headers } as const
    const response = await openExchange(mesh.peer('web'), asked, { signal, components })
    await Array.fromAsync(response.body)
    const { method, headers: given } = server.asked.at(-1) ?? {}
    expect(method).toBe('DELETE')
    expect(given).toMatchObject(session)
    expect(given).not.toHaveProperty('mcp-method')
    expect(given).not.toHaveProperty('mcp-name')
  },
)

const LONG = 'A'.repeat(4_096)
const SAID = { 'mcp-method': 'tools/call', 'mcp-name': 'deploy' }

test.for<[string, Fields, Fields]>([
  ['of what it accepts', { accept: LONG }, {}],
  ['of the event that came last', { 'last-event-id': LONG }, {}],
  ['of its type', { 'content-type': 'text/plain' }, {}],
  ['of no version', { 'mcp-protocol-version': 'drop table' }, {}],
  ['of a version and more', { 'mcp-protocol-version': '2025-11-25 A' }, {}],
  [
    'of a version',
    { 'mcp-protocol-version': '2025-11-25' },
    { 'mcp-protocol-version': '2025-11-25' },
  ],
  ['that repeat the body', SAID, SAID],
])(
  'with a call fields %s reach the server as it is written down, or not at all',
  { tags: ['APR-18', 'THR-54', 'THR-58'] },
  async ([, headers, passing]) => {
    const params = { name: 'deploy', arguments: {} }
    const message = { jsonrpc: '2.0', id: 3, method: 'tools/call', params } as const
    const { response } = await exchange(message, headers)
    expect(response.status).toBe(200)
    const asked = server.asked.at(-1)
    expect(asked?.body).toEqual(message)
    const transport = new Set(['connection', 'content-length', 'host'])
    const given = Object.entries(asked?.headers ?? {}).filter(([name]) => !transport.has(name))
    expect(Object.fromEntries(given)).toEqual({
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...passing,
    })
  },
)

test(
  'a version of another form passes where the message says it as well',
  { tags: ['APR-18', 'MCP-68'] },
  async () => {
    const meta = { ...META, 'io.modelcontextprotocol/protocolVersion': 'DRAFT-2027-v1' }
    const params = { name: 'deploy', arguments: {}, _meta: meta }
    const message = { jsonrpc: '2.0', id: 3, method: 'tools/call', params } as const
    const fields = { 'mcp-protocol-version': 'DRAFT-2027-v1' }
    expect((await exchange(message, fields)).response.status).toBe(200)
    expect(server.asked.at(-1)?.headers).toMatchObject(fields)
  },
)

test(
  'a stream is taken up where it broke, and of it too the node says itself what it takes',
  { tags: ['APR-18', 'MCP-76'] },
  async () => {
    const begun = await exchange({ jsonrpc: '2.0', id: 0, method: 'initialize', params: {} })
    const session = { 'mcp-session-id': begun.response.headers['mcp-session-id'] ?? '' }
    const resume = { ...session, 'last-event-id': 'resume-me' }
    const headers = { ...resume, accept: LONG, 'content-type': LONG, 'mcp-protocol-version': LONG }
    const { signal } = new AbortController()
    const { components } = mesh
    const asked = { method: 'GET', headers } as const
    const response = await openExchange(mesh.peer('web', CALLER), asked, { signal, components })
    await Array.fromAsync(response.body)
    const given = server.asked.at(-1)
    expect(given?.method).toBe('GET')
    expect(given?.headers).toMatchObject({ ...resume, accept: 'text/event-stream' })
    expect(Object.keys(given?.headers ?? {})).not.toContain('mcp-protocol-version')
    expect(Object.keys(given?.headers ?? {})).not.toContain('content-type')
  },
)
