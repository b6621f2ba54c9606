import {
  type JsonRpcMessage,
  objectAt,
  openExchange,
  requestOnce,
  type ServerDefinition,
} from '@warren/mcp'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { initialize, META } from './support/messages.ts'
import { ScriptHttpServer } from './support/script-http-server.ts'
import { eventually, MemoryHost, scriptServer, TestMesh } from './support/test-mesh.ts'

const meshes: TestMesh[] = []
afterEach(() => Promise.all(meshes.splice(0).map(({ provider }) => provider.stop())))

function meshOf(...servers: readonly ServerDefinition[]): TestMesh {
  const mesh = new TestMesh({ servers })
  meshes.push(mesh)
  return mesh
}

async function connected(mesh: TestMesh, server: string): Promise<MemoryHost> {
  const host = new MemoryHost()
  await mesh.session(server, host)
  await initialize(host)
  return host
}

async function httpServer(): Promise<ScriptHttpServer> {
  const server = await ScriptHttpServer.start()
  onTestFinished(() => server.stop())
  return server
}

function web(url: string, token: string): ServerDefinition {
  return { transport: 'http', name: 'web', url, headers: { authorization: token } }
}

const KEPT = scriptServer({ name: 'kept' })
const GONE = scriptServer({ name: 'gone' })

test.for<[string, readonly ServerDefinition[]]>([
  ['taken away', [KEPT]],
  ['started in another way', [KEPT, { ...GONE, env: { A: 'b' } }]],
])(
  'a server that is %s ends its sessions; others go on',
  { tags: ['DMN-7'] },
  async ([, after]) => {
    const mesh = meshOf(KEPT, GONE)
    const kept = await connected(mesh, 'kept')
    const gone = await connected(mesh, 'gone')
    gone.say({ jsonrpc: '2.0', id: 'hanging', method: 'test/hang' })
    gone.say({ jsonrpc: '2.0', id: 'seen', method: 'test/seen' })
    await gone.answerTo('seen')
    await mesh.provider.configure(after)
    expect(objectAt(await gone.answerTo('hanging'), 'error')).toMatchObject({
      code: -32001,
      data: { code: 'server-withdrawn' },
    })
    await eventually(() => gone.closedBy)
    expect(gone.closedBy).toMatchObject({ code: 'server-withdrawn' })
    kept.say({ jsonrpc: '2.0', id: 1, method: 'test/echo', params: { still: 'here' } })
    expect(objectAt(await kept.answerTo(1), 'result')).toEqual({ params: { still: 'here' } })
    expect(mesh.provider.status()).toMatchObject({ sessions: 1, servers: after.length })
  },
)

test(
  'definitions that say the same in another order change nothing',
  { tags: ['DMN-7'] },
  async () => {
    const mesh = meshOf(scriptServer({ name: 'kept', env: { A: '1', B: '2' } }), GONE)
    const host = await connected(mesh, 'kept')
    await mesh.provider.configure([GONE, scriptServer({ env: { B: '2', A: '1' }, name: 'kept' })])
    host.say({ jsonrpc: '2.0', id: 1, method: 'test/environment' })
    expect(await host.answerTo(1)).toHaveProperty('result')
    expect(host.closedBy).toBeUndefined()
  },
)

test(
  'it is told which names have other servers, before anything is decided for these',
  { tags: ['DMN-7', 'THR-62'] },
  async () => {
    const told: (readonly string[])[] = []
    const mesh = new TestMesh({
      servers: [KEPT, GONE],
      withdrawn: (servers) => void told.push([...servers]),
    })
    meshes.push(mesh)
    const configured = mesh.provider.configure([KEPT, { ...GONE, env: { A: 'b' } }])
    expect(told).toEqual([['gone']])
    await configured
    await mesh.provider.configure([KEPT, { ...GONE, env: { A: 'b' } }])
    await mesh.provider.configure([KEPT])
    expect(told).toEqual([['gone'], [], ['gone']])
    await expect(mesh.provider.configure([{ ...KEPT, command: '' }])).rejects.toThrow(/.+/)
    expect(told).toHaveLength(3)
  },
)

test(
  'a set of servers that is not valid leaves the old one',
  { tags: ['DMN-6', 'DMN-7'] },
  async () => {
    const mesh = meshOf(GONE)
    const host = await connected(mesh, 'gone')
    await expect(mesh.provider.configure([{ ...GONE, command: '' }])).rejects.toMatchObject({
      code: 'server-definition-invalid',
    })
    host.say({ jsonrpc: '2.0', id: 1, method: 'test/echo' })
    expect(await host.answerTo(1)).toHaveProperty('result')
  },
)

test('a process for requests without a session ends too', { tags: ['DMN-7'] }, async () => {
  const mesh = meshOf(GONE)
  const { components } = mesh
  const ask = (method: string): AsyncIterator<JsonRpcMessage> => {
    const request = { jsonrpc: '2.0', id: method, method, params: { _meta: META } } as const
    const { signal } = new AbortController()
    const heard = requestOnce(mesh.peer('gone'), request, { signal, components })
    return heard[Symbol.asyncIterator]()
  }
  const listening = ask('subscriptions/listen')
  await listening.next()
  await listening.next()
  await mesh.provider.configure([])
  expect(await listening.next()).toMatchObject({
    value: { error: { data: { code: 'server-withdrawn' } } },
  })
  expect(mesh.provider.status()).toMatchObject({ shared: 0 })
  expect(await ask('test/echo').next()).toMatchObject({
    value: { error: { data: { code: 'server-unknown' } } },
  })
})

test(
  'an exchange with a server over HTTP is cut, its session ended',
  { tags: ['DMN-7'] },
  async () => {
    const server = await httpServer()
    const mesh = meshOf(web(server.url, 'old'))
    const exchange = (method: string, headers = {}): ReturnType<typeof openExchange> => {
      const message = { jsonrpc: '2.0', id: 1, method, params: {} } as const
      const { signal } = new AbortController()
      const { components } = mesh
      const asked = { method: 'POST', headers, message } as const
      return openExchange(mesh.peer('web'), asked, { signal, components })
    }
    const begun = await exchange('initialize')
    await Array.fromAsync(begun.body)
    const session = begun.headers['mcp-session-id'] ?? ''
    const hanging = await exchange('test/hang', { 'mcp-session-id': session })
    const cut = Array.fromAsync(hanging.body).then(
      () => 'whole',
      () => 'cut off',
    )
    await mesh.provider.configure([])
    expect(await cut).toBe('cut off')
    expect(server.ended).toEqual([session])
    await expect(exchange('initialize')).rejects.toMatchObject({ code: 'server-unknown' })
  },
)

test(
  'an exchange after the change goes to the new URL with the new headers',
  { tags: ['DMN-7'] },
  async () => {
    const [before, after] = [await httpServer(), await httpServer()]
    const mesh = meshOf(web(before.url, 'old'))
    const ask = async (): Promise<void> => {
      const message = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} } as const
      const { signal } = new AbortController()
      const { components } = mesh
      const asked = { method: 'POST', headers: {}, message } as const
      const { body } = await openExchange(mesh.peer('web'), asked, { signal, components })
      await Array.fromAsync(body)
    }
    await ask()
    await mesh.provider.configure([web(after.url, 'new')])
    await ask()
    expect(before.asked.map(({ headers }) => headers['authorization'])).toEqual(['old'])
    expect(after.asked.map(({ headers }) => headers['authorization'])).toEqual(['new'])
  },
)
