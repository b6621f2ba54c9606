import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from '@modelcontextprotocol/client'
import type { JsonObject } from '@warren/core'
import { askWarren, Daemon, runWarren } from '@warren/demo/warren-process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { codesOf, copyLog, entriesIn, filesBelow, verdictOn } from './support/audit-log.ts'
import { connectCommand, modernConnect, reaches, serveProgram } from './support/mesh-hosts.ts'
import { RawHost } from './support/raw-host.ts'
import { type ReadyMesh, readyMesh, type ReadyNode } from './support/ready-mesh.ts'

const SERVER = join(import.meta.dirname, 'support/slow-server.ts')
const VERIFIER = join(import.meta.dirname, '../../apps/cli/audit-verify.mjs')
const PATIENCE = { timeout: 15_000, interval: 100 }
/** What must never be in a file of the log; the first looks like a key, the second stands under a telling name. */
const SECRETS = [['AKIA', 'Q7W2E5R4T6Y3', 'ZXCV'].join(''), 'correct-horse-battery']

let mesh: ReadyMesh
let desk: ReadyNode
let lab: ReadyNode

beforeAll(async () => {
  mesh = await readyMesh({
    names: ['desk', 'lab'],
    prepare: async ({ name, directory }) => {
      if (name !== 'lab') return
      serveProgram(directory, 'slow', [SERVER])
      serveProgram(directory, 'kept', [SERVER])
      const path = join(directory, 'warren.yaml')
      const text = readFileSync(path, 'utf8')
      writeFileSync(path, text.replace(/^( +)kept:\n/m, '$1kept:\n$1  audit: { arguments: all }\n'))
      const rule = 'forbid (principal, action, resource == Warren::Tool::"slow/fail");'
      writeFileSync(join(directory, 'policies', 'no.cedar'), `@id("no-fail") ${rule}`)
    },
  })
  desk = mesh.node('desk')
  lab = mesh.node('lab')
  await reaches(desk, ['kept', 'slow'])
  // Something that was refused is in the log whichever tests run.
  await runWarren(['--dir', desk.directory, 'call', 'slow', 'fail'])
})

afterAll(async () => {
  await mesh?.close()
})

/** What the log of the lab has got since a place, the calls alone. */
async function callsSince(place: number): Promise<readonly JsonObject[]> {
  const entries = await entriesIn(lab.directory)
  return entries.filter(
    ({ seq, kind }) => Number(seq) >= place && (kind === 'decision' || kind === 'result'),
  )
}

async function sizeNow(): Promise<number> {
  return seqOf((await entriesIn(lab.directory)).at(-1)) + 1
}

function seqOf(entry: JsonObject | undefined): number {
  return Number(entry?.['seq'])
}

async function host(server: string): Promise<Client> {
  const client = new Client({ name: 'host', version: '1.0.0' })
  await client.connect(modernConnect(desk, server))
  return client
}

test(
  'a call leaves its decision and its result in the log of the node that owns the tool',
  { tags: ['AUN-1', 'AUN-2'] },
  async () => {
    const from = await sizeNow()
    const client = await host('slow')
    await client.callTool({ name: 'echo', arguments: { text: 'hi' } })
    await client.close()
    const [decision, result, ...more] = await callsSince(from)
    expect(more).toEqual([])
    expect(decision).toMatchObject({
      kind: 'decision',
      caller: desk.did,
      peerId: expect.stringMatching(/^12D3Koo/),
      session: expect.stringMatching(/^[0-9a-f]{64}$/),
      roles: ['member'],
      enclave: 'main',
      server: 'slow',
      tool: 'echo',
      method: 'tools/call',
      allowed: true,
      rule: expect.stringContaining('slow'),
      args: { keep: 'hash' },
    })
    expect(result).toMatchObject({
      kind: 'result',
      call: decision?.['call'],
      decision: decision?.['seq'],
      outcome: 'answered',
    })
  },
)

