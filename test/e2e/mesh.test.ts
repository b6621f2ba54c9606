import { execFileSync } from 'node:child_process'
import { appendFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '@warren/core'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { askWarren, Daemon, runWarren, WARREN_ENTRY } from '@warren/demo/warren-process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectCommand, reaches } from './support/mesh-hosts.ts'
import { errorOf, RawHost } from './support/raw-host.ts'
import { invitationOf, type ReadyMesh, readyMesh, type ReadyNode } from './support/ready-mesh.ts'

const SERVER = join(import.meta.dirname, 'support/slow-server.ts')
const IN_FLIGHT = 100
const ERROR_MS_MAX = 5000
/** What the configuration of both nodes allows: more than the default in one case, less in the other. */
const MESSAGE_BYTES_MAX = 6 * 1024 * 1024
const CALLS_MAX = 120
const OVER = 20
const LEFT = { timeout: 10_000 }

let mesh: ReadyMesh
let desk: ReadyNode
let lab: ReadyNode

beforeAll(async () => {
  mesh = await readyMesh({
    names: ['desk', 'lab'],
    prepare: async ({ name, directory }) => {
      const limits = `limits:\n  messageBytesMax: ${MESSAGE_BYTES_MAX}\n  callsInboundMax: ${CALLS_MAX}\n`
      appendFileSync(join(directory, 'warren.yaml'), limits)
      if (name !== 'lab') return
      const command = ['--', process.execPath, SERVER]
      await askWarren(['--dir', directory, 'serve', 'open', '--allow-role', 'member', ...command])
      await askWarren(['--dir', directory, 'serve', 'closed', ...command])
    },
  })
  desk = mesh.node('desk')
  lab = mesh.node('lab')
})

afterAll(async () => {
  await mesh?.close()
})

async function aliases(node: ReadyNode): Promise<unknown> {
  return (await askWarren(['--dir', node.directory, 'status']))['reachable']
}

async function host(server: string): Promise<Client> {
  const client = new Client({ name: 'host', version: '1.0.0' })
  const args = [WARREN_ENTRY, '--dir', desk.directory, 'connect', server]
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args, stderr: 'ignore' }),
  )
  return client
}

/** Processes of the test server that are alive, wherever they hang in the process tree. */
function serverProcesses(): number {
  const table = execFileSync('ps', ['-eo', 'stat,args'], { encoding: 'utf8' })
  return table.split('\n').filter((line) => line.includes(SERVER) && !line.startsWith('Z')).length
}

test(
  'a fresh server that no rule opens is not even seen',
  { tags: ['NODE-1', 'THR-12'] },
  async () => {
    await expect.poll(() => aliases(desk), { timeout: 15_000 }).toEqual(['open'])
    const outcome = await runWarren(['--dir', desk.directory, 'call', 'closed', 'echo'])
    expect(outcome.code).toBe(1)
    expect(outcome.stderr).toContain('no-such-server')
  },
)

test(
  'a hundred calls in flight all come back, each with its own answer',
  { tags: ['NODE-2'] },
  async () => {
    const client = await host('open')
    const texts = Array.from({ length: IN_FLIGHT }, (_, index) => `call ${index}`)
    const answers = await Promise.all(
      texts.map((text) => client.callTool({ name: 'echo', arguments: { text } })),
    )
    expect(answers.map(({ content }) => content)).toEqual(
      texts.map((text) => [{ type: 'text', text }]),
    )
    await client.close()
    await expect.poll(serverProcesses, { timeout: 10_000 }).toBe(0)
  },
)

test('the limits of the configuration are those that hold', { tags: ['CFG-14'] }, async () => {
  const raw = RawHost.start(connectCommand(desk, 'open'))
  await raw.initialize()
  const echo = (id: number, bytes: number): Promise<JsonObject> =>
    raw.ask(id, 'tools/call', { name: 'echo', arguments: { text: 'x'.repeat(bytes) } })
  expect(await echo(1, MESSAGE_BYTES_MAX - 1024)).toMatchObject({ id: 1, result: {} })
  errorOf(await echo(2, MESSAGE_BYTES_MAX), -32_600)

  const params = { name: 'hang', arguments: {} }
  for (let id = 100; id < 100 + CALLS_MAX + OVER; id += 1) {
    raw.say({ jsonrpc: '2.0', id, method: 'tools/call', params })
  }
  const refused = (): number => raw.heard.filter(({ id }) => Number(id) >= 100).length
  // The session has a stream too, and the catalogue may be asking.
  await expect.poll(refused, LEFT).toBeGreaterThan(OVER)
  expect(refused()).toBeLessThan(OVER + 4)
  await raw.leave()
})

