import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { askWarren, type Outcome, runWarren } from '@warren/demo/warren-process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { textIn } from './support/ready-mesh.ts'

let root: string
let passphraseFile: string
let home: string

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'warren-cli-'))
  passphraseFile = join(root, 'passphrase')
  writeFileSync(passphraseFile, 'only for tests\n', { mode: 0o600 })
  home = join(root, 'home')
  await askWarren([...at(home), 'init', ...keys(), '--listen', '/ip4/127.0.0.1/tcp/0'])
})

afterAll(() => {
  rmSync(root, { recursive: true, force: true })
})

function at(directory: string): readonly string[] {
  return ['--dir', directory]
}

function keys(): readonly string[] {
  return ['--passphrase-file', passphraseFile]
}

/** A node of its own to break. */
function copyOfHome(name: string): string {
  const directory = join(root, name)
  cpSync(home, directory, { recursive: true })
  return directory
}

function expectFailure(outcome: Outcome, code: number, word: string): void {
  expect(outcome).toMatchObject({ code, stdout: '' })
  expect(outcome.stderr).toContain(`[${word}]\n`)
  expect(outcome.stderr).toMatch(/^warren: .{10}/)
  expect(outcome.stderr).not.toMatch(/\n\s+at /)
}

test('the version is that of the package', async () => {
  const { default: manifest } = await import('../../apps/cli/package.json', {
    with: { type: 'json' },
  })
  expect(await runWarren(['--version'])).toEqual({
    code: 0,
    stdout: `${manifest.version}\n`,
    stderr: '',
  })
})

test('no command, and an unknown one, are mistakes in usage', { tags: ['CLI-2'] }, async () => {
  expectFailure(await runWarren([]), 2, 'usage')
  expectFailure(await runWarren(['nonsense']), 2, 'usage')
})

test('serve refuses a role that cannot be and writes nothing', { tags: ['CLI-3'] }, async () => {
  const before = readFileSync(join(home, 'warren.yaml'), 'utf8')
  const words = ['serve', 'a', '--allow-role', 'Bad Role', '--', 'node']
  expectFailure(await runWarren([...at(home), ...words]), 2, 'role-malformed')
  expect(readFileSync(join(home, 'warren.yaml'), 'utf8')).toBe(before)
})

test.for<[string, readonly string[], number]>([
  ['an address that cannot be', ['--listen', 'nonsense'], 2],
  ['an enclave that cannot be', ['--enclave', ''], 2],
  ['a name that cannot be', ['--name', 'press\u202E3'], 2],
])('init refuses %s and writes nothing', { tags: ['CLI-3'] }, async ([, args, code], { task }) => {
  const directory = join(root, task.id)
  const outcome = await runWarren([...at(directory), 'init', ...keys(), ...args])
  expect(outcome).toMatchObject({ code, stdout: '' })
  expect(existsSync(directory)).toBe(false)
})

