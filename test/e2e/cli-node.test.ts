import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject, JsonValue } from '@warren/core'
import { askWarren, Daemon, runWarren } from '@warren/demo/warren-process'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type ReadyMesh, readyMesh, type ReadyNode, textIn } from './support/ready-mesh.ts'

const SERVER = join(import.meta.dirname, 'support/slow-server.ts')
const DID = expect.stringMatching(/^did:webvh:Qm\w{44}:warren\.internal$/)
const PEER_ID = expect.stringMatching(/^12D3KooW\w{44}$/)
const MESH_ID = expect.stringMatching(/^zQm\w{44}$/)
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
const COUNT = expect.any(Number)

let mesh: ReadyMesh
let desk: ReadyNode
let lab: ReadyNode

beforeAll(async () => {
  mesh = await readyMesh({
    names: ['desk', 'lab'],
    prepare: async ({ name, directory }) => {
      if (name !== 'lab') return
      const command = ['--', process.execPath, SERVER]
      await askWarren(['--dir', directory, 'serve', 'open', '--allow-role', 'member', ...command])
      await askWarren(['--dir', directory, 'serve', 'shown', ...command])
      writeFileSync(
        join(directory, 'policies/shown.cedar'),
        `permit (principal, action == Warren::Action::"list", resource in Warren::Server::"shown");`,
      )
    },
  })
  desk = mesh.node('desk')
  lab = mesh.node('lab')
  await vi.waitUntil(async () => (await reachable()).length === 2, {
    timeout: 15_000,
    interval: 500,
  })
})

afterAll(async () => {
  await mesh?.close()
})

async function reachable(): Promise<readonly JsonValue[]> {
  const { reachable: aliases } = await askWarren(['--dir', desk.directory, 'status'])
  return Array.isArray(aliases) ? aliases : []
}

function onDesk(...words: readonly string[]): readonly string[] {
  return ['--dir', desk.directory, ...words]
}

async function answer(...words: readonly string[]): Promise<JsonObject> {
  return askWarren(onDesk(...words))
}

function keys(): readonly string[] {
  return ['--passphrase-file', mesh.passphraseFile]
}

test('init and join print what was made', { tags: ['CLI-1'] }, async () => {
  const founded = await askWarren(['--dir', join(mesh.root, 'other'), 'init', ...keys()])
  expect(founded).toEqual({ meshId: MESH_ID, did: DID, peerId: PEER_ID, adminDid: DID })
  const invited = await answer('invite', '--role', 'operator', '--enclave', 'hall')
  const words = ['join', textIn(invited, 'invitation'), '--name', 'third', ...keys()]
  const joined = await askWarren(['--dir', join(mesh.root, 'third'), ...words])
  expect(joined).toEqual({
    meshId: mesh.meshId,
    did: DID,
    peerId: PEER_ID,
    enclave: 'hall',
    roles: ['operator'],
  })
})

