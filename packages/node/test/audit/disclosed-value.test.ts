import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Keep } from '@warren/audit'
import type { JsonObject } from '@warren/core'
import { expect, onTestFinished, test } from 'vitest'
import { layOpen, readValue, verifyDisclosed } from '../../src/audit/offline/disclosed-value.ts'
import {
  copyOf,
  cosignedHead,
  grow,
  keepHead,
  LATER_MS,
  linesOf,
  replaceSegment,
  signedLog,
  type SignedLog,
} from './signed-log.ts'

const ARGS = { path: '/etc/hosts', count: 3 }
const CALL = '0'.repeat(32)

/** A log with a call whose arguments were kept as that says, one more, and something that has no value. */
async function logWith(keep: Keep): Promise<SignedLog> {
  const log = await signedLog()
  for (const value of [ARGS, { ...ARGS, count: 4 }]) {
    await log.store.append({
      kind: 'decision',
      call: CALL,
      caller: `did:webvh:Qm${'d'.repeat(44)}:warren.internal`,
      roles: ['operator'],
      enclave: 'main',
      server: 'files',
      tool: 'read',
      method: 'tools/call',
      rpcId: 1,
      allowed: true,
      rule: 'operators-read',
      policy: 'A'.repeat(43),
      args: { keep, value },
      bytes: 1,
    })
  }
  await grow(log, 1)
  return log
}

interface Laid {
  readonly seq?: number
  readonly path?: string
  readonly value?: unknown
}

/** Lays a value of the log open, as the command does. */
async function laid(
  { directory, store }: SignedLog,
  { seq = 0, path = '', value = ARGS }: Laid,
): Promise<string> {
  const salt = Buffer.from(await store.salt({ seq, path })).toString('base64url')
  const text = await readValue(fileOf(JSON.stringify(value)))
  return (await layOpen({ directory, seq, path, text, salt })).file
}

/** Writes a file, which goes with the test. */
function fileOf(text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'warren-disclosed-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const path = join(directory, 'file.json')
  writeFileSync(path, text)
  return path
}

/** What somebody makes of it who has nothing but a copy of the log. */
function judged(log: SignedLog, file: string) {
  return verifyDisclosed({ directory: copyOf(log), file: fileOf(file), nowMs: LATER_MS })
}

test.for<[string, Keep, string, unknown]>([
  ['a value of which the log has a digest', 'hash', '', ARGS],
  ['its members in another order', 'hash', '', { count: 3, path: '/etc/hosts' }],
  ['a value that is kept', 'all', '', ARGS],
  ['one field that is kept', ['/path'], '/path', '/etc/hosts'],
  ['the whole of which fields are kept', ['/path'], '', ARGS],
])(
  'laid open proves to whoever has the log: %s',
  { tags: ['ACM-10', 'ACM-11'] },
  async ([, keep, path, value]) => {
    const log = await logWith(keep)
    const disclosed = await judged(log, await laid(log, { path, value }))
    expect(disclosed).toMatchObject({ entry: { seq: 0, kind: 'decision' }, path, cosigners: [] })
    expect(JSON.parse(disclosed.text)).toEqual(value)

    await keepHead(log, cosignedHead(log))
    expect((await judged(log, await laid(log, { path, value }))).cosigners).toHaveLength(1)
  },
)

test('a disclosure tells of no other value', { tags: ['ACM-10'] }, async () => {
  const log = await logWith(['/path', '/count'])
  const file = await laid(log, { path: '/count', value: 3 })
  expect(file).not.toContain('/etc/hosts')
  const salts = await Promise.all(
    ['', '/path'].map(async (path) => log.store.salt({ seq: 0, path })),
  )
  for (const salt of salts) expect(file).not.toContain(Buffer.from(salt).toString('base64url'))
})