test('with --json an error is one line of JSON', { tags: ['CLI-1'] }, async () => {
  for (const [args, code, word] of [
    [['status'], 4, 'node-not-running'],
    [['nonsense'], 2, 'usage'],
    [['import', join(root, 'nowhere')], 6, 'import-unreadable'],
  ] as const) {
    const outcome = await runWarren([...at(home), '--json', ...args])
    expect(outcome).toMatchObject({ code, stdout: '' })
    expect(outcome.stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(JSON.parse(outcome.stderr)).toEqual({
      error: { code: word, message: expect.stringMatching(/.{10}/) },
    })
  }
})

test('what stands behind "--" is the server’s, also a --json', { tags: ['CLI-1'] }, async () => {
  const outcome = await runWarren([...at(home), 'serve', 'Bad', '--', 'node', '--json'])
  expectFailure({ ...outcome }, 2, 'server-malformed')
})

test.for([['status'], ['connect']])(
  'without a running node, %s says how to start one',
  { tags: ['CLI-2'] },
  async (args) => {
    const outcome = await runWarren([...at(home), ...args])
    expectFailure(outcome, 4, 'node-not-running')
    expect(outcome.stderr).toContain('warren up')
  },
)

test('an invitation that cannot be had leaves no file behind', { tags: ['CLI-3'] }, async () => {
  const file = join(root, 'invitation')
  expectFailure(await runWarren([...at(home), 'invite', '--file', file]), 4, 'node-not-running')
  expect(existsSync(file)).toBe(false)
  writeFileSync(file, 'mine')
  expectFailure(await runWarren([...at(home), 'invite', '--file', file]), 6, 'file-exists')
  expect(readFileSync(file, 'utf8')).toBe('mine')
  const nowhere = join(root, 'no', 'such', 'place')
  expectFailure(await runWarren([...at(home), 'invite', '--file', nowhere]), 6, 'file-unwritable')
})

test('a directory with a node is not made into another', { tags: ['CLI-4'] }, async () => {
  const before = readFileSync(join(home, 'keys/node.json'), 'utf8')
  const again = await runWarren([...at(home), 'init', ...keys()])
  expectFailure(again, 6, 'already-initialised')
  const joined = await runWarren([...at(home), 'join', 'warren-invite:1:AAAA', ...keys()])
  expectFailure(joined, 6, 'already-initialised')
  expect(readFileSync(join(home, 'keys/node.json'), 'utf8')).toBe(before)
})

test(
  'a passphrase that others may read, or that is none, is refused',
  { tags: ['CLI-5'] },
  async () => {
    const directory = join(root, 'passphrase-tests')
    const open = join(root, 'open')
    writeFileSync(open, 'only for tests\n')
    chmodSync(open, 0o644)
    const init = (...words: readonly string[]): Promise<Outcome> =>
      runWarren([...at(directory), 'init', ...words])
    expectFailure(await init('--passphrase-file', open), 6, 'file-open')
    expectFailure(await init('--passphrase-file', join(root, 'nowhere')), 6, 'file-missing')
    expectFailure(await init('--passphrase-fd', '99'), 6, 'passphrase-unreadable')
    expectFailure(await init(), 6, 'passphrase-missing')
    const short = join(root, 'short')
    writeFileSync(short, '1234567\n', { mode: 0o600 })
    expectFailure(await init('--passphrase-file', short), 6, 'passphrase-too-short')
    expect(existsSync(directory)).toBe(false)
  },
)

test('a passphrase may come from an open descriptor', { tags: ['CLI-5'] }, async () => {
  const shell = ['sh', '-c', '"$@" 3<"$0"', passphraseFile]
  const args = [...at(join(root, 'by-fd')), 'init', '--passphrase-fd', '3']
  expect(await runWarren(args, shell)).toMatchObject({ code: 0, stderr: '' })
})

test.for<[string, (directory: string) => void, string]>([
  ['an unknown key', (path) => append(path, 'nmae: x\n'), 'config-invalid'],
  ['broken YAML', (path) => append(path, ': [\n'), 'config-syntax'],
  ['a server elsewhere', (path) => serve(path, 'http://10.0.0.1/mcp'), 'config-invalid'],
  [
    'a configuration that others may write',
    (path) => mode(path, 'warren.yaml', 0o622),
    'config-open',
  ],
  ['no configuration', (path) => rmSync(join(path, 'warren.yaml')), 'config-missing'],
  ['keys that others may read', (path) => mode(path, 'keys/node.json', 0o640), 'file-open'],
  ['no keys', (path) => rmSync(join(path, 'keys/node.json')), 'not-initialised'],
  ['a broken policy', (path) => policy(path, 'permit('), 'policy-malformed'],
  [
    'no policies',
    (path) => rmSync(join(path, 'policies'), { recursive: true }),
    'policies-unreadable',
  ],
])(
  'up with %s is refused and says where',
  { tags: ['CLI-2'] },
  async ([, harm, word], { task }) => {
    const directory = copyOfHome(task.id)
    harm(directory)
    expectFailure(await runWarren([...at(directory), 'up']), 6, word)
  },
)

test('up with another passphrase is refused', { tags: ['CLI-2'] }, async () => {
  const other = join(root, 'other')
  writeFileSync(other, 'not the passphrase', { mode: 0o600 })
  const outcome = await runWarren([...at(home), 'up', '--passphrase-file', other])
  expectFailure(outcome, 6, 'passphrase-wrong')
})

test('join refuses what is no invitation and writes nothing', { tags: ['CLI-3'] }, async () => {
  const directory = join(root, 'joining')
  const file = join(root, 'cut')
  writeFileSync(file, 'warren-invite:1:eyJhZGRyZXNzZXMi\n')
  for (const invitation of ['nonsense', file]) {
    const outcome = await runWarren([...at(directory), 'join', invitation, ...keys()])
    expectFailure(outcome, 3, 'invitation-malformed')
    expect(outcome.stderr).toContain('copy the whole line')
    expect(outcome.stderr).not.toContain(invitation)
  }
  expect(existsSync(directory)).toBe(false)
})

test('serve writes what it says, and the same name not twice', { tags: ['CLI-1'] }, async () => {
  const directory = copyOfHome('serve')
  const words = ['serve', 'notes', '--allow-role', 'member', '--env', 'A=1', '--', 'node', 's.js']
  const outcome = await runWarren([...at(directory), '--json', ...words])
  expect(outcome).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(outcome.stdout)).toEqual({
    name: 'notes',
    configFile: join(directory, 'warren.yaml'),
    policyFile: join(directory, 'policies/serve-notes.cedar'),
    running: false,
  })
  const before = readFileSync(join(directory, 'warren.yaml'), 'utf8')
  expectFailure(await runWarren([...at(directory), ...words]), 6, 'policy-exists')
  const closed = ['serve', 'notes', '--', 'node']
  expectFailure(await runWarren([...at(directory), ...closed]), 6, 'config-server-exists')
  const elsewhere = ['serve', 'far', '--url', 'http://10.0.0.1/mcp']
  expectFailure(await runWarren([...at(directory), ...elsewhere]), 6, 'config-invalid')
  expect(readFileSync(join(directory, 'warren.yaml'), 'utf8')).toBe(before)
})

