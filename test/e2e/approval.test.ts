import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { isJsonObject, type JsonObject } from '@warren/core'
import { askWarren, runWarren, WARREN_ENTRY } from '@warren/demo/warren-process'
import { listMember } from '@warren/node/client'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type ReadyMesh, readyMesh, textIn } from './support/ready-mesh.ts'
import { callsIn, recordedCommand } from './support/recorded-server.ts'

const SLOW = join(import.meta.dirname, 'support/slow-server.ts')
const REFUSAL = 'internal.warren/refusal'
const WAIT_S = 25
const SLOW_MS = 90_000
const LONG = { timeout: 60_000 }
const RULES = `@id("see")
permit (principal in Warren::Role::"member", action == Warren::Action::"list", resource == Warren::Server::"slow");
@id("echo") @obligation("approve")
permit (principal in Warren::Role::"member", action in Warren::Action::"call", resource == Warren::Tool::"slow/echo");
`

let mesh: ReadyMesh
let client: Client
let lab: string
let desk: string
/** What has reached the server. */
let record: string

beforeAll(async () => {
  mesh = await readyMesh({
    names: ['lab', 'desk'],
    prepare: async ({ name, directory }) => {
      if (name !== 'lab') return
      lab = directory
      record = join(directory, 'record')
      appendFileSync(join(lab, 'warren.yaml'), `approvals: { waitSeconds: ${WAIT_S} }\n`)
      const command = recordedCommand(record, [process.execPath, SLOW])
      await askWarren(['--dir', lab, 'serve', 'slow', '--', ...command])
      writeFileSync(join(lab, 'policies/slow.cedar'), RULES, { mode: 0o600 })
    },
  })
  desk = mesh.node('desk').directory
  await vi.waitUntil(
    async () => {
      const { reachable } = await askWarren(['--dir', desk, 'status'])
      return JSON.stringify(reachable) === '["slow"]'
    },
    { timeout: 20_000, interval: 500 },
  )
  client = await host()
}, 120_000)

afterAll(async () => {
  await client?.close()
  await mesh?.close()
})

async function host(): Promise<Client> {
  const made = new Client({ name: 'host', version: '1.0.0' })
  const args = [WARREN_ENTRY, '--dir', desk, 'connect', 'slow']
  await made.connect(
    new StdioClientTransport({ command: process.execPath, args, stderr: 'ignore' }),
  )
  return made
}

interface Heard {
  /** Of a refusal. */
  readonly code: unknown
  readonly text: string
}

async function echo(text: string, signal?: AbortSignal, progress?: number[]): Promise<Heard> {
  const result = await client.callTool(
    { name: 'echo', arguments: { text } },
    {
      ...LONG,
      ...(signal === undefined ? {} : { signal }),
      ...(progress === undefined
        ? {}
        : { onprogress: (note: { progress: number }) => progress.push(note.progress) }),
    },
  )
  const { _meta: meta } = result
  const refusal: unknown = meta?.[REFUSAL]
  const [content] = result.content
  return {
    code: typeof refusal === 'object' && refusal !== null && 'code' in refusal && refusal.code,
    text: content?.type === 'text' ? content.text : '',
  }
}

function rowsOf(answer: JsonObject, key: string): readonly JsonObject[] {
  return listMember(answer, key).filter((row) => isJsonObject(row))
}

async function waiting(): Promise<readonly JsonObject[]> {
  return rowsOf(await askWarren(['--dir', lab, 'approve']), 'waiting')
}

/** The one call that waits and holds this text, once it does. */
async function held(text: string): Promise<{ readonly id: string; readonly hash: string }> {
  const call = await vi.waitUntil(
    async () => (await waiting()).find(({ excerpt }) => excerpt === JSON.stringify({ text })),
    { timeout: 15_000, interval: 200 },
  )
  return { id: textIn(call, 'id'), hash: textIn(call, 'hash') }
}

function reached(text: string): number {
  if (!existsSync(record)) return 0
  return callsIn(record).filter((args) => JSON.stringify(args) === JSON.stringify({ text })).length
}

/** What the audit log of the node says of an approval, in order. */
async function events(id: string): Promise<readonly unknown[]> {
  const found = await askWarren(['--dir', lab, 'audit', 'search', '--kind', 'approval'])
  return rowsOf(found, 'entries')
    .filter(({ approval }) => approval === id)
    .map(({ event, by }) => (by === undefined ? event : [event, by]))
}