test('a refusal is in the log, with the rule', { tags: ['AUN-3'] }, async () => {
  const from = await sizeNow()
  const client = await host('slow')
  expect(await client.callTool({ name: 'fail', arguments: {} })).toMatchObject({ isError: true })
  await client.close()
  expect(await callsSince(from)).toMatchObject([
    { kind: 'decision', tool: 'fail', allowed: false, code: 'policy-denied', rule: 'no-fail' },
  ])
})

test(
  'a call that was cancelled, and one whose server died, end in the log as what they were',
  { tags: ['AUN-2'] },
  async () => {
    const from = await sizeNow()
    const client = await host('slow')
    const giveUp = new AbortController()
    const cancelled = client.callTool({ name: 'hang', arguments: {} }, { signal: giveUp.signal })
    await expect.poll(async () => (await callsSince(from)).length, PATIENCE).toBe(1)
    giveUp.abort()
    await expect(cancelled).rejects.toBeInstanceOf(Error)
    await expect.poll(async () => (await callsSince(from)).length, PATIENCE).toBe(2)

    const orphan = client.callTool({ name: 'hang', arguments: {} })
    await expect.poll(async () => (await callsSince(from)).length, PATIENCE).toBe(3)
    execFileSync('kill', ['-9', ...serverPids()])
    await expect(orphan).rejects.toBeInstanceOf(Error)
    await client.close().catch(() => undefined)
    expect(await callsSince(from)).toMatchObject([
      { kind: 'decision', tool: 'hang' },
      { kind: 'result', outcome: 'cancelled' },
      { kind: 'decision', tool: 'hang' },
      { kind: 'result', outcome: 'failed', code: expect.any(String) },
    ])
  },
)

/** Processes of the test server that this mesh has started. */
function serverPids(): readonly string[] {
  const table = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', `${lab.daemon.process.pid}`], {
    encoding: 'utf8',
  })
  return table
    .split('\n')
    .filter((line) => line.includes(SERVER))
    .map((line) => line.trim().split(' ')[0] ?? '')
}

test(
  'a secret in an argument is in no file of the log',
  { tags: ['AUD-6', 'AUN-5', 'THR-44'] },
  async () => {
    const [key = '', password = ''] = SECRETS
    const from = await sizeNow()
    const client = await host('kept')
    await client.callTool({
      name: 'echo',
      arguments: { text: `use ${key} for it`, password, plain: 'fourteen-plain' },
    })
    await client.close()
    const [decision] = await callsSince(from)
    expect(decision?.['args']).toMatchObject({ keep: 'all', secrets: 2 })
    const shown = await askWarren([
      '--dir',
      lab.directory,
      'audit',
      'show',
      `${seqOf(decision)}`,
      '--values',
    ])
    const values = JSON.stringify(shown['values'])
    expect(values).toContain('fourteen-plain')
    expect(values).toContain('[secret:')
    for (const secret of SECRETS) expect(values).not.toContain(secret)
    for (const [path, bytes] of filesBelow(join(lab.directory, 'audit'))) {
      for (const secret of [...SECRETS, 'fourteen-plain']) {
        for (const form of [secret, Buffer.from(secret).toString('base64').slice(0, -4)]) {
          expect(bytes.includes(form), `${path} holds ${form}`).toBe(false)
        }
      }
    }
  },
)

test(
  'a log verifies while its node goes on writing it, and its reader writes nothing',
  { tags: ['ACM-1', 'ACM-2', 'ACM-3'] },
  async () => {
    const client = await host('slow')
    const calls = { go: true }
    const calling = (async () => {
      while (calls.go) await client.callTool({ name: 'echo', arguments: { text: 'x' } })
    })()
    const { code, said } = await verdictOn(lab.directory)
    calls.go = false
    await calling
    await client.close()
    expect(said).toMatchObject({
      clean: true,
      node: lab.did,
      mesh: mesh.meshId,
      copied: expect.arrayContaining(['key log', 'charter']),
      notChecked: expect.arrayContaining([expect.stringContaining(lab.did)]),
    })
    expect(codesOf(said, 'error')).toEqual([])
    expect(code).toBe(0)
  },
)

