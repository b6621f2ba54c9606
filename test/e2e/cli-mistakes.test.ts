import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { askWarren, type Outcome, runWarren } from '@warren/demo/warren-process'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { invitationOf, type ReadyMesh, readyMesh } from './support/ready-mesh.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const PRIVATE_MOUNTS = ['unshare', '--user', '--map-root-user', '--mount']
/** Runs a command beside a full disk of 16 KiB, and says behind it what lies on that disk. */
const FULL_DISK =
  'mount -t tmpfs -o size=16k none "$0" && head -c 65536 /dev/zero >"$0/filler" 2>/dev/null; ' +
  '"$@"; code=$?; echo "left: $(ls -A "$0" | tr "\\n" " ")" >&2; exit $code'

let mesh: ReadyMesh
let desk: string
let disk: string

beforeAll(async () => {
  mesh = await readyMesh({ names: ['desk'] })
  desk = mesh.node('desk').directory
  disk = join(mesh.root, 'disk')
  mkdirSync(disk)
})

afterAll(async () => {
  await mesh?.close()
})

function keys(): readonly string[] {
  return ['--passphrase-file', mesh.passphraseFile]
}

function onDesk(...words: readonly string[]): Promise<Outcome> {
  return runWarren(['--dir', desk, ...words])
}

function expectFailure({ code, stdout, stderr }: Outcome, exit: number, word: string): void {
  expect({ code, stdout }, stderr).toEqual({ code: exit, stdout: '' })
  expect(stderr).toMatch(new RegExp(`^warren: .{10,} \\[${word}\\]\\n$`))
}

test('an administrator’s keys get the directory that is named', { tags: ['CLI-40'] }, async () => {
  const out = join(mesh.root, 'anna', 'anna')
  await askWarren(['admin', 'key', '--out', out, ...keys()])
  expect(readdirSync(join(mesh.root, 'anna'))).toEqual(['anna.keys', 'anna.pub.json'])
})

test('a policy set without a case does not pass its tests', { tags: ['CLI-42'] }, async () => {
  const empty = join(mesh.root, 'empty')
  mkdirSync(empty, { mode: 0o700 })
  const tested = (...words: readonly string[]): Promise<Outcome> =>
    runWarren(['policy', 'test', '--policies', empty, ...words])
  expectFailure(await tested(), 6, 'policy-cases-missing')
  expectFailure(await tested('--strict'), 6, 'policy-cases-missing')
  writeFileSync(join(empty, 'a.cedar'), '@id("a") permit (principal, action, resource);\n', {
    mode: 0o600,
  })
  expectFailure(await tested(), 6, 'policy-cases-missing')
  const one = '{ name: a, server: s, tool: t, expect: allow }'
  writeFileSync(join(empty, 'a.cases.yaml'), `cases: [${one}]\n`, { mode: 0o600 })
  expect(await tested()).toMatchObject({ code: 0 })
})

test('a candidate without a rule is asked about nothing', { tags: ['CLI-42'] }, async () => {
  const candidate = join(mesh.root, 'candidate')
  mkdirSync(candidate, { mode: 0o700 })
  expectFailure(await onDesk('policy', 'dry-run', candidate), 6, 'policy-rules-missing')
  const nowhere = join(mesh.root, 'nowhere')
  expectFailure(await onDesk('policy', 'dry-run', nowhere), 6, 'policies-unreadable')
})

test.for([
  ['in place of a file', '"$@" <(cat "$0")'],
  ['on stdin', 'cat "$0" | "$@" /dev/stdin'],
  ['that takes its time', '{ head -c 9 "$0"; sleep 1; tail -c +10 "$0"; } | "$@" /dev/stdin'],
] as const)(
  'an invitation may come through a pipe %s',
  { tags: ['CLI-43'] },
  async ([, script], { task }) => {
    const file = join(mesh.root, `${task.id}.invitation`)
    writeFileSync(file, `${await invitationOf(mesh.node('desk'))}\n`)
    const words = ['--dir', join(mesh.root, task.id), 'join', ...keys()]
    expect(await runWarren(words, ['bash', '-c', script, file])).toMatchObject({ code: 0 })
  },
)

