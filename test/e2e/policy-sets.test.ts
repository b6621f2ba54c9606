import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { isJsonObject, type JsonObject } from '@warren/core'
import { askWarren, Daemon, type Outcome, runWarren } from '@warren/demo/warren-process'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { entriesIn } from './support/audit-log.ts'
import { type ReadyMesh, readyMesh, type ReadyNode } from './support/ready-mesh.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const SERVER = join(import.meta.dirname, 'support/slow-server.ts')
const RULES = '@id("open") permit (principal in Warren::Role::"member", action, resource);\n'
const CLOSED =
  '@id("shut") @reason("today") forbid (principal, action in Warren::Action::"call", resource);\n'
const CASES = `cases:
  - { name: members, caller: { roles: [member] }, server: slow, tool: echo, expect: allow, rule: open }
  - { name: guests, caller: { roles: [guest] }, server: slow, tool: echo, expect: deny, code: policy-no-rule }
`

let mesh: ReadyMesh
let lab: ReadyNode
let policies: string
/** Sets that were signed before, by their version. */
let shelf: string

function put(name: string, text: string): void {
  writeFileSync(join(policies, name), text, { mode: 0o600 })
}

async function warren(...words: readonly string[]): Promise<Outcome> {
  return runWarren(['--json', '--dir', lab.directory, ...words])
}

async function sign(version: number, ...names: readonly string[]): Promise<void> {
  const number = ['--number', String(version)]
  await askWarren(['--dir', lab.directory, 'policy', 'manifest', '--name', 'lab', ...number])
  const keys = names.map((name) => join(mesh.root, `${name}.keys`))
  const files = names.map(() => mesh.passphraseFile)
  const words = ['--keys', ...keys, '--passphrase-file', ...files, '--yes']
  await askWarren(['policy', 'sign', join(policies, 'manifest.json'), ...words])
  copyFileSync(join(policies, 'manifest.json'), join(shelf, `${version}.json`))
}

async function status(): Promise<JsonObject> {
  const { policySet } = await askWarren(['--dir', lab.directory, 'status'])
  return isJsonObject(policySet) ? policySet : {}
}

async function echoes(): Promise<boolean> {
  const args = ['--args', '{"text":"hello"}']
  const { code } = await warren('call', 'slow', 'echo', ...args)
  expect([0, 3]).toContain(code)
  return code === 0
}

async function restart(): Promise<void> {
  await lab.daemon.stop()
  lab.daemon = await Daemon.start(lab.directory)
}

/** Nothing comes into force, and a check that asks no node has said so in the same words. */
async function refused(code: string): Promise<void> {
  const checked = await warren('policy', 'check')
  const outcome = await warren('reload')
  expect(outcome.stderr).toContain(`"code":"${code}"`)
  expect(outcome.code).toBe(6)
  expect(checked).toEqual(outcome)
  expect(await status()).toMatchObject({ trouble: { code } })
}

beforeAll(async () => {
  mesh = await readyMesh({
    names: ['lab'],
    prepare: async ({ directory }) => {
      const command = [process.execPath, SERVER]
      await askWarren(['--dir', directory, 'serve', 'slow', '--', ...command])
    },
  })
  lab = mesh.node('lab')
  policies = join(lab.directory, 'policies')
  shelf = join(mesh.root, 'shelf')
  mkdirSync(shelf)
  put('a.cedar', RULES)
  put('a.cases.yaml', CASES)
  for (const name of ['anna', 'bert', 'eve']) {
    const out = ['--out', join(mesh.root, name), '--passphrase-file', mesh.passphraseFile]
    await askWarren(['admin', 'key', ...out])
  }
})

afterAll(async () => {
  await mesh?.close()
})

test(
  'a directory without signers decides as it stands, and is called unsigned',
  { tags: ['PST-10'] },
  async () => {
    await askWarren(['--dir', lab.directory, 'reload'])
    expect(await status()).toMatchObject({ state: 'unsigned', trouble: null })
    expect(await echoes()).toBe(true)
  },
)

test(
  'once signers are named, a set comes into force that enough of them have signed',
  { tags: ['PST-4', 'PST-10', 'PST-11'] },
  async () => {
    const config = join(lab.directory, 'warren.yaml')
    const signers = ['anna', 'bert'].map((name) => join(mesh.root, `${name}.pub.json`)).join(', ')
    const trust = `policy: { set: lab, signers: [${signers}], threshold: 2 }\n`
    writeFileSync(config, `${readFileSync(config, 'utf8')}${trust}`)
    await refused('policies-unreadable')
    expect(await echoes()).toBe(true)
    await sign(5, 'anna')
    await refused('policy-set-unproved')
    await sign(5, 'anna', 'eve')
    await refused('policy-set-unproved')
    const before = await status()
    await sign(5, 'anna', 'bert')
    await askWarren(['--dir', lab.directory, 'reload'])
    const now = await status()
    expect(now).toMatchObject({ state: 'signed', name: 'lab', version: 5, trouble: null })
    expect(now['digest']).toBe(before['digest'])
    expect(await echoes()).toBe(true)
    const entry = (await entriesIn(lab.directory)).findLast(({ kind }) => kind === 'policy')
    expect(entry).toMatchObject({
      from: before['digest'],
      to: now['digest'],
      set: { name: 'lab', version: 5, manifest: now['manifest'], signers: now['signers'] },
    })
  },
)