test(
  'the index of the node and the log itself give the same answer',
  { tags: ['ACM-6'] },
  async () => {
    const copy = join(mesh.root, 'searched')
    copyLog(join(lab.directory, 'audit'), copy)
    for (const words of [
      ['--kind', 'decision', '--refused'],
      ['--tool', 'hang', '--caller', desk.did],
      ['--code', 'policy-denied'],
      ['slow', 'fail'],
    ]) {
      const search = ['audit', 'search', '--until', '2100-01-01', ...words]
      const indexed = await askWarren(['--dir', lab.directory, ...search])
      const read = await askWarren(['--dir', lab.directory, ...search, '--log', copy])
      expect(indexed, words.join(' ')).toEqual(read)
    }
    const { entries } = await askWarren(['--dir', lab.directory, 'audit', 'search', '--refused'])
    expect(entries).toContainEqual(expect.objectContaining({ tool: 'fail', allowed: false }))
  },
)

test(
  'a proof is accepted by the verifier without Warren, and no changed one is',
  { tags: ['ACM-4'] },
  async () => {
    const { entries } = await askWarren(['--dir', lab.directory, 'audit', 'search', '--refused'])
    const [refused] = Array.isArray(entries) ? entries : []
    const seq = String(Object(refused)['seq'])
    const bundle = join(mesh.root, 'bundle')
    await askWarren(['--dir', lab.directory, 'audit', 'prove', seq, '--bundle', bundle])
    const [entry, proof, policy] = [
      join(bundle, `entry-${seq}.json`),
      join(bundle, `entry-${seq}.tlog-proof`),
      join(bundle, 'policy.txt'),
    ]
    expect(standalone(bundle, 'proof', entry, proof, policy)).toMatchObject({
      code: 0,
      said: expect.stringMatching(/^verified: entry \d+ of \d+, a "decision"[^]*NOT checked/),
    })
    for (const [path, changed] of spoiled({ entry, proof, policy })) {
      const original = readFileSync(path, 'utf8')
      writeFileSync(path, changed)
      const outcome = standalone(bundle, 'proof', entry, proof, policy)
      expect(outcome, changed.slice(0, 200)).toMatchObject({
        code: 1,
        said: expect.stringMatching(/^NOT VERIFIED/),
      })
      writeFileSync(path, original)
    }
    const again = await runWarren([
      '--dir',
      lab.directory,
      'audit',
      'prove',
      seq,
      '--bundle',
      bundle,
    ])
    expect(again).toMatchObject({ code: 6, stderr: expect.stringContaining('file-exists') })
    expect(standalone(bundle, 'log', join(lab.directory, 'audit'), policy)).toMatchObject({
      code: 0,
      said: expect.stringMatching(/^verified: \d+ entries/),
    })
  },
)

interface Bundle {
  readonly entry: string
  readonly proof: string
  readonly policy: string
}

/** One file of a bundle at a time, as somebody would change it. */
function spoiled({ entry, proof, policy }: Bundle): readonly (readonly [string, string])[] {
  const [entryText, proofText, policyText] = [entry, proof, policy].map((path) =>
    readFileSync(path, 'utf8'),
  )
  if (entryText === undefined || proofText === undefined || policyText === undefined) return []
  const lines = proofText.split('\n')
  const hash = lines.find((line) => /^[\w+/]{43}=$/.test(line)) ?? ''
  const own = lines.filter((line) => line.startsWith('— '))
  const [classical = '', postQuantum = ''] = own
  const otherKey = policyText.replace(/^log .*\n/m, '')
  return [
    [entry, entryText.replace('"allowed":false', '"allowed":true')],
    [entry, `${entryText}\n`],
    [proof, proofText.replace(`${hash}\n`, '')],
    [proof, proofText.replace(hash, `${hash.slice(1, 43)}A=`)],
    [proof, proofText.replace(/^index \d+$/m, 'index 0')],
    [proof, proofText.replace(`${classical}\n`, '')],
    [proof, proofText.replace(`${postQuantum}\n`, '')],
    [
      proof,
      proofText.replace(postQuantum, `${postQuantum.slice(0, -8)}AAAA${postQuantum.slice(-4)}`),
    ],
    [proof, proofText.replace(classical, `${classical}\n${classical}`)],
    [policy, otherKey],
    [policy, policyText.replace('quorum none', '').replace(/^quorum .*$/m, 'quorum nobody')],
  ]
}