test(
  'a pipe that gives no invitation is refused, and no more of it read',
  { tags: ['CLI-43'] },
  async () => {
    const words = ['--dir', join(mesh.root, 'c'), 'join', ...keys(), '/dev/stdin']
    const piped = (script: string): Promise<Outcome> =>
      runWarren(words, ['bash', '-c', `${script} | "$@"`, 'bash'])
    expectFailure(await piped('yes'), 6, 'file-too-large')
    expectFailure(await piped('true'), 3, 'invitation-malformed')
    expect(existsSync(join(mesh.root, 'c'))).toBe(false)
  },
)

test('what is no file that can be read is named, with a code', { tags: ['CLI-43'] }, async () => {
  const words = ['--dir', join(mesh.root, 'b'), 'join', disk, ...keys()]
  const joined = await runWarren(words)
  expectFailure(joined, 6, 'file-not-regular')
  expect(joined.stderr).toContain(disk)
  const cases = join(mesh.root, 'x.cases.yaml')
  const policies = join(desk, 'policies')
  const tested = await runWarren(['policy', 'test', cases, '--policies', policies])
  expectFailure(tested, 6, 'file-missing')
  expect(tested.stderr).toContain(cases)
})

const canMount = canMountPrivately()
if (!canMount) console.log('skipped, no small disk: this user cannot mount one of its own')

function canMountPrivately(): boolean {
  const [command, ...args] = [...PRIVATE_MOUNTS, 'mount', '-t', 'tmpfs', 'none', '/tmp']
  return process.platform === 'linux' && spawnSync(command, args).status === 0
}

test.skipIf(!canMount).for<[string, readonly string[]]>([
  ['invite', ['invite', '--file']],
  ['audit export', ['audit', 'export', '--out']],
  ['audit report', ['audit', 'report', '--out']],
  ['audit prove', ['audit', 'prove', '0', '--bundle']],
])(
  '%s says that the disk is full, and leaves nothing there',
  { tags: ['CLI-43'] },
  async ([name, words]) => {
    const launch = [...PRIVATE_MOUNTS, 'sh', '-c', FULL_DISK, disk]
    // The bundle is a directory, and one that is there: a full disk has no room for another.
    const target = name === 'audit prove' ? disk : join(disk, 'target')
    const outcome = await runWarren(['--dir', desk, ...words, target], launch)
    expect(outcome).toMatchObject({ code: 6, stdout: '' })
    expect(outcome.stderr).toMatch(/cannot be written: the disk is full \[file-unwritable\]\n/)
    expect(outcome.stderr).toMatch(/left: filler $/m)
  },
)

test('a file in no directory, or that is there, is refused', { tags: ['CLI-43'] }, async () => {
  const nowhere = await onDesk('audit', 'export', '--out', join(mesh.root, 'no', 'file'))
  expectFailure(nowhere, 6, 'file-unwritable')
  expect(nowhere.stderr).toContain(`there is no directory "${join(mesh.root, 'no')}"`)
  const mine = join(mesh.root, 'mine')
  writeFileSync(mine, 'mine')
  expectFailure(await onDesk('audit', 'report', '--out', mine), 6, 'file-exists')
  expect(readFileSync(mine, 'utf8')).toBe('mine')
  const whole = join(mesh.root, 'export')
  expect(await onDesk('audit', 'export', '--out', whole)).toMatchObject({ code: 0 })
  const printed = await onDesk('audit', 'export')
  expect(printed.stdout.startsWith(readFileSync(whole, 'utf8'))).toBe(true)
  expect(readFileSync(whole, 'utf8')).not.toBe('')
})

test.for<[string, readonly string[], string]>([
  [
    'a port for an address',
    ['join', 'warren-invite:1:AAAA', '--listen', '4002'],
    'listen-malformed',
  ],
  ['an address of no machine', ['init', '--listen', '/ip4/1.2.3.256/tcp/1'], 'listen-malformed'],
])(
  '%s is a mistake in usage, and nothing is written',
  { tags: ['CLI-44'] },
  async ([, words, code], { task }) => {
    const directory = join(mesh.root, task.id)
    expectFailure(await runWarren(['--dir', directory, ...words, ...keys()]), 2, code)
    expect(existsSync(directory)).toBe(false)
  },
)