test(
  'nothing is signed that nobody agreed to, or that is not what lies there',
  { tags: ['PST-11'] },
  async () => {
    const file = join(policies, 'manifest.json')
    const before = readFileSync(file, 'utf8')
    const words = ['policy', 'sign', file, '--keys', join(mesh.root, 'eve.keys')]
    const passphrase = ['--passphrase-file', mesh.passphraseFile]
    const unasked = await runWarren([...words, ...passphrase])
    expect(unasked).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('confirmation-missing'),
    })
    expect(unasked.stderr).toContain('Policy set "lab", version 5')
    put('a.cedar', `${RULES}//`)
    const changed = await runWarren([...words, ...passphrase, '--yes'])
    expect(changed).toMatchObject({
      code: 6,
      stderr: expect.stringContaining('policy-set-mismatch'),
    })
    put('a.cedar', RULES)
    expect(readFileSync(file, 'utf8')).toBe(before)
  },
)

test.for<[string, () => void, () => void]>([
  ['added', () => put('b.cedar', CLOSED), () => rmSync(join(policies, 'b.cedar'))],
  ['changed', () => put('a.cedar', CLOSED), () => put('a.cedar', RULES)],
  ['taken away', () => rmSync(join(policies, 'a.cedar')), () => put('a.cedar', RULES)],
])(
  'a file that is %s after signing leaves the old set in force, loudly',
  { tags: ['PST-7', 'PST-9'] },
  async ([, change, undo]) => {
    change()
    try {
      await refused('policy-set-mismatch')
      const { warnings } = await askWarren(['--dir', lab.directory, 'status'])
      expect(JSON.stringify(warnings)).toContain('a policy set was not put in force')
      expect(await echoes()).toBe(true)
    } finally {
      undo()
    }
    await askWarren(['--dir', lab.directory, 'reload'])
    expect(await status()).toMatchObject({ version: 5, trouble: null })
    await vi.waitUntil(
      async () =>
        (await entriesIn(lab.directory)).some(({ code }) => code === 'policy-set-refused'),
      { timeout: 15_000, interval: 500 },
    )
  },
)

test('a link in the place of a file is refused', { tags: ['PST-7'] }, async () => {
  const elsewhere = join(mesh.root, 'elsewhere.cedar')
  renameSync(join(policies, 'a.cedar'), elsewhere)
  symlinkSync(elsewhere, join(policies, 'a.cedar'))
  await refused('policies-unreadable')
  rmSync(join(policies, 'a.cedar'))
  renameSync(elsewhere, join(policies, 'a.cedar'))
  await askWarren(['--dir', lab.directory, 'reload'])
  expect(await status()).toMatchObject({ version: 5, trouble: null })
})

test('a set whose case fails is refused', { tags: ['PST-8'] }, async () => {
  put('b.cedar', CLOSED)
  await sign(6, 'anna', 'bert')
  await refused('policy-set-cases-failed')
  const outcome = await warren('policy', 'test')
  expect(outcome.code).toBe(1)
  expect(JSON.parse(outcome.stdout)).toMatchObject({ ok: false })
  expect(await echoes()).toBe(true)
})

test(
  'a newer set takes over, and an older one never returns, after a restart either',
  { tags: ['CLI-16', 'PST-6', 'PST-9'] },
  async () => {
    put(
      'a.cases.yaml',
      CASES.replace('expect: allow, rule: open', 'expect: deny, rule: shut').replace(
        'policy-no-rule',
        'policy-denied',
      ),
    )
    await sign(7, 'anna', 'bert')
    await askWarren(['--dir', lab.directory, 'reload'])
    expect(await status()).toMatchObject({ version: 7 })
    expect(await echoes()).toBe(false)
    // The whole set of before, with all its signatures.
    rmSync(join(policies, 'b.cedar'))
    put('a.cases.yaml', CASES)
    put('manifest.json', readFileSync(join(shelf, '5.json'), 'utf8'))
    await refused('policy-set-rolled-back')
    expect(await echoes()).toBe(false)
    await restart()
    expect(await status()).toMatchObject({
      state: 'refuses everything',
      trouble: { code: 'policy-set-rolled-back' },
    })
    // Nothing of the server is open, so that it is not even listed.
    expect((await warren('call', 'slow', 'echo', '--args', '{"text":"a"}')).code).toBe(1)
    await sign(8, 'anna', 'bert')
    const check = ['--dir', lab.directory, 'policy', 'check']
    const signed = { name: 'lab', version: 8 }
    expect(await askWarren(check)).toMatchObject({ rules: 1, signed, notChecked: [] })
    await askWarren(['--dir', lab.directory, 'reload'])
    expect(await status()).toMatchObject({ state: 'signed', version: 8, trouble: null })
    await askWarren(['--dir', lab.directory, 'tools'])
    expect(await echoes()).toBe(true)
    await lab.daemon.stop()
    expect(await askWarren(check)).toMatchObject({ signed, notChecked: [] })
    lab.daemon = await Daemon.start(lab.directory)
    expect(await status()).toMatchObject({ state: 'signed', version: 8 })
  },
)