function standalone(
  directory: string,
  ...words: readonly string[]
): { readonly code: number; readonly said: string } {
  try {
    const said = execFileSync(process.execPath, [join(directory, 'audit-verify.mjs'), ...words], {
      encoding: 'utf8',
    })
    return { code: 0, said }
  } catch (error) {
    const { status, stdout } = Object(error)
    return { code: Number(status), said: String(stdout) }
  }
}

test(
  'an export has every entry once, replaces nothing, and does not mind who stops reading',
  { tags: ['ACM-5'] },
  async () => {
    const out = join(mesh.root, 'export.jsonl')
    const words = ['--dir', lab.directory, 'audit', 'export']
    const size = await sizeNow()
    const range = ['--from', '2', '--to', String(size)]
    expect(await askWarren([...words, ...range, '--out', out])).toEqual({
      file: out,
      format: 'jsonl',
      entries: size - 2,
    })
    const lines = readFileSync(out, 'utf8').split('\n').slice(0, -1)
    const places = lines.map((line): unknown => Object(JSON.parse(line))['seq'])
    expect(places).toEqual(Array.from({ length: size - 2 }, (_, at) => at + 2))
    expect(await runWarren([...words, '--out', out])).toMatchObject({ code: 6 })

    const [first = '', third = ''] = [lines[0], lines[2]]
    const from = String(Object(JSON.parse(first))['at'])
    const byTime = await runWarren([...words, '--from', from, '--to', '2100-01-01'])
    expect(byTime.stdout).toContain(third)
    for (const format of ['ocsf', 'cef', 'syslog']) {
      const { stdout, code } = await runWarren([...words, ...range, '--format', format])
      expect(code).toBe(0)
      expect(stdout.split('\n')).toHaveLength(size - 1)
    }
    const closed = execFileSync(
      'sh',
      [
        '-c',
        '"$@" | head -c 100; exit ${PIPESTATUS:-0}',
        'sh',
        process.execPath,
        warren(),
        ...words,
      ],
      { encoding: 'utf8' },
    )
    expect(closed).toHaveLength(100)
    const page = join(mesh.root, 'report.html')
    await askWarren(['--dir', lab.directory, 'audit', 'report', '--out', page, '--event', '2'])
    expect(readFileSync(page, 'utf8')).toContain('c2sp.org/tlog-proof@v1')
  },
)

function warren(): string {
  return join(import.meta.dirname, '../../apps/cli/src/main.ts')
}

