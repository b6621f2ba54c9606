import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { objectAt } from '@warren/mcp'
import { afterEach, expect, test } from 'vitest'
import { initialize } from './support/messages.ts'
import {
  CALLER,
  eventually,
  MemoryHost,
  scriptServer,
  TestMesh,
  type TestMeshInit,
} from './support/test-mesh.ts'

const meshes: TestMesh[] = []
afterEach(() => Promise.all(meshes.splice(0).map(({ provider }) => provider.stop())))

function meshOf(init: Partial<TestMeshInit> = {}): TestMesh {
  const mesh = new TestMesh({ servers: [scriptServer()], ...init })
  meshes.push(mesh)
  return mesh
}

async function connected(mesh: TestMesh, server = 'script'): Promise<MemoryHost> {
  const host = new MemoryHost()
  await mesh.session(server, host)
  await initialize(host)
  return host
}

async function ask(
  host: MemoryHost,
  method: string,
  params: object = {},
): Promise<Record<string, unknown>> {
  const id = `${method} ${Math.random()}`
  host.say({ jsonrpc: '2.0', id, method, params })
  return { ...objectAt(await host.answerTo(id), 'result') }
}

/** Whether a process runs; one that waits to be reaped does not. */
function runs(pid: unknown): boolean {
  try {
    const [, state = 'Z'] =
      /^State:\s+(\S)/m.exec(readFileSync(`/proc/${Number(pid)}/status`, 'utf8')) ?? []
    return state !== 'Z' && state !== 'X'
  } catch {
    return false
  }
}

function childCount(): number {
  const listed = execFileSync('ps', ['-o', 'pid=', '--ppid', String(process.pid)])
  return listed.toString().trim().split('\n').length
}

async function spawned(host: MemoryHost): Promise<readonly unknown[]> {
  const { pids } = await ask(host, 'test/spawn')
  expect(Array.isArray(pids) && pids.every((pid) => runs(pid))).toBe(true)
  return pids as unknown[]
}

test('two sessions have two processes', { tags: ['MCP-14'] }, async () => {
  const mesh = meshOf()
  const [one, two] = await Promise.all([connected(mesh), connected(mesh)])
  const { pid: first } = await ask(one, 'test/environment')
  const { pid: second } = await ask(two, 'test/environment')
  expect(first).not.toBe(second)
})

test('a server gets the short list of variables and its own', { tags: ['MCP-14'] }, async () => {
  process.env['WARREN_TEST_SECRET'] = 'secret'
  const servers = [scriptServer({ env: { GIVEN: 'yes' }, cwd: '/' })]
  const host = await connected(meshOf({ servers }))
  const { env, cwd } = await ask(host, 'test/environment')
  expect(cwd).toBe('/')
  expect(env).toMatchObject({ GIVEN: 'yes', PATH: process.env['PATH'] })
  const allowed =
    /^(?:GIVEN|HOME|LANG|LC_ALL|LC_CTYPE|LOGNAME|PATH|PWD|SHELL|TERM|TMPDIR|TZ|USER|_|SHLVL)$/
  expect(Object.keys(env as object).filter((name) => !allowed.test(name))).toEqual([])
})

test('a process group ends with its session, helpers and all', { tags: ['MCP-15'] }, async () => {
  const mesh = meshOf()
  const host = await connected(mesh)
  const pids = await spawned(host)
  host.leave()
  expect(await eventually(() => !pids.some((pid) => runs(pid)))).toBe(true)
})

test('a server that ignores SIGTERM is killed', { tags: ['MCP-15'] }, async () => {
  const mesh = meshOf({ limits: { inputGraceMs: 50, termGraceMs: 50 } })
  const host = await connected(mesh)
  const { pid } = await ask(host, 'test/ignore-signals')
  host.leave()
  expect(await eventually(() => !runs(pid))).toBe(true)
  await eventually(() =>
    mesh.logger.lines.some(({ details }) => JSON.stringify(details).includes('SIGKILL')),
  )
})