test.for<[string, readonly string[], string]>([
  ['a name of no server', ['serve', 'Bad Name', '--', 'node'], 'server-malformed'],
  [
    'a name for a DID',
    [
      'capability',
      'issue',
      '--to',
      'desk',
      '--server',
      's',
      '--tool',
      't',
      '--for',
      '1h',
      '--out',
      'cap',
    ],
    'did-malformed',
  ],
  ['a DID that is none', ['why', 'did:webvh:Qm:warren.internal'], 'did-malformed'],
  [
    'a report from the end to the beginning',
    ['audit', 'report', '--from', '2027-01-01', '--to', '2026-01-01', '--out', 'never'],
    'usage',
  ],
  [
    'an export from the end to the beginning',
    ['audit', 'export', '--from', '2', '--to', '1'],
    'usage',
  ],
])('%s is a mistake in usage', { tags: ['CLI-44'] }, async ([, words, code]) => {
  const before = readFileSync(join(desk, 'warren.yaml'), 'utf8')
  expectFailure(await onDesk(...words), 2, code)
  expect(readFileSync(join(desk, 'warren.yaml'), 'utf8')).toBe(before)
})

test('a range of one moment, or of a number and a time, is one', { tags: ['CLI-44'] }, async () => {
  const ranges = [
    ['2026-01-01', '2026-01-01'],
    ['5', '2026-01-01'],
  ]
  for (const [from = '', to = ''] of ranges) {
    expect(await onDesk('audit', 'export', '--from', from, '--to', to)).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    })
  }
})

test('a port that is taken is said first, and alone', { tags: ['CLI-45'] }, async () => {
  const taker = createServer().listen(0, '127.0.0.1')
  await expect.poll(() => taker.listening).toBe(true)
  const address = taker.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const directory = join(mesh.root, 'taken')
  const listen = ['--listen', `/ip4/127.0.0.1/tcp/${port}`]
  await askWarren(['--dir', directory, 'init', ...keys(), ...listen])
  const { code, stderr } = await runWarren(['--dir', directory, 'up'])
  taker.close()
  expect(code).toBe(1)
  expect(stderr).toContain(`127.0.0.1:${port}`)
  expect(stderr).toContain('[port-taken]\n')
  expect(stderr).not.toMatch(/ stopped|gossip-failed/)
})

test('the first start of a node warns of no failure', { tags: ['CLI-45'] }, () => {
  const { events } = mesh.node('desk').daemon
  expect(events.length).toBeGreaterThan(0)
  expect(events.filter(({ event }) => event === 'records')).toEqual([])
})

test('who asks to return is told to stop the node first', { tags: ['CLI-46'] }, async () => {
  const request = join(mesh.root, 'ask.json')
  const outcome = await onDesk('join', '--request', request, '--return')
  expectFailure(outcome, 1, 'directory-in-use')
  expect(outcome.stderr).toContain('stop it first')
  expect(existsSync(request)).toBe(false)
})

test(
  'an import says whether the node runs, also of nothing new',
  { tags: ['CLI-46'] },
  async () => {
    const file = join(mesh.root, 'host.json')
    writeFileSync(file, JSON.stringify({ mcpServers: { notes: { command: 'true' } } }))
    const importing = ['--dir', desk, 'import', file]
    expect(await askWarren(importing)).toMatchObject({ added: ['notes'], running: true })
    expect(await askWarren(importing)).toMatchObject({ added: [], running: true })
  },
)

test(
  'rules that name a tool load; its arguments alone are opaque',
  { tags: ['CLI-46'] },
  async () => {
    const words = ['policy', 'new', 'read-only-files', '--server', 'files', '--tool', 'read']
    expect(await onDesk(...words, '--below', '/srv')).toMatchObject({ code: 0 })
    expect(await onDesk('policy', 'check')).toMatchObject({
      code: 0,
      stderr: 'note: rules cannot name the arguments of files/read: its definition is not pinned\n',
    })
  },
)