const ENTRY = { command: 'npx', args: ['-y', 'x'] }

test.for<[string, object]>([
  ['Claude Desktop, Cursor, LM Studio', { mcpServers: { notes: ENTRY } }],
  ['Claude Code', { mcpServers: { notes: { type: 'stdio', ...ENTRY } } }],
  ['Copilot CLI', { mcpServers: { notes: { type: 'local', tools: ['*'], ...ENTRY } } }],
  ['VS Code', { inputs: [], servers: { notes: { type: 'stdio', ...ENTRY } } }],
  ['Zed', { context_servers: { notes: { source: 'custom', ...ENTRY } } }],
  [
    'the MCP registry',
    {
      name: 'org.example/notes',
      packages: [{ registryType: 'npm', identifier: 'x', transport: { type: 'stdio' } }],
    },
  ],
])('import takes over the file of %s', { tags: ['CLI-1', 'CFG-9'] }, async ([, json], { task }) => {
  const directory = copyOfHome(task.id)
  const file = join(directory, 'host.json')
  writeFileSync(file, JSON.stringify(json))
  const outcome = await runWarren([...at(directory), '--json', 'import', file])
  expect(outcome).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(outcome.stdout)).toEqual({ added: ['notes'], warnings: [], running: false })
  expect(readFileSync(join(directory, 'warren.yaml'), 'utf8')).toContain('notes:\n    command: npx')
})

test('an import that adds nothing says so and asks for no rule', { tags: ['CLI-2'] }, async () => {
  const directory = copyOfHome('twice')
  const file = join(directory, 'host.json')
  writeFileSync(file, JSON.stringify({ mcpServers: { notes: ENTRY } }))
  const first = await runWarren([...at(directory), 'import', file])
  expect(first.stdout).toMatch(/^Added: notes\.\n.*policies.*\nThey start with the next/)
  const second = await runWarren([...at(directory), 'import', file])
  expect(second).toMatchObject({ code: 0, stdout: 'No server was added.\n' })
})