test(
  'an invitation lets one machine in, and no second one',
  { tags: ['NODE-4', 'THR-7'] },
  async () => {
    const invitation = await invitationOf(desk)
    const join1 = ['join', invitation, '--name', 'x', '--passphrase-file', mesh.passphraseFile]
    const first = await runWarren(['--dir', `${mesh.root}/x`, ...join1])
    const second = await runWarren(['--dir', `${mesh.root}/y`, ...join1])
    expect(first).toMatchObject({ code: 0 })
    expect(second).toMatchObject({ code: 3 })
    expect(second.stderr).toContain('invitation-used')
    const nothing = await runWarren([
      '--dir',
      `${mesh.root}/y`,
      'up',
      '--passphrase-file',
      mesh.passphraseFile,
    ])
    expect(nothing).toMatchObject({ code: 6 })
  },
)

test('keys and control socket are their owner’s alone', { tags: ['NODE-5', 'THR-19'] }, () => {
  for (const path of [
    'warren.sock',
    'keys/node.json',
    'keys/admin.json',
    'warren.yaml',
    'warren.db',
  ]) {
    expect(statSync(join(desk.directory, path)).mode & 0o077, path).toBe(0)
  }
})

test(
  'a provider that is killed in a call: an error in time, and no process is left',
  { tags: ['NODE-3', 'THR-17'] },
  async () => {
    const client = await host('open')
    const hanging = client.callTool({ name: 'hang', arguments: {} }).then(
      () => 'answered',
      () => 'failed',
    )
    await client.callTool({ name: 'echo', arguments: { text: 'the server is up' } })
    expect(serverProcesses()).toBeGreaterThan(0)
    const killedAt = performance.now()
    await lab.daemon.kill()
    expect(await hanging).toBe('failed')
    expect(performance.now() - killedAt).toBeLessThan(ERROR_MS_MAX)
    await expect.poll(serverProcesses, { timeout: 10_000 }).toBe(0)
    await client.close()
    lab.daemon = await Daemon.start(lab.directory)
    await expect.poll(() => aliases(desk), { timeout: 20_000 }).toEqual(['open'])
  },
)

/** A host in the middle of a call that is never answered, and of one that was. */
async function hostInCall(): Promise<RawHost> {
  const raw = RawHost.start(connectCommand(desk, 'open'))
  await raw.initialize()
  raw.say({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'hang', arguments: {} } })
  await raw.ask(2, 'tools/call', { name: 'echo', arguments: { text: 'the server is up' } })
  expect(serverProcesses()).toBeGreaterThan(0)
  return raw
}

/** Waits until the provider has no server process, no session and no stream left. */
async function expectNothingLeft(): Promise<void> {
  await expect.poll(serverProcesses, LEFT).toBe(0)
  await expect
    .poll(() => askWarren(['--dir', lab.directory, 'status']), LEFT)
    .toMatchObject({ serverSessions: 0, streams: 0 })
}

test(
  'a host that is killed in a call: nothing of it is left at the provider',
  { tags: ['NODE-2', 'MCP-10', 'MCP-15'] },
  async () => {
    const raw = await hostInCall()
    await raw.kill()
    await expectNothingLeft()
  },
)

test(
  'a caller’s node that is killed in a call: its host is told in time, and nothing is left at the provider',
  { tags: ['MCP-10', 'MCP-15', 'NET-17'] },
  async () => {
    const raw = await hostInCall()
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    raw.process.once('close', () => resolve())
    const killedAt = performance.now()
    await desk.daemon.kill()
    await ended
    expect(performance.now() - killedAt).toBeLessThan(ERROR_MS_MAX)
    await expectNothingLeft()
    desk.daemon = await Daemon.start(desk.directory)
    await reaches(desk, ['open'])
    const again = RawHost.start(connectCommand(desk, 'open'))
    await again.initialize()
    const params = { name: 'echo', arguments: { text: 'again' } }
    expect(await again.ask(1, 'tools/call', params)).toMatchObject({ result: {} })
    await again.leave()
  },
)

test(
  'a provider that is killed in a call: the session ends with a coded error for each call',
  { tags: ['NODE-3', 'MCP-4', 'MCP-10'] },
  async () => {
    const raw = await hostInCall()
    const killedAt = performance.now()
    await lab.daemon.kill()
    errorOf(await raw.hears(({ id }) => id === 1), -32_001)
    expect(performance.now() - killedAt).toBeLessThan(ERROR_MS_MAX)
    await expect.poll(serverProcesses, LEFT).toBe(0)
    await raw.leave()
  },
)