test(
  'a process group ends when its caller is dropped, and others go on',
  { tags: ['MCP-15'] },
  async () => {
    const mesh = meshOf()
    const host = await connected(mesh)
    const pids = await spawned(host)
    const other = new MemoryHost()
    await mesh.session('script', other, { ...CALLER, did: 'did:webvh:QmOther:warren.internal' })
    await initialize(other)
    host.say({ jsonrpc: '2.0', id: 'hanging', method: 'test/hang' })
    await eventually(() => mesh.provider.status().streams === 3)
    await mesh.provider.dropCaller(CALLER.did, 'the membership was revoked')
    expect(pids.some((pid) => runs(pid))).toBe(false)
    expect(await host.answerTo('hanging')).toHaveProperty('error')
    expect(mesh.provider.status()).toMatchObject({ sessions: 1, streams: 1 })
    expect(await ask(other, 'test/echo')).toEqual({ params: {} })
  },
)

test(
  'of one caller all but some servers end, and those of others go on',
  { tags: ['MCP-15'] },
  async () => {
    const mesh = meshOf({ servers: ['kept', 'gone'].map((name) => scriptServer({ name })) })
    const [kept, gone, other] = [
      await connected(mesh, 'kept'),
      await connected(mesh, 'gone'),
      new MemoryHost(),
    ]
    const pids = await spawned(gone)
    await mesh.session('gone', other, { ...CALLER, did: 'did:webvh:QmOther:warren.internal' })
    await initialize(other)
    for (const host of [kept, gone])
      host.say({ jsonrpc: '2.0', id: 'hanging', method: 'test/hang' })
    await eventually(() => mesh.provider.status().streams === 5)
    await mesh.provider.endCalls(CALLER.did, { but: new Set(['kept']), reason: 'too old' })
    expect(pids.some((pid) => runs(pid))).toBe(false)
    expect(await gone.answerTo('hanging')).toHaveProperty('error')
    for (const host of [kept, other]) expect(await ask(host, 'test/echo')).toEqual({ params: {} })
    expect(kept.heard.filter(({ id }) => id === 'hanging')).toEqual([])
  },
)

test(
  'every process group is gone when the provider has stopped',
  { tags: ['MCP-15'] },
  async () => {
    const mesh = meshOf()
    const pids = await Promise.all([1, 2, 3].map(async () => spawned(await connected(mesh))))
    await mesh.provider.stop()
    expect(pids.flat().some((pid) => runs(pid))).toBe(false)
    expect(mesh.provider.status()).toMatchObject({ sessions: 0, shared: 0 })
  },
)