test.for<[string, Keep, Laid]>([
  ['another value', 'hash', { value: { ...ARGS, count: 4 } }],
  ['the value of another entry', 'hash', { seq: 1 }],
  ['a field that has no digest of its own', 'hash', { path: '/path', value: '/etc/hosts' }],
  ['a field of which nothing is kept', ['/path'], { path: '/count', value: 3 }],
  ['what the server got, where it got what was asked', 'hash', { path: 'forwarded' }],
  ['a value of which not even a digest is kept', 'nothing', {}],
  ['a value of what has none', 'hash', { seq: 2 }],
])('is not laid open: %s', { tags: ['ACM-10'] }, async ([, keep, value]) => {
  const log = await logWith(keep)
  await expect(laid(log, value)).rejects.toMatchObject({ code: 'disclosure-wrong' })
})

test.for<[string, string, object]>([
  ['another value', 'disclosure-wrong', { text: '{"count":4,"path":"/etc/hosts"}' }],
  ['one character more', 'disclosure-wrong', { text: '{"count":3,"path":"/etc/hosts"} ' }],
  ['another salt', 'disclosure-wrong', { salt: 'A'.repeat(43) }],
  ['no salt that is one', 'disclosure-malformed', { salt: 'A'.repeat(42) }],
  ['another entry', 'disclosure-wrong', { seq: 1 }],
  ['an entry without values', 'disclosure-wrong', { seq: 2 }],
  ['an entry that is not there', 'audit-entry-missing', { seq: 3 }],
  ['another field', 'disclosure-wrong', { path: '/count' }],
  ['the field of that name', 'disclosure-wrong', { path: '/path' }],
  ['another node', 'disclosure-foreign', { node: `did:webvh:Qm${'c'.repeat(44)}:warren.internal` }],
  ['another form', 'disclosure-malformed', { format: 'x' }],
])(
  'a file in which somebody has put %s is refused with %s',
  { tags: ['ACM-11'] },
  async ([, code, change]) => {
    const log = await logWith(['/path', '/count'])
    const file = await laid(log, {})
    const said: JsonObject = JSON.parse(file)
    await expect(judged(log, file)).resolves.toMatchObject({ path: '' })
    const tampered = JSON.stringify({ ...said, ...change })
    await expect(judged(log, tampered)).rejects.toMatchObject({ code })
  },
)

test(
  'an entry that was put in place of the one that was signed proves nothing',
  { tags: ['ACM-11'] },
  async () => {
    const log = await logWith('hash')
    const file = await laid(log, {})
    const own = linesOf(log, 0)
    const changed = own.map((line) => line.replace('"tool":"read"', '"tool":"weed"'))
    expect(changed).not.toEqual(own)
    replaceSegment(log, 0, changed)
    await expect(judged(log, file)).rejects.toMatchObject({ name: 'TlogError' })
    replaceSegment(log, 0, own)
    await expect(judged(log, file)).resolves.toMatchObject({ entry: { seq: 0 } })
  },
)

test(
  'what was erased is laid open by nobody, and what was laid open before proves as long as its entry is there',
  { tags: ['ACM-12'] },
  async () => {
    const log = await logWith('all')
    const before = await laid(log, {})
    await grow(log, 12)
    await log.store.erase({ segment: 0, what: 'bodies' })
    await expect(laid(log, {})).rejects.toMatchObject({ code: 'audit-erased' })
    await expect(judged(log, before)).resolves.toMatchObject({ entry: { seq: 0 } })
    await log.store.erase({ segment: 0, what: 'entries' })
    await expect(laid(log, {})).rejects.toMatchObject({ code: 'audit-erased' })
    await expect(judged(log, before)).rejects.toMatchObject({ code: 'audit-erased' })
  },
)

test('an entry that is yet to come has no salt', { tags: ['ACM-12'] }, async () => {
  const log = await logWith('hash')
  const { size } = log.store
  expect(await log.store.salt({ seq: size - 1, path: '' })).toHaveLength(32)
  await expect(log.store.salt({ seq: size, path: '' })).rejects.toMatchObject({
    code: 'audit-entry-missing',
  })
})

test.for(['', '{', '{"a":1} x', `${'['.repeat(65)}${']'.repeat(65)}`])(
  'a file that holds no value is refused: %j',
  { tags: ['ACM-10'] },
  async (text) => {
    const path = fileOf(text)
    await expect(readValue(path)).rejects.toMatchObject({ code: 'value-malformed' })
    expect(readFileSync(path, 'utf8')).toBe(text)
  },
)
