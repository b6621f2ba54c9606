import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '@warren/core'
import { askWarren, runWarren } from '@warren/demo/warren-process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { copyLog, entriesIn } from './support/audit-log.ts'
import { reaches, serveProgram } from './support/mesh-hosts.ts'
import { type ReadyMesh, readyMesh, type ReadyNode } from './support/ready-mesh.ts'

const SERVER = join(import.meta.dirname, 'support/slow-server.ts')
const TEST_MS = 90_000
const ARGS = { text: 'the north gate', number: 7 }

let mesh: ReadyMesh
let lab: ReadyNode

beforeAll(async () => {
  mesh = await readyMesh({
    names: ['lab'],
    prepare: async ({ directory }) => {
      serveProgram(directory, 'kept', [SERVER])
      serveProgram(directory, 'slow', [SERVER])
      const path = join(directory, 'warren.yaml')
      const text = readFileSync(path, 'utf8')
      const keep = '$1kept:\n$1  audit: { arguments: [/text] }\n'
      writeFileSync(path, text.replace(/^( +)kept:\n/m, keep))
      await Promise.resolve()
    },
  })
  lab = mesh.node('lab')
  await reaches(lab, ['kept', 'slow'])
})

afterAll(async () => {
  await mesh?.close()
})

function own(...words: readonly string[]): readonly string[] {
  return ['--dir', lab.directory, ...words]
}

/** The place of the decision on a new call of a server. */
async function called(server: string): Promise<string> {
  await askWarren(own('call', server, 'echo', '--args', JSON.stringify(ARGS)))
  const entries = await entriesIn(lab.directory)
  const last = entries.findLast((entry) => entry['kind'] === 'decision')
  expect(last).toMatchObject({ server })
  return `${Number(last?.['seq'])}`
}

/** A copy of the log alone, as somebody has it who has nothing else of the node. */
function copied(name: string): string {
  const copy = join(mesh.root, name)
  copyLog(join(lab.directory, 'audit'), copy, ['keys', 'bodies', 'export'])
  return copy
}

test(
  'a value that is laid open proves on a machine that has the copied log alone',
  { tags: ['ACM-10', 'ACM-11'], timeout: TEST_MS },
  async () => {
    const seq = await called('kept')
    const [field, whole] = [join(mesh.root, 'field.json'), join(mesh.root, 'whole.json')]
    const value = join(mesh.root, 'value.json')
    writeFileSync(value, '{ "number": 7, "text": "the north gate" }\n')
    expect(await askWarren(own('audit', 'disclose', seq, '/text', '--out', field))).toEqual({
      file: field,
      node: lab.did,
      seq: Number(seq),
      path: '/text',
    })
    await askWarren(own('audit', 'disclose', seq, '--value', value, '--out', whole))
    for (const file of [field, whole]) expect(statSync(file).mode & 0o777).toBe(0o600)

    const log = copied('copy')
    const verify = ['audit', 'verify', log, '--disclosed', field, whole]
    expect(await askWarren(verify)).toMatchObject({
      clean: true,
      disclosed: [
        { seq: Number(seq), kind: 'decision', path: '/text', text: '"the north gate"' },
        { seq: Number(seq), path: '', text: '{"number":7,"text":"the north gate"}' },
      ],
    })
    const { stdout } = await runWarren(verify)
    expect(stdout).toContain(`Disclosed: "/text" of the value of entry ${seq} (decision)`)

    const said: JsonObject = JSON.parse(readFileSync(field, 'utf8'))
    for (const [change, code] of [
      [{ text: '"the south gate"' }, 'disclosure-wrong'],
      [{ seq: Number(seq) + 1 }, 'disclosure-wrong'],
      [{ more: 1 }, 'disclosure-malformed'],
      [{ node: 'did:webvh:other' }, 'disclosure-foreign'],
    ] as const) {
      const tampered = join(mesh.root, 'tampered.json')
      writeFileSync(tampered, JSON.stringify({ ...said, ...change }))
      const { code: exit, stderr } = await runWarren([
        '--json',
        'audit',
        'verify',
        log,
        '--disclosed',
        tampered,
      ])
      expect([exit, JSON.parse(stderr)]).toMatchObject([1, { error: { code } }])
    }
  },
)

test(
  'what does not prove is written nowhere, and no file is replaced',
  { tags: ['ACM-10', 'ACM-12'], timeout: TEST_MS },
  async () => {
    const seq = await called('slow')
    const out = join(mesh.root, 'never.json')
    const wrong = join(mesh.root, 'wrong.json')
    writeFileSync(wrong, JSON.stringify({ ...ARGS, number: 8 }))
    const right = join(mesh.root, 'right.json')
    writeFileSync(right, JSON.stringify(ARGS))
    for (const [words, exit, code] of [
      [[seq], 2, 'value-not-kept'],
      [[seq, '--value', wrong], 1, 'disclosure-wrong'],
      [[seq, '/text', '--value', right], 1, 'disclosure-wrong'],
      [[seq, '--value', join(mesh.root, 'nowhere.json')], 6, 'file-missing'],
      [['999999', '--value', right], 2, 'audit-entry-missing'],
      [[seq, `/${'x'.repeat(128)}`, '--value', right], 1, 'control-malformed'],
    ] as const) {
      const failed = await runWarren(own('--json', 'audit', 'disclose', ...words, '--out', out))
      expect([failed.code, JSON.parse(failed.stderr)]).toMatchObject([exit, { error: { code } }])
    }
    expect(existsSync(out)).toBe(false)

    const disclose = own('--json', 'audit', 'disclose', seq, '--value', right, '--out')
    writeFileSync(out, 'mine')
    const taken = await runWarren([...disclose, out])
    expect(JSON.parse(taken.stderr)).toMatchObject({ error: { code: 'file-exists' } })
    expect(readFileSync(out, 'utf8')).toBe('mine')
    expect((await runWarren([...disclose, `${out}.new`])).code).toBe(0)
  },
)
