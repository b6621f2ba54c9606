import { execFileSync } from 'node:child_process'
import { chownSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { askWarren, runWarren, WARREN_ENTRY } from '@warren/demo/warren-process'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { type ReadyMesh, readyMesh, type ReadyNode } from './support/ready-mesh.ts'

const SERVER = join(import.meta.dirname, 'support/slow-server.ts')
const SERVE = ['--allow-role', 'member', '--', process.execPath, SERVER]

const FOREIGN_UID = 12_345

let mesh: ReadyMesh
let desk: ReadyNode
let lab: ReadyNode
let config: string
let before: string
const hosts: Client[] = []

beforeAll(async () => {
  mesh = await readyMesh({
    names: ['desk', 'lab'],
    prepare: async ({ name, directory }) => {
      if (name !== 'lab') return
      await askWarren(['--dir', directory, 'serve', 'kept', ...SERVE, 'kept'])
      await askWarren(['--dir', directory, 'serve', 'gone', ...SERVE, 'gone'])
    },
  })
  desk = mesh.node('desk')
  lab = mesh.node('lab')
  config = join(lab.directory, 'warren.yaml')
  before = readFileSync(config, 'utf8')
  await vi.waitUntil(async () => String(await aliases()) === 'gone,kept', {
    timeout: 15_000,
    interval: 500,
  })
})

afterEach(async () => {
  await Promise.all(hosts.splice(0).map((client) => client.close()))
  writeFileSync(config, before)
  await askWarren(['--dir', lab.directory, 'reload'])
  // Asks every member at once what it offers, instead of waiting for the next round.
  await askWarren(['--dir', desk.directory, 'tools'])
})

afterAll(async () => {
  await mesh?.close()
})

async function aliases(): Promise<unknown> {
  return (await askWarren(['--dir', desk.directory, 'status']))['reachable']
}

async function host(server: string): Promise<Client> {
  const client = new Client({ name: 'host', version: '1.0.0' })
  const args = [WARREN_ENTRY, '--dir', desk.directory, 'connect', server]
  const command = process.execPath
  await client.connect(new StdioClientTransport({ command, args, stderr: 'ignore' }))
  hosts.push(client)
  return client
}

async function echo(client: Client, text: string): Promise<unknown> {
  return (await client.callTool({ name: 'echo', arguments: { text } })).content
}

/** Processes of the server that was started with this last word. */
function processesOf(name: string): number {
  const table = execFileSync('ps', ['-eo', 'stat,args'], { encoding: 'utf8' })
  return table
    .split('\n')
    .filter((line) => line.endsWith(`${SERVER} ${name}`) && !line.startsWith('Z')).length
}

/** `warren.yaml` without the lines of one server. */
function without(name: string): string {
  const [, block = ''] = new RegExp(`(  ${name}:\n(?:    .*\n)+)`).exec(before) ?? []
  expect(block).not.toBe('')
  return before.replace(block, '')
}

test(
  'a server that is taken away ends with its sessions; another goes on',
  { tags: ['DMN-7'] },
  async () => {
    const gone = await host('gone')
    const kept = await host('kept')
    await Promise.all([echo(gone, 'a'), echo(kept, 'b')])
    const hanging = gone.callTool({ name: 'hang', arguments: {} }).then(
      () => 'answered',
      (error: unknown) => String(error),
    )
    await echo(gone, 'the call hangs')
    expect(processesOf('gone')).toBe(1)
    writeFileSync(config, without('gone'))
    expect(await askWarren(['--dir', lab.directory, 'reload'])).toEqual({
      servers: ['kept'],
      rules: 2,
      restart: [],
    })
    expect(await hanging).toMatch(/no longer offers this server/)
    expect(processesOf('gone')).toBe(0)
    expect(await echo(kept, 'still here')).toEqual([{ type: 'text', text: 'still here' }])
    await expect.poll(aliases, { timeout: 20_000, interval: 500 }).toEqual(['kept'])
  },
)

test('what waits for the next start is named, not passed over', { tags: ['DMN-13'] }, async () => {
  writeFileSync(config, before.replace('enabled: false', 'enabled: true'))
  expect(await askWarren(['--dir', lab.directory, 'reload'])).toMatchObject({ restart: ['http'] })
  const people = await runWarren(['--dir', lab.directory, 'reload'])
  expect(people).toMatchObject({ code: 0 })
  expect(people.stderr).toContain('in force with the next "warren up" only: http')
  expect(await askWarren(['--dir', lab.directory, 'status'])).toMatchObject({ http: null })
})

test.for<[string, (text: string) => string, string]>([
  ['broken YAML', (text) => `${text}: [\n`, 'config-syntax'],
  ['an unknown key', (text) => `${text}nmae: x\n`, 'config-invalid'],
  ['an empty file', () => '', 'config-invalid'],
])('%s changes nothing', { tags: ['DMN-6'] }, async ([, harm, code]) => {
  const gone = await host('gone')
  await echo(gone, 'before')
  writeFileSync(config, harm(without('gone')))
  const outcome = await runWarren(['--dir', lab.directory, 'reload'])
  expect(outcome).toMatchObject({ code: 6, stdout: '' })
  expect(outcome.stderr).toContain(`[${code}]`)
  expect(await echo(gone, 'after')).toEqual([{ type: 'text', text: 'after' }])
  expect(await echo(await host('gone'), 'again')).toEqual([{ type: 'text', text: 'again' }])
})

test('a broken policy changes nothing, not the servers either', { tags: ['DMN-6'] }, async () => {
  const gone = await host('gone')
  await echo(gone, 'before')
  const policy = join(lab.directory, 'policies/broken.cedar')
  writeFileSync(policy, 'permit(')
  writeFileSync(config, without('gone'))
  const outcome = await runWarren(['--dir', lab.directory, 'reload'])
  rmSync(policy)
  expect(outcome).toMatchObject({ code: 6, stdout: '' })
  expect(outcome.stderr).toContain('broken.cedar')
  expect(await echo(gone, 'after')).toEqual([{ type: 'text', text: 'after' }])
})

test.skipIf(process.geteuid?.() !== 0)(
  'a policy of another user is refused, and the one before stays in force',
  { tags: ['POL-31'] },
  async () => {
    const gone = await host('gone')
    const policy = join(lab.directory, 'policies/serve-gone.cedar')
    chownSync(policy, FOREIGN_UID, FOREIGN_UID)
    const outcome = await runWarren(['--dir', lab.directory, 'reload'])
    chownSync(policy, 0, 0)
    expect(outcome).toMatchObject({ code: 6, stdout: '' })
    expect(outcome.stderr).toContain('policies-foreign')
    expect(outcome.stderr).toContain(policy)
    expect(await echo(gone, 'still')).toEqual([{ type: 'text', text: 'still' }])
    expect((await runWarren(['--dir', lab.directory, 'reload'])).code).toBe(0)
  },
)

test(
  'a policy that is closed refuses the next call of a session that is open',
  { tags: ['DMN-8'] },
  async () => {
    const client = await host('gone')
    await echo(client, 'before')
    const policy = join(lab.directory, 'policies/serve-gone.cedar')
    const text = readFileSync(policy, 'utf8')
    writeFileSync(policy, '')
    await askWarren(['--dir', lab.directory, 'reload'])
    const refused = await client.callTool({ name: 'echo', arguments: { text: 'after' } })
    writeFileSync(policy, text)
    expect(refused).toMatchObject({ isError: true })
  },
)
