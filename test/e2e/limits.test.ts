import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { isJsonObject, type JsonObject } from '@warren/core'
import { askWarren, Daemon, runWarren, WARREN_ENTRY } from '@warren/demo/warren-process'
import { listMember } from '@warren/node/client'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type ReadyMesh, readyMesh } from './support/ready-mesh.ts'

const SLOW = join(import.meta.dirname, 'support/slow-server.ts')
const REFUSAL = 'internal.warren/refusal'
const SLOW_MS = 90_000
const RULES = `@id("all")
permit (principal in Warren::Role::"member", action, resource in Warren::Server::"slow");
@id("not-too-often")
@reason("that is enough")
@obligation("tell-admin")
forbid (principal, action in Warren::Action::"call", resource == Warren::Tool::"slow/hang")
when { context.session.hadFailed };
`
const LIMITS = `limits:
  calm: { server: slow, tool: echo, count: calls, max: 3, within: 1h }
  storm: { server: slow, tool: fail, count: errors, max: 2, within: 1h, actions: [end-session] }
facts:
  hadFailed: { formerly: { tool: fail, state: error }, within: 1h }
`

let mesh: ReadyMesh
let lab: string
let desk: string
const clients: Client[] = []

beforeAll(async () => {
  mesh = await readyMesh({
    names: ['lab', 'desk'],
    prepare: async ({ name, directory }) => {
      if (name !== 'lab') return
      lab = directory
      await askWarren(['--dir', lab, 'serve', 'slow', '--', process.execPath, SLOW])
      writeFileSync(join(lab, 'policies/slow.cedar'), RULES, { mode: 0o600 })
      writeFileSync(join(lab, 'policies/limits.yaml'), LIMITS, { mode: 0o600 })
    },
  })
  desk = mesh.node('desk').directory
  await reachable()
}, 120_000)

afterAll(async () => {
  for (const client of clients) await client.close()
  await mesh?.close()
})

async function reachable(): Promise<void> {
  await vi.waitUntil(
    async () => {
      const { reachable: names } = await askWarren(['--dir', desk, 'status'])
      return JSON.stringify(names) === '["slow"]'
    },
    { timeout: 30_000, interval: 500 },
  )
}

async function host(): Promise<Client> {
  const client = new Client({ name: 'host', version: '1.0.0' })
  const args = [WARREN_ENTRY, '--dir', desk, 'connect', 'slow']
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args, stderr: 'ignore' }),
  )
  clients.push(client)
  return client
}

/** The code of a refusal; false where it went on. */
async function call(client: Client, name: string): Promise<unknown> {
  const args = name === 'echo' ? { text: 'x' } : {}
  const { _meta: meta } = await client.callTool({ name, arguments: args })
  const refusal: unknown = meta?.[REFUSAL]
  return typeof refusal === 'object' && refusal !== null && 'code' in refusal && refusal.code
}

function rowsOf(answer: JsonObject, key: string): readonly JsonObject[] {
  return listMember(answer, key).filter((row) => isJsonObject(row))
}

test(
  'a limit holds over sessions and a restart of the node, and is named in the log',
  { tags: ['BEH-1', 'BEH-2', 'BEH-5', 'THR-45'], timeout: SLOW_MS },
  async () => {
    const [one, two] = [await host(), await host()]
    const codes = await Promise.all([
      call(one, 'echo'),
      call(two, 'echo'),
      call(one, 'echo'),
      call(two, 'echo'),
      call(one, 'echo'),
    ])
    expect(codes.filter((code) => code === false)).toHaveLength(3)
    expect(codes.filter((code) => code === 'budget-calls')).toHaveLength(2)
    const node = mesh.node('lab')
    await node.daemon.stop()
    node.daemon = await Daemon.start(node.directory, node.launch)
    await reachable()
    expect(await call(await host(), 'echo')).toBe('budget-calls')
    const found = await askWarren(['--dir', lab, 'audit', 'search', '--kind', 'decision'])
    const refused = rowsOf(found, 'entries').filter(({ rule }) => rule === 'calm')
    expect(refused).toHaveLength(3)
    expect(refused[0]).toMatchObject({ allowed: false, tool: 'echo' })
    expect(await askWarren(['--dir', lab, 'limits'])).toMatchObject({
      limits: [{ id: 'calm', max: 3, within: '1h' }, { id: 'storm' }],
      facts: ['hadFailed'],
      keptOut: [],
      room: { max: 262_144, mostOfOne: 3, maxOfOne: 65_536 },
      trouble: null,
    })
    expect((await runWarren(['--dir', lab, 'limits'])).stdout).toContain('has 3 of 65536')
  },
)

