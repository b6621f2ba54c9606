import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '@warren/core'
import { askWarren, Daemon, runWarren } from '@warren/demo/warren-process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { textIn } from './support/ready-mesh.ts'

const ANY_PORT = ['--listen', '/ip4/127.0.0.1/tcp/0']
const DID = expect.stringMatching(/^did:webvh:Qm\w{44}:warren\.internal$/)
const MESH_ID = expect.stringMatching(/^zQm\w{44}$/)

let root: string
let founded: JsonObject

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'warren-ceremony-'))
  for (const name of ['node', 'alice', 'bob']) {
    writeFileSync(file(name), `only for tests: ${name}\n`, { mode: 0o600 })
  }
  for (const name of ['alice', 'bob']) {
    await askWarren(['admin', 'key', '--out', file(`${name}-key`), ...secret(name)])
  }
  founded = await askWarren([
    '--dir',
    file('desk'),
    'admin',
    'init',
    '--name',
    'desk',
    ...ANY_PORT,
    ...secret('node'),
    '--admin',
    file('alice-key.pub.json'),
    file('bob-key.pub.json'),
    '--out',
    file('founding.json'),
  ])
})

afterAll(() => {
  rmSync(root, { recursive: true, force: true })
})

function file(name: string): string {
  return join(root, name)
}

function secret(name: string): readonly string[] {
  return ['--passphrase-file', file(name)]
}

function keysOf(name: string): readonly string[] {
  return ['--keys', file(`${name}-key.keys`), ...secret(name)]
}

test(
  'two administrators found a mesh, each on a machine of their own',
  { tags: ['CLI-1', 'CER-9'] },
  async () => {
    expect(founded).toMatchObject({
      mesh: MESH_ID,
      meshName: 'desk',
      records: [{ type: 'charter' }, { type: 'membership' }, { type: 'enroller' }],
      signed: [],
      missing: [DID, DID],
      needed: 2,
      complete: false,
    })
    for (const name of ['alice', 'bob']) {
      cpSync(file('founding.json'), file(`${name}.json`))
      await askWarren(['sign', file(`${name}.json`), ...keysOf(name), '--yes'])
    }
    const here = ['--dir', file('desk')]
    const finish = ['admin', 'finish', file('alice.json'), ...secret('node')]
    const early = await runWarren([...here, ...finish])
    expect(early).toMatchObject({ code: 3, stdout: '' })
    expect(early.stderr).toContain('[request-incomplete]')

    const copies = [file('alice.json'), file('bob.json')]
    const made = await askWarren([...here, 'admin', 'finish', ...copies, ...secret('node')])
    expect(made).toMatchObject({ meshId: founded['mesh'], did: DID })
    const config = readFileSync(join(file('desk'), 'warren.yaml'), 'utf8')
    expect(config).toContain(`passphraseFile: ${file('node')}`)
    const node = await Daemon.start(file('desk'))
    const status = await askWarren([...here, 'status'])
    await node.stop()
    expect(status).toMatchObject({ mesh: founded['mesh'], meshName: 'desk' })
  },
)

test('sign shows what it says, and signs nothing unread', { tags: ['CLI-11'] }, async () => {
  const request = file('founding.json')
  const before = readFileSync(request)
  for (const words of [[], ['--json']]) {
    const outcome = await runWarren([...words, 'sign', request, ...keysOf('alice')])
    expect(outcome).toMatchObject({ code: 3, stdout: '' })
    expect(outcome.stderr).toContain('confirmation-missing')
    expect(outcome.stderr.includes('FOUND the mesh "desk"')).toBe(words.length === 0)
  }
  expect(readFileSync(request)).toEqual(before)
})

test(
  'administrators whose keys are made here have a passphrase each',
  { tags: ['CLI-12'] },
  async () => {
    const init = ['admin', 'init', '--of', '2', ...ANY_PORT, ...secret('node')]
    const at = (name: string): readonly string[] => ['--dir', file(name)]
    for (const files of [
      [file('alice'), file('alice')],
      [file('alice'), file('node')],
    ]) {
      const outcome = await runWarren([
        ...at('shared'),
        ...init,
        '--admin-passphrase-file',
        ...files,
      ])
      expect(outcome).toMatchObject({ code: 6, stdout: '' })
      expect(outcome.stderr).toContain('[passphrase-shared]')
    }
    expect(existsSync(file('shared'))).toBe(false)
    const files = ['--admin-passphrase-file', file('alice'), file('bob')]
    const made = await askWarren([...at('own'), ...init, ...files])
    expect(made).toEqual({
      meshId: MESH_ID,
      did: DID,
      peerId: textIn(made, 'peerId'),
      admins: [1, 2].map((n) => join(file('own'), `admins/admin-${n}.keys`)),
      threshold: 2,
    })
  },
)