test('"serve --allow-role" writes no rule into a signed set', { tags: ['PST-7'] }, async () => {
  const words = ['serve', 'more', '--allow-role', 'member', '--', process.execPath, SERVER]
  const outcome = await warren(...words)
  expect(outcome.stderr).toContain('policy-set-signed')
  expect(outcome.code).toBe(6)
})

test(
  'cases are run without a node, and what they leave open is named',
  { tags: ['PST-1', 'PST-2', 'CLI-18'] },
  async () => {
    const words = ['policy', 'test', '--policies', policies]
    const empty = ['--dir', join(mesh.root, 'nobody')]
    const checked = await runWarren([...empty, 'policy', 'check', '--policies', policies])
    expect(checked).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`The policies in ${policies} are in order.`),
      stderr: expect.stringMatching(/^note: not checked: .*no warren\.yaml/),
    })
    const whole = await runWarren([...words, '--mutate', '--strict'])
    expect(whole).toMatchObject({ code: 0, stdout: expect.stringContaining('2 of 2 cases pass.') })
    expect(whole.stdout).toContain('1 of 1 changes are noticed.')
    const file = join(mesh.root, 'one.cases.yaml')
    writeFileSync(file, CASES.split('\n').slice(0, 2).join('\n'))
    const loose = await runWarren([...words, file])
    expect(loose).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('open (a.cedar) has no negative case'),
    })
    expect((await runWarren([...words, '--strict', file])).code).toBe(1)
    writeFileSync(file, CASES.replace('expect: allow', 'expect: deny'))
    const failing = await runWarren([...words, file])
    expect(failing.code).toBe(1)
    expect(failing.stdout).toMatch(
      /FAILED one\.cases\.yaml:2 members\n {2}expected {2}deny by open\n {2}got {7}allow by open/,
    )
  },
)

test('a template becomes a policy that is in order, once', { tags: ['PST-15'] }, async () => {
  const fresh = join(mesh.root, 'fresh')
  mkdirSync(fresh, { mode: 0o700 })
  const words = ['policy', 'new', 'read-only-files', '--policies', fresh]
  const what = ['--server', 'files', '--tool', 'read_file', '--below', fresh]
  const written = await askWarren([...words, ...what])
  expect(written).toMatchObject({ facts: join(fresh, 'facts.yaml') })
  const again = await runWarren([...words, ...what])
  expect(again).toMatchObject({ code: 6, stderr: expect.stringContaining('[policy-exists]') })
  const odd = await runWarren([...words, '--server', 'other', '--tool', 'a"b', '--below', fresh])
  expect(odd).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('[policy-template-invalid]'),
  })
  const file = join(mesh.root, 'fresh.cases.yaml')
  const ask = `caller: { roles: [member] }, server: files, tool: read_file, args: { path: ${fresh}/a }`
  writeFileSync(file, `cases: [{ name: below, ${ask}, expect: allow, rule: files-read }]\n`)
  const tested = await runWarren(['policy', 'test', '--policies', fresh, file])
  expect(tested).toMatchObject({ code: 0, stdout: expect.stringContaining('1 of 1 cases pass.') })
})

test(
  'another set is asked about recorded calls, and nothing changes',
  { tags: ['PST-16'] },
  async () => {
    const config = join(lab.directory, 'warren.yaml')
    const server = join(mesh.root, 'shut')
    mkdirSync(server, { mode: 0o700 })
    writeFileSync(join(server, 'a.cedar'), `${RULES}${CLOSED}`, { mode: 0o600 })
    const text = readFileSync(config, 'utf8')
    writeFileSync(config, text.replace(/^( +)slow:\n/m, '$1slow:\n$1  audit: { arguments: all }\n'))
    await askWarren(['--dir', lab.directory, 'reload'])
    const before = await status()
    expect(await echoes()).toBe(true)
    const report = await askWarren(['--dir', lab.directory, 'policy', 'dry-run', server])
    expect(report).toMatchObject({
      replayed: 1,
      changed: [{ server: 'slow', tool: 'echo', was: 'allow', would: 'deny', rules: ['shut'] }],
    })
    expect(JSON.stringify(report['skipped'])).toContain('its arguments are not kept')
    expect(await status()).toEqual(before)
    expect(await echoes()).toBe(true)
  },
)