test(
  'a storm of failing calls ends the session, and its process is gone',
  { tags: ['BEH-10', 'BEH-9', 'BEH-12', 'THR-47'], timeout: SLOW_MS },
  async () => {
    const client = await host()
    const hanging = client
      .callTool({ name: 'hang', arguments: {} })
      .catch((error: unknown) => error)
    for (let times = 0; times < 3; times += 1) expect(await call(client, 'fail')).toBe(false)
    expect(await askWarren(['--dir', lab, 'status'])).toMatchObject({ serverSessions: 2 })
    expect(await call(client, 'fail').catch(() => 'ended')).toMatch(/^(budget-errors|ended)$/)
    expect(String(await hanging)).toMatch(/ended by the owner|closed|ended/i)
    await vi.waitUntil(
      async () => (await askWarren(['--dir', lab, 'status']))['serverSessions'] === 0,
      { timeout: 10_000, interval: 200 },
    )
    expect(await call(await host(), 'hang')).toBe('policy-denied')
    const alerts = await askWarren(['--dir', lab, 'audit', 'search', '--kind', 'alert'])
    const told = rowsOf(alerts, 'entries').filter(({ code }) => code === 'caller-behaviour')
    expect(JSON.stringify(told)).toContain('storm')
    expect(JSON.stringify(told)).toContain('not-too-often')
  },
)

test(
  'who is kept out stays out on a new connection, until it is let in',
  { tags: ['BEH-11', 'BEH-13', 'THR-47'], timeout: SLOW_MS },
  async () => {
    const { did } = mesh.node('desk')
    const harsh = `limits:\n  none: { server: slow, tool: echo, count: calls, max: 0, within: 1h, actions: [quarantine-caller] }\nfacts:\n  hadFailed: { formerly: { tool: none }, within: 1h }\n`
    writeFileSync(join(lab, 'policies/limits.yaml'), harsh)
    await askWarren(['--dir', lab, 'reload'])
    const client = await host()
    await call(client, 'echo').catch(() => 'ended')
    await vi.waitUntil(
      async () => rowsOf(await askWarren(['--dir', lab, 'status']), 'keptOut').length === 1,
      { timeout: 10_000, interval: 200 },
    )
    const asked = ['--dir', desk, 'call', 'slow', 'echo', '--args', '{"text":"x"}']
    const kept = await runWarren(asked)
    expect(kept.code).not.toBe(0)
    expect(kept.stderr + kept.stdout).toMatch(
      /answers nothing of yours before|no server "slow" can be reached/,
    )
    const found = await askWarren(['--dir', lab, 'audit', 'search', '--kind', 'decision'])
    expect(JSON.stringify(found)).toContain('caller-kept-out')
    const stranger = `did:webvh:Qm${'1'.repeat(44)}:warren.internal`
    for (const [who, code] of [
      [stranger, 'not-kept-out'],
      ['did:webvh:nobody', 'did-malformed'],
    ] as const) {
      const wrong = await runWarren(['--dir', lab, 'limits', '--lift', who])
      expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining(code)])
    }
    writeFileSync(
      join(lab, 'policies/limits.yaml'),
      'limits: {}\nfacts:\n  hadFailed: { formerly: { tool: none }, within: 1h }\n',
    )
    await askWarren(['--dir', lab, 'reload'])
    expect((await runWarren(asked)).code).not.toBe(0)
    expect(await askWarren(['--dir', lab, 'limits', '--lift', did])).toEqual({ did, lifted: true })
    await reachable()
    expect((await runWarren(asked)).code).toBe(0)
  },
)