test(
  'a call waits, is shown, approved, and goes on once',
  { tags: ['APR-1', 'APR-9', 'APR-12'], timeout: SLOW_MS },
  async () => {
    const answer = echo('first')
    const { id, hash } = await held('first')
    expect(reached('first')).toBe(0)
    expect(await askWarren(['--dir', lab, 'status'])).toMatchObject({ approvalsWaiting: 1 })

    const unasked = await runWarren(['--dir', lab, 'approve', id])
    expect([unasked.code, unasked.stderr]).toEqual([
      3,
      expect.stringContaining('confirmation-missing'),
    ])
    for (const part of ['"text": "first"', hash, 'slow/echo', mesh.node('desk').did]) {
      expect(unasked.stderr).toContain(part)
    }
    const other = await runWarren([
      '--dir',
      lab,
      'approve',
      id,
      '--yes',
      '--hash',
      hash.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')),
    ])
    expect([other.code, other.stderr]).toEqual([3, expect.stringContaining('approval-mismatch')])
    expect(reached('first')).toBe(0)

    const done = await askWarren([
      '--dir',
      lab,
      'approve',
      id.slice(0, 12),
      '--yes',
      '--hash',
      hash,
    ])
    expect(done).toEqual({ id, wentOn: true })
    expect(await answer).toEqual({ code: false, text: 'first' })
    expect(reached('first')).toBe(1)
    const again = await runWarren(['--dir', lab, 'approve', id, '--yes'])
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('approval-unknown')])
    expect(await events(id)).toEqual(['held', ['approved', 'operator']])
    const decisions = await askWarren(['--dir', lab, 'audit', 'search', '--kind', 'decision'])
    expect(rowsOf(decisions, 'entries').filter(({ approval }) => approval === id)).toMatchObject([
      { allowed: true, tool: 'echo', rule: 'echo' },
    ])
  },
)

test(
  'of two calls at once, one is refused with a reason and the other goes on',
  { tags: ['APR-1', 'APR-4', 'APR-13'], timeout: SLOW_MS },
  async () => {
    const one = echo('one')
    const two = echo('two')
    const [first, second] = [await held('one'), await held('two')]
    await askWarren(['--dir', lab, 'approve', first.id, '--refuse', '--reason', 'not today'])
    expect(await one).toEqual({
      code: 'approval-refused',
      text: expect.stringMatching(/policy "echo".*said no: not today$/),
    })
    await askWarren(['--dir', lab, 'approve', second.id, '--yes'])
    expect(await two).toEqual({ code: false, text: 'two' })
    expect([reached('one'), reached('two')]).toEqual([0, 1])
    expect(await events(first.id)).toEqual(['held', ['refused', 'operator']])
  },
)

test(
  'a call that the host takes back vanishes',
  { tags: ['APR-7'], timeout: SLOW_MS },
  async () => {
    const gone = new AbortController()
    const answer = echo('taken back', gone.signal)
    const { id } = await held('taken back')
    gone.abort()
    await expect(answer).rejects.toThrow(/abort/i)
    await vi.waitUntil(async () => (await waiting()).length === 0, {
      timeout: 10_000,
      interval: 200,
    })
    const late = await runWarren(['--dir', lab, 'approve', id, '--yes'])
    expect([late.code, late.stderr]).toEqual([2, expect.stringContaining('approval-unknown')])
    expect(reached('taken back')).toBe(0)
    expect(await events(id)).toEqual(['held', 'cancelled'])
  },
)

test(
  'an approval for two calls is good for two, a reload of the same policies keeps it, and one of others ends it',
  { tags: ['APR-8'], timeout: SLOW_MS },
  async () => {
    const first = echo('twice')
    const { id } = await held('twice')
    await askWarren(['--dir', lab, 'approve', id, '--yes', '--times', '3', '--for', '10m'])
    expect(await first).toEqual({ code: false, text: 'twice' })
    await askWarren(['--dir', lab, 'reload'])
    expect(await echo('twice')).toEqual({ code: false, text: 'twice' })
    const { granted } = await askWarren(['--dir', lab, 'approve'])
    expect(granted).toMatchObject([{ id, timesLeft: 1 }])
    writeFileSync(join(lab, 'policies/slow.cedar'), `${RULES}// another text\n`, { mode: 0o600 })
    await askWarren(['--dir', lab, 'reload'])
    const asked = echo('twice')
    const { id: other } = await held('twice')
    await askWarren(['--dir', lab, 'approve', other, '--refuse'])
    expect(await asked).toMatchObject({ code: 'approval-refused' })
    expect(reached('twice')).toBe(2)
  },
)