test(
  'a node that is killed under load has lost nothing that was acknowledged',
  { tags: ['AUN-1', 'AUN-2', 'AUN-7', 'AFS-17', 'THR-41'] },
  async () => {
    const from = await sizeNow()
    const raw = RawHost.start(connectCommand(desk, 'slow'))
    await raw.initialize()
    raw.say(callOf(1, 'hang'))
    await expect.poll(async () => (await callsSince(from)).length, PATIENCE).toBe(1)
    let id = 10
    const load = setInterval(() => {
      for (let count = 0; count < 8; count += 1) raw.say(callOf((id += 1), 'echo'))
    }, 5)
    await expect.poll(() => raw.heard.length, PATIENCE).toBeGreaterThan(100)
    await lab.daemon.kill()
    clearInterval(load)
    const answered = raw.heard
      .filter((message) => 'result' in message && Number(message['id']) > 10)
      .map((message) => message['id'])
    raw.process.kill()

    const copy = join(mesh.root, 'killed')
    copyLog(join(lab.directory, 'audit'), copy)
    const dead = await verdictOn(copy)
    expect(codesOf(dead.said, 'error')).toEqual([])

    lab.daemon = await Daemon.start(lab.directory)
    await expect
      .poll(async () => (await entriesIn(lab.directory)).some(isLookedThrough), PATIENCE)
      .toBe(true)
    const { code, said } = await verdictOn(lab.directory)
    expect(said['findings']).toEqual([])
    expect(code).toBe(0)

    const out = join(mesh.root, 'after.jsonl')
    await askWarren(['--dir', lab.directory, 'audit', 'export', '--from', `${from}`, '--out', out])
    const entries = readFileSync(out, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line): Record<string, unknown> => Object(JSON.parse(line)))
    const decisions = new Map(
      entries.filter(({ kind }) => kind === 'decision').map((entry) => [entry['rpcId'], entry]),
    )
    const ended = new Set(
      entries.filter(({ kind }) => kind === 'result').map(({ decision }) => decision),
    )
    const missing = answered.filter((each) => !ended.has(decisions.get(each)?.['seq']))
    expect(missing).toEqual([])
    const unfinished = entries.flatMap(({ kind, decisions: named }) =>
      kind === 'unfinished' && Array.isArray(named) ? named : [],
    )
    expect(unfinished).toContain(decisions.get(1)?.['seq'])
  },
)

function callOf(id: number, name: string): JsonObject {
  return { jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: { text: 'x' } } }
}

function isLookedThrough({ kind, decisions }: JsonObject): boolean {
  return kind === 'unfinished' && Array.isArray(decisions) && decisions.length === 0
}

test(
  'whoever changes a copy is found out, and told what was changed',
  { tags: ['ACM-2', 'ACM-3', 'AUD-16', 'THR-42'] },
  async () => {
    await lab.daemon.stop()
    const directory = join(lab.directory, 'audit')
    const name = 'segments/000000000000.log'
    const lines = readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1)
    const entries = lines.flatMap((line, at) => (line.startsWith('{') ? [at] : []))
    const checkpoints = lines.flatMap((line, at) => (line.startsWith('#') ? [at] : []))
    const victim = entries[10] ?? 0
    const changed = (change: (copied: string[]) => void): readonly string[] => {
      const copied = [...lines]
      change(copied)
      return copied
    }
    const cases: readonly (readonly [string, readonly string[]])[] = [
      [
        'entry-changed',
        changed((copy) => (copy[victim] = lines[victim]?.replace('"v":1', '"v":2') ?? '')),
      ],
      ['entry-missing', changed((copy) => copy.splice(victim, 1))],
      ['entry-inserted', changed((copy) => copy.splice(victim, 0, lines[entries[0] ?? 0] ?? ''))],
      [
        'signature-wrong',
        changed((copy) => (copy[checkpoints.at(-1) ?? 0] = spoil(lines.at(-1) ?? ''))),
      ],
      [
        'signature-missing',
        changed((copy) => (copy[checkpoints.at(-1) ?? 0] = strip(lines.at(-1) ?? ''))),
      ],
      ['rolled-back', lines.slice(0, (checkpoints.at(-4) ?? 0) + 1)],
    ]
    for (const [code, copied] of cases) {
      const copy = join(mesh.root, `tampered-${code}`)
      cpSync(directory, copy, { recursive: true })
      rmSync(join(copy, name))
      writeFileSync(join(copy, name), copied.map((line) => `${line}\n`).join(''))
      // The stopped log is what somebody else has kept.
      const { code: exit, said } = await verdictOn(copy, '--copy', directory)
      expect(codesOf(said, 'error'), code).toContain(code)
      expect(said['clean']).toBe(false)
      expect(exit).toBe(1)
    }
    const whole = await verdictOn(directory, '--did-log', join(directory, 'node.jsonl'))
    expect(whole.said).toMatchObject({
      clean: true,
      copied: expect.not.arrayContaining(['key log']),
    })
    const foreign = await verdictOn(
      directory,
      '--did-log',
      join(desk.directory, 'audit/node.jsonl'),
    )
    expect(codesOf(foreign.said, 'error')).toContain('key-wrong')
    expect(foreign.code).toBe(1)
    lab.daemon = await Daemon.start(lab.directory)
  },
)