test('a command that is nearly one is answered on one line', { tags: ['CLI-2'] }, async () => {
  const { code, stderr } = await runWarren(['cal'])
  expect(code).toBe(2)
  expect(stderr).toMatch(/^warren: unknown command 'cal' \(Did you mean call\?\); .*\[usage\]\n$/)
})

test('a snippet starts the command that printed it', { tags: ['CLI-1', 'CFG-13'] }, async () => {
  const printed = await askWarren([...at(home), 'snippet', 'claude-desktop', 'notes'])
  expect(printed).toEqual({ file: 'claude_desktop_config.json', text: expect.any(String) })
  const { mcpServers } = JSON.parse(textIn(printed, 'text')) as {
    readonly mcpServers: { readonly warren: { readonly command: string; readonly args: string[] } }
  }
  const { command, args } = mcpServers.warren
  expect(args.slice(-2)).toEqual(['connect', 'notes'])
  const [started, ...before] = [command, ...args.slice(0, -2)]
  expect(spawnSync(started, [...before, 'status'], { encoding: 'utf8' })).toMatchObject({
    status: 4,
    stderr: expect.stringContaining(home),
  })
})

test.for<[string, string, string]>([
  ['a file that is no JSON', '{bad', 'import-malformed'],
  ['a file without servers', '{}', 'import-no-servers'],
  ['a file cut in the middle', '{"mcpServers":{"a":{"command":"x"}', 'import-malformed'],
  ['a list', '[]', 'import-malformed'],
])('import of %s changes nothing', { tags: ['CLI-8'] }, async ([, text, word], { task }) => {
  const file = join(root, task.id)
  writeFileSync(file, text)
  const before = readFileSync(join(home, 'warren.yaml'), 'utf8')
  expectFailure(await runWarren([...at(home), 'import', file]), 6, word)
  expect(readFileSync(join(home, 'warren.yaml'), 'utf8')).toBe(before)
})

test('a broken configuration is not written to', { tags: ['CLI-8'] }, async () => {
  const directory = copyOfHome('broken')
  append(directory, 'nmae: x\n')
  const file = join(directory, 'host.json')
  writeFileSync(file, JSON.stringify({ mcpServers: { a: ENTRY } }))
  const before = readFileSync(join(directory, 'warren.yaml'), 'utf8')
  expectFailure(await runWarren([...at(directory), 'import', file]), 6, 'config-invalid')
  expectFailure(await runWarren([...at(directory), 'serve', 'a', '--', 'x']), 6, 'config-invalid')
  expect(readFileSync(join(directory, 'warren.yaml'), 'utf8')).toBe(before)
})

test('a reader that closes its end changes no exit code', { tags: ['CLI-6'] }, async () => {
  const stdoutClosed = ['bash', '-c', 'set -o pipefail; "$@" | true', 'sh']
  expect(await runWarren(['--help'], stdoutClosed)).toEqual({ code: 0, stdout: '', stderr: '' })
  const stderrClosed = ['bash', '-c', 'set -o pipefail; "$@" 2>&1 >/dev/null | true', 'sh']
  expect(await runWarren(['nonsense'], stderrClosed)).toMatchObject({ code: 2, stderr: '' })
})

function append(directory: string, text: string): void {
  writeFileSync(join(directory, 'warren.yaml'), text, { flag: 'a' })
}

function serve(directory: string, url: string): void {
  const path = join(directory, 'warren.yaml')
  const text = readFileSync(path, 'utf8').replace('servers: {}', `servers: {far: {url: "${url}"}}`)
  writeFileSync(path, text)
}

function mode(directory: string, file: string, bits: number): void {
  chmodSync(join(directory, file), bits)
}

function policy(directory: string, text: string): void {
  writeFileSync(join(directory, 'policies/broken.cedar'), text)
}