test(
  'what a host puts into _meta is shown, and another one is asked about anew',
  { tags: ['APR-15'], timeout: SLOW_MS },
  async () => {
    const call = { name: 'echo', arguments: { text: 'traced' } }
    const first = client.callTool({ ...call, _meta: { 'x/trace': 'one' } }, LONG)
    const { id, hash } = await held('traced')
    const { stderr } = await runWarren(['--dir', lab, 'approve', id])
    expect(stderr).toContain('"x/trace": "one"')
    await askWarren(['--dir', lab, 'approve', id, '--yes', '--times', '3'])
    expect(await first).toMatchObject({ content: [{ text: 'traced' }] })
    expect(await client.callTool({ ...call, _meta: { 'x/trace': 'one' } }, LONG)).toMatchObject({
      content: [{ text: 'traced' }],
    })
    const second = client.callTool({ ...call, _meta: { 'x/trace': 'two' } }, LONG)
    const other = await held('traced')
    expect(other.hash).not.toBe(hash)
    await askWarren(['--dir', lab, 'approve', other.id, '--refuse'])
    expect(await second).toMatchObject({ isError: true })
    expect(reached('traced')).toBe(2)
    await askWarren(['--dir', lab, 'approve', id, '--refuse'])
  },
)

test(
  'a call that waits while other policies are loaded is refused',
  { tags: ['APR-3'], timeout: SLOW_MS },
  async () => {
    const answer = echo('outdated')
    const { id } = await held('outdated')
    writeFileSync(join(lab, 'policies/slow.cedar'), `${RULES}// a third text\n`, { mode: 0o600 })
    await askWarren(['--dir', lab, 'reload'])
    expect(await answer).toMatchObject({ code: 'approval-outdated' })
    expect((await runWarren(['--dir', lab, 'approve', id, '--yes'])).code).toBe(2)
    expect(reached('outdated')).toBe(0)
  },
)

test(
  'a call on which nobody decides is refused in time, and its host hears that it waits',
  { tags: ['APR-5', 'APR-14'], timeout: SLOW_MS },
  async () => {
    const progress: number[] = []
    const heard = await echo('nobody', undefined, progress)
    expect(heard).toEqual({
      code: 'approval-expired',
      text: expect.stringContaining(`within ${WAIT_S} s`),
    })
    expect(progress).toEqual([-WAIT_S, -WAIT_S + 10, -WAIT_S + 20])
    expect(reached('nobody')).toBe(0)
  },
)

test('--watch follows what comes', { tags: ['APR-12'], timeout: SLOW_MS }, async () => {
  const watching = spawn(
    process.execPath,
    [WARREN_ENTRY, '--json', '--dir', lab, 'approve', '--watch'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const line = once(createInterface(watching.stdout), 'line')
  const answer = echo('watched')
  const { id } = await held('watched')
  expect(JSON.parse(String(await line))).toMatchObject({ id, tool: 'echo' })
  watching.kill()
  const listed = await runWarren(['--dir', lab, 'approve'])
  expect(listed.stdout).toContain(id.slice(0, 12))
  await askWarren(['--dir', lab, 'approve', id, '--refuse'])
  await answer
  for (const wrong of [
    ['--yes'],
    ['--watch', id],
    [id, '--reason', 'x'],
    [id, '--times', '0'],
    ['zz'],
  ]) {
    const { code } = await runWarren(['--dir', lab, 'approve', ...wrong])
    expect(code, wrong.join(' ')).toBe(2)
  }
})

test(
  'an approval for more calls is not good for another server that gets the name',
  { tags: ['APR-8', 'THR-62'], timeout: SLOW_MS },
  async () => {
    const first = echo('exchanged')
    const { id } = await held('exchanged')
    await askWarren(['--dir', lab, 'approve', id, '--yes', '--times', '3', '--for', '10m'])
    expect(await first).toEqual({ code: false, text: 'exchanged' })
    const other = `${record}-of-another`
    const config = join(lab, 'warren.yaml')
    writeFileSync(config, readFileSync(config, 'utf8').replaceAll(record, other))
    await askWarren(['--dir', lab, 'reload'])
    expect((await askWarren(['--dir', lab, 'approve']))['granted']).toEqual([])
    await client.close()
    client = await host()
    const again = echo('exchanged')
    const asked = await held('exchanged')
    await askWarren(['--dir', lab, 'approve', asked.id, '--refuse'])
    expect(await again).toMatchObject({ code: 'approval-refused' })
    expect(existsSync(other) ? callsIn(other) : []).toEqual([])
  },
)

test(
  'a call that waits is refused when the node stops, and does not come back',
  { tags: ['APR-1', 'APR-8'], timeout: SLOW_MS },
  async () => {
    const answer = echo('stopping').then(
      ({ code }) => code,
      () => 'failed',
    )
    await held('stopping')
    await mesh.node('lab').daemon.stop()
    expect(await answer).not.toBe(false)
    expect(reached('stopping')).toBe(0)
  },
)