test(
  'a report says what verifying finds, tells of no entry that was not signed, and then exits with 1',
  { tags: ['ACM-9'] },
  async () => {
    const copy = join(mesh.root, 'reported')
    copyLog(join(lab.directory, 'audit'), copy)
    const reportOf = async (
      name: string,
    ): Promise<{ code: number; said: JsonObject; page: string }> => {
      const page = join(mesh.root, `reported-${name}.html`)
      const words = ['--json', '--dir', lab.directory, 'audit', 'report', '--log', copy]
      const { code, stdout } = await runWarren([...words, '--out', page])
      return { code, said: Object(JSON.parse(stdout)), page: readFileSync(page, 'utf8') }
    }
    const honest = await reportOf('honest')
    expect(honest).toMatchObject({ code: 0, said: { clean: true } })
    expect(honest.page).not.toContain('<tr class="error">')

    const path = join(copy, 'segments', '000000000000.log')
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replace('"tool":"fail"', '"tool":"none"'))
    const changed = await reportOf('changed')
    expect(changed).toMatchObject({
      code: 1,
      said: { clean: false, entries: Number(honest.said['entries']) - 1 },
      page: expect.stringContaining('entry-changed'),
    })
    expect(changed.page).not.toContain('slow/none')
    writeFileSync(path, text)

    const checkpoint = text.split('\n').findLast((line) => line.startsWith('#')) ?? ''
    writeFileSync(join(copy, 'cosigned.log'), `${spoil(checkpoint)}\n`)
    expect(await reportOf('cosigned')).toMatchObject({
      code: 1,
      said: { clean: false, entries: honest.said['entries'] },
      page: expect.stringContaining('cosigned-wrong'),
    })
  },
)

/** A checkpoint with another signature by its side. */
function spoil(line: string): string {
  const at = line.length - 40
  return `${line.slice(0, at)}${line[at] === 'A' ? 'B' : 'A'}${line.slice(at + 1)}`
}

/** A checkpoint without its last signature. */
function strip(line: string): string {
  const note = String(JSON.parse(line.slice(1)))
  const lines = note.split('\n').slice(0, -2)
  return `#${JSON.stringify(`${lines.join('\n')}\n`)}`
}

test('a node does not start on a log that somebody has changed', { tags: ['AUN-6'] }, async () => {
  await lab.daemon.stop()
  const path = join(lab.directory, 'audit/segments/000000000000.log')
  const original = readFileSync(path)
  const text = original.toString('utf8')
  writeFileSync(path, text.replace('"kind":"start"', '"kind":"stara"'))
  const outcome = await runWarren([
    '--dir',
    lab.directory,
    'up',
    '--passphrase-file',
    mesh.passphraseFile,
  ])
  expect(outcome).toMatchObject({ code: 6, stderr: expect.stringContaining('audit-damaged') })
  expect(outcome.stderr).toContain('is damaged at line 2')
  writeFileSync(path, original)
  lab.daemon = await Daemon.start(lab.directory)
})