test.for(['SIGKILL', 'SIGTERM'] as const)(
  'process groups end with a node that got %s',
  { tags: ['MCP-15', 'THR-20'], timeout: 15_000 },
  async (signal) => {
    const node = spawn(process.execPath, [join(import.meta.dirname, 'support/node-process.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line]: Buffer[] = await once(node.stdout, 'data')
    const pids = JSON.parse(String(line)) as number[]
    expect(pids).toHaveLength(2)
    expect(pids.every((pid) => runs(pid))).toBe(true)
    node.kill(signal)
    await once(node, 'exit')
    await eventually(() => !pids.some((pid) => runs(pid)))
  },
)

test(
  'nothing of this process is left when a provider has stopped',
  { tags: ['MCP-15'] },
  async () => {
    const before = childCount()
    const mesh = meshOf()
    for (let round = 0; round < 3; round += 1) {
      const host = await connected(mesh)
      await spawned(host)
      host.leave()
      await eventually(() => mesh.provider.status().sessions === 0)
    }
    await mesh.provider.stop()
    expect(await eventually(() => childCount() === before)).toBe(true)
  },
)

test('a program that is not there is told', { tags: ['MCP-16'] }, async () => {
  const mesh = meshOf({ servers: [scriptServer({ command: '/no/such/program' })] })
  const host = new MemoryHost()
  const session = await mesh.session('script', host)
  host.say({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
  const answer = await host.answerTo(1)
  expect(answer).toMatchObject({
    error: {
      code: -32005,
      message: 'the server "script" could not be started (ENOENT)',
      data: { code: 'server-start-failed' },
    },
  })
  expect(JSON.stringify(answer)).not.toContain('/no/such')
  expect(await session.ended).toMatchObject({ code: 'server-start-failed' })
})

test('an early exit is told with its code, to every request', { tags: ['MCP-16'] }, async () => {
  const mesh = meshOf()
  const host = new MemoryHost()
  const session = await mesh.session('script', host)
  await initialize(host)
  host.say({ jsonrpc: '2.0', id: 1, method: 'test/hang' })
  host.say({ jsonrpc: '2.0', id: 2, method: 'test/exit', params: { code: 3 } })
  for (const id of [1, 2]) {
    expect(await host.answerTo(id)).toMatchObject({
      error: {
        code: -32005,
        message: 'the server "script" ended with exit code 3',
        data: { code: 'server-exited' },
      },
    })
  }
  expect(await session.ended).toMatchObject({ code: 'server-exited' })
  await eventually(() => mesh.provider.status().sessions === 0)
  expect(await ask(await connected(mesh), 'test/echo')).toEqual({ params: {} })
})

test(
  'a last response is delivered although the server has gone',
  { tags: ['MCP-16'] },
  async () => {
    const host = await connected(meshOf())
    const line = JSON.stringify({
      jsonrpc: '2.0',
      id: 'last',
      result: { big: 'x'.repeat(500_000) },
    })
    host.say({ jsonrpc: '2.0', id: 'last', method: 'test/raw', params: { line, exit: true } })
    expect(await host.answerTo('last')).toMatchObject({ result: {} })
  },
)

test('noise on standard output does no harm', { tags: ['MCP-17'] }, async () => {
  const mesh = meshOf()
  const host = await connected(mesh)
  for (const line of ['Server ready!', '[1]', '{"jsonrpc":"2.0","id":1.5,"result":{}}', '\u0000']) {
    host.say({ jsonrpc: '2.0', id: line, method: 'test/raw', params: { line } })
  }
  expect(await ask(host, 'test/echo')).toEqual({ params: {} })
  expect(host.heard).toHaveLength(2)
  expect(mesh.logger.lines.some(({ event }) => event === 'server-output-unacceptable')).toBe(true)
})

test.for([
  {
    name: 'an inexact number',
    line: '{"jsonrpc":"2.0","id":"r","result":{"n":12345678901234567890}}',
  },
  { name: 'a result that is no object', line: '{"jsonrpc":"2.0","id":"r","result":[]}' },
  {
    name: 'too much nesting',
    line: `{"jsonrpc":"2.0","id":"r","result":{"a":${'['.repeat(80)}${']'.repeat(80)}}}`,
  },
])('a response with $name becomes an error', { tags: ['MCP-17'] }, async ({ line }) => {
  const host = await connected(meshOf())
  host.say({ jsonrpc: '2.0', id: 'r', method: 'test/raw', params: { line } })
  expect(await host.answerTo('r')).toMatchObject({
    error: { data: { code: 'server-answer-unacceptable' } },
  })
})

test(
  'a line beyond the limit ends the session, with a sentence',
  { tags: ['MCP-17'] },
  async () => {
    const mesh = meshOf({ limits: { messageBytesMax: 10_000 } })
    const host = await connected(mesh)
    host.say({ jsonrpc: '2.0', id: 1, method: 'test/progress', params: { count: 0, _meta: {} } })
    await host.answerTo(1)
    host.say({ jsonrpc: '2.0', id: 2, method: 'test/flood', params: { count: 1, bytes: 10_000 } })
    expect(await host.answerTo(2)).toMatchObject({
      error: { data: { code: 'server-answer-unacceptable' } },
    })
    await eventually(() => mesh.provider.status().sessions === 0)
  },
)

test(
  'stderr is logged within limits and never blocks the server',
  { tags: ['MCP-18'] },
  async () => {
    const mesh = meshOf({ limits: { errorLineMax: 20, errorLinesPerMinuteMax: 5 } })
    const host = await connected(mesh)
    await ask(host, 'test/stderr', { text: `\u001b[31m${'x'.repeat(100)}\u2028y\n`, times: 5_000 })
    const logged = mesh.logger.lines.filter(({ event }) => event === 'server-stderr')
    await eventually(() => logged.length === 5 || mesh.logger.lines.length > 5)
    const lines = mesh.logger.lines.filter(({ event }) => event === 'server-stderr')
    expect(lines).toHaveLength(5)
    for (const { details } of lines) {
      const { line } = details as { line: string }
      expect(line).toMatch(/^\[31mx+…$/)
      expect(line.length).toBeLessThanOrEqual(21)
    }
  },
)