test('status and peers say how the node stands', { tags: ['CLI-1'] }, async () => {
  expect(await answer('status')).toEqual({
    name: 'desk',
    did: desk.did,
    peerId: PEER_ID,
    mesh: mesh.meshId,
    meshName: 'desk',
    memberName: 'desk',
    enclave: 'main',
    roles: ['member'],
    memberUntil: TIME,
    administers: true,
    standing: 'member',
    freshness: 'fresh',
    freshnessAgeSeconds: COUNT,
    witnesses: '1 of 1 count, 1 needed',
    islandServers: [],
    admins: '1 of 1',
    members: COUNT,
    removals: 0,
    grants: COUNT,
    removalRoot: '0'.repeat(64),
    addresses: [expect.stringMatching(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\//)],
    http: null,
    peers: 1,
    chosenPeers: COUNT,
    chosenEnclaves: COUNT,
    chosenNetworks: COUNT,
    connectedWitnesses: 0,
    pinnedWitness: null,
    pinnedWitnessConnected: null,
    warnings: [],
    servers: 0,
    serverSessions: COUNT,
    streams: COUNT,
    reachable: ['open', 'shown'],
    policySet: { state: 'unsigned', digest: expect.any(String), trouble: null },
    approvalsWaiting: 0,
    keptOut: [],
    audit: { state: 'well', entries: COUNT, segments: 1 },
    exports: [],
    forkedAuditLogs: [],
    auditCosigned: expect.objectContaining({ cosigners: expect.any(String) }),
    uptimeSeconds: COUNT,
  })
  expect(await answer('peers')).toEqual({
    peers: [
      {
        did: lab.did,
        name: 'lab',
        peerId: PEER_ID,
        enclave: 'main',
        roles: ['member'],
        address: expect.stringContaining('/ip4/127.0.0.1/tcp/'),
        direction: expect.stringMatching(/^(in|out)bound$/),
        found: expect.any(String),
        suite: 'Noise_XXhfs_25519+MLKEM768_ChaChaPoly_SHA256',
      },
    ],
  })
})

test(
  'tools lists what can be called, for people and for programs',
  { tags: ['CLI-1'] },
  async () => {
    const tool = { server: 'open', name: 'echo', node: lab.did, description: 'Returns its text' }
    const { tools, problems } = await answer('tools', 'open')
    expect(problems).toEqual([])
    expect(tools).toContainEqual(tool)
    const outcome = await runWarren(onDesk('tools', 'open'))
    expect(outcome.stdout).toMatch(/^SERVER +TOOL +NODE +DESCRIPTION\nopen +echo +did:webvh:/)
  },
)

test('call gives the result as the server gave it', { tags: ['CLI-1'] }, async () => {
  const args = ['call', 'open', 'echo', '--args', '{"text":"good day"}']
  expect(await answer(...args)).toEqual({ content: [{ type: 'text', text: 'good day' }] })
  expect(await runWarren(onDesk(...args))).toEqual({ code: 0, stdout: 'good day\n', stderr: '' })
  const piped = ['sh', '-c', 'echo \'{"text":"from a pipe"}\' | "$@"', 'sh']
  const fromStdin = await runWarren(onDesk('call', 'open', 'echo', '--args', '-'), piped)
  expect(fromStdin).toMatchObject({ code: 0, stdout: 'from a pipe\n' })
})

test.for<[string, readonly string[], number, string]>([
  ['that policy refuses', ['shown', 'echo', '--args', '{"text":"x"}'], 3, 'call-refused'],
  ['in which the tool fails', ['open', 'fail'], 1, 'tool-failed'],
  ['to a tool that is not there', ['open', 'nosuch'], 1, 'call-failed'],
  ['to a server that is not there', ['nosuch', 'echo'], 1, 'no-such-server'],
  ['that takes too long', ['open', 'hang', '--timeout', '2s'], 5, 'call-timeout'],
])('a call %s ends with a code of its own', { tags: ['CLI-2'] }, async ([, words, code, word]) => {
  const outcome = await runWarren(onDesk('call', ...words))
  expect(outcome).toMatchObject({ code, stdout: '' })
  expect(outcome.stderr).toMatch(new RegExp(`^warren: .+ \\[${word}\\]\\n$`, 's'))
})

test('an invitation into a file is for its owner alone', { tags: ['CLI-1'] }, async () => {
  const file = join(mesh.root, 'invitation')
  expect(await answer('invite', '--file', file)).toEqual({ file, expires: TIME })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readFileSync(file, 'utf8')).toMatch(/^warren-invite:1:[\w-]+\n$/)
})

test(
  'an invitation that has run out lets nobody in',
  { tags: ['CLI-2', 'MEM-7', 'THR-7'] },
  async () => {
    const invited = await answer('invite', '--expires', '1s')
    await expect
      .poll(() => Date.now(), { timeout: 10_000 })
      .toBeGreaterThan(Date.parse(textIn(invited, 'expires')) + 1000)
    const directory = join(mesh.root, 'late')
    const outcome = await runWarren([
      '--dir',
      directory,
      'join',
      textIn(invited, 'invitation'),
      ...keys(),
    ])
    expect(outcome).toMatchObject({ code: 3, stdout: '' })
    expect(outcome.stderr).toContain('[invitation-expired]')
    expect(existsSync(join(directory, 'warren.yaml'))).toBe(false)
  },
)

test('a node without an admin key does not invite', { tags: ['CLI-2'] }, async () => {
  const outcome = await runWarren(['--dir', lab.directory, 'invite'])
  expect(outcome).toMatchObject({ code: 3, stdout: '' })
  expect(outcome.stderr).toContain('[no-admin-key]')
})

test(
  'connect to a server that is not there fails before MCP begins',
  { tags: ['CLI-2'] },
  async () => {
    const outcome = await runWarren(onDesk('connect', 'nosuch'))
    expect(outcome).toMatchObject({ code: 1, stdout: '' })
    expect(outcome.stderr).toContain('[no-such-server]')
  },
)

test('connect ends when its host does', { tags: ['CLI-6'] }, async () => {
  expect(await runWarren(onDesk('connect', 'open'))).toEqual({ code: 0, stdout: '', stderr: '' })
})

test('a list into a closed pipe is no failure', { tags: ['CLI-6'] }, async () => {
  const closed = ['bash', '-c', 'set -o pipefail; "$@" | true', 'sh']
  for (const command of ['peers', 'tools', 'status']) {
    expect(await runWarren(onDesk(command), closed), command).toMatchObject({ code: 0 })
  }
})

test(
  'a second node in the same directory is refused, and names the first',
  { tags: ['CLI-7'] },
  async () => {
    const second = await runWarren(onDesk('up'))
    expect(second).toMatchObject({ code: 1, stdout: '' })
    expect(second.stderr).toContain('[directory-in-use]')
    expect(second.stderr).toContain(String(desk.daemon.process.pid))
    expect(await answer('status')).toMatchObject({ name: 'desk' })
  },
)

test('a running node takes over a server that is added', { tags: ['CLI-1'] }, async () => {
  const words = ['serve', 'late', '--allow-role', 'member', '--', process.execPath, SERVER]
  const served = await askWarren(['--dir', lab.directory, ...words])
  expect(served).toMatchObject({ running: true })
  const { tools } = await askWarren(['--dir', lab.directory, 'tools', 'late'])
  expect(tools).toHaveLength(3)
})

test.for(['SIGINT', 'SIGTERM'] as const)(
  '%s stops the node cleanly',
  { tags: ['CLI-7'] },
  async (signal) => {
    const closed = once(lab.daemon.process, 'close')
    lab.daemon.process.kill(signal)
    expect(await closed).toEqual([0, null])
    expect(lab.daemon.events.at(-1)).toMatchObject({ event: 'stopped' })
    expect(existsSync(join(lab.directory, 'warren.sock'))).toBe(false)
    lab.daemon = await Daemon.start(lab.directory)
  },
)

test('a node that was killed starts again over what it left', { tags: ['CLI-7'] }, async () => {
  await lab.daemon.kill()
  expect(existsSync(join(lab.directory, 'warren.sock'))).toBe(true)
  lab.daemon = await Daemon.start(lab.directory)
  expect(await askWarren(['--dir', lab.directory, 'status'])).toMatchObject({ name: 'lab' })
})

test('a node whose log nobody reads any more stops cleanly', { tags: ['CLI-6'] }, async () => {
  const directory = join(mesh.root, 'unread')
  const listen = ['--listen', '/ip4/127.0.0.1/tcp/0']
  await askWarren(['--dir', directory, 'init', ...listen, ...keys()])
  const firstLine = ['bash', '-c', 'set -o pipefail; "$@" 2>&1 | head -1', 'sh']
  const running = runWarren(['--dir', directory, 'up'], firstLine)
  await expect
    .poll(() => existsSync(join(directory, 'warren.sock')), { timeout: 15_000 })
    .toBe(true)
  await runWarren(['--dir', directory, 'invite'])
  const { code, stdout } = await running
  expect(code).toBe(0)
  expect(stdout).toContain('started')
  expect(existsSync(join(directory, 'warren.sock'))).toBe(false)
})