test('a long answer comes whole to a reader that is slow', { tags: ['CLI-1'] }, () => {
  const words = ['--json', '--dir', lab.directory, 'audit', 'tail', '-n', '1000']
  const command = ['-c', '"$@" | { sleep 2; cat; }', 'sh', process.execPath, warren(), ...words]
  const printed = execFileSync('sh', command, { encoding: 'utf8', maxBuffer: 64 * 1_048_576 })
  expect(printed.length).toBeGreaterThan(65_536)
  expect(JSON.parse(printed)).toHaveProperty('entries')
})

test('a reload is in the log before it is in force', { tags: ['AUN-8'] }, async () => {
  const from = await sizeNow()
  appendFileSync(join(lab.directory, 'policies', 'no.cedar'), '\n// changed\n')
  await askWarren(['--dir', lab.directory, 'reload'])
  const entries = (await entriesIn(lab.directory)).filter(({ seq }) => Number(seq) >= from)
  const [policy, config] = entries.filter(({ kind }) => kind === 'policy' || kind === 'config')
  expect(policy).toMatchObject({
    kind: 'policy',
    files: expect.arrayContaining([expect.objectContaining({ name: 'no.cedar' })]),
  })
  expect(policy?.['from']).not.toBe(policy?.['to'])
  expect(config).toMatchObject({ kind: 'config', what: expect.stringContaining('slow') })
})

test('what is erased is gone, and the log says so and verifies', { tags: ['ACM-7'] }, async () => {
  await lab.daemon.stop()
  // What is smaller than the log is closed with the next entry.
  appendFileSync(join(lab.directory, 'warren.yaml'), '\naudit: { segmentMiB: 1 }\n')
  lab.daemon = await Daemon.start(lab.directory)
  const raw = RawHost.start(connectCommand(desk, 'slow'))
  await raw.initialize()
  const segments = async (): Promise<number> => {
    const { audit } = await askWarren(['--dir', lab.directory, 'status'])
    return Number(Object(audit)['segments'])
  }
  for (let id = 1; (await segments()) < 2; id += 100) {
    await Promise.all(
      Array.from({ length: 100 }, async (_, more) =>
        raw.ask(id + more, 'tools/call', { name: 'echo', arguments: { text: 'x' } }),
      ),
    )
  }
  await raw.leave()
  const erase = ['--dir', lab.directory, 'audit', 'erase', '0', '--what', 'entries']
  expect(await runWarren(['--json', ...erase])).toMatchObject({ code: 3 })
  await askWarren([...erase, '--yes'])
  const { code, said } = await verdictOn(lab.directory)
  expect(codesOf(said, 'error')).toEqual([])
  expect(codesOf(said, 'info')).toContain('segment-erased')
  expect(code).toBe(0)
  const shown = await runWarren(['--dir', lab.directory, 'audit', 'show', '0'])
  expect(shown).toMatchObject({ code: 1, stderr: expect.stringContaining('audit-erased') })
  expect(await entriesIn(lab.directory)).toContainEqual(
    expect.objectContaining({ kind: 'retention', segment: 0, what: 'entries' }),
  )
})

test('tail goes on with what comes', { tags: ['ACM-1'] }, async () => {
  const words = [
    process.execPath,
    warren(),
    '--json',
    '--dir',
    lab.directory,
    'audit',
    'tail',
    '-f',
  ]
  const tail = RawHost.start([...words, '-n', '1'])
  await expect.poll(() => tail.heard.length, PATIENCE).toBeGreaterThan(0)
  await askWarren(['--dir', lab.directory, 'reload'])
  await expect
    .poll(() => tail.heard.map(({ kind }) => kind), PATIENCE)
    .toEqual(expect.arrayContaining(['policy', 'config']))
  tail.process.kill()
  await pause(0)
  expect(new Set(tail.heard.map(({ seq }) => seq)).size).toBe(tail.heard.length)
})

test('the verifier without Warren is the one that is shipped', { tags: ['ACM-4'] }, () => {
  expect(readFileSync(join(mesh.root, 'bundle', 'audit-verify.mjs'), 'utf8')).toBe(
    readFileSync(VERIFIER, 'utf8'),
  )
})
