import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '@warren/core'
import { askWarren, Daemon, runWarren } from '@warren/demo/warren-process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deafControl } from './support/deaf-control.ts'
import { textIn } from './support/ready-mesh.ts'

/** Well formed, and of nobody. */
const STRANGER = `did:webvh:Qm${'a'.repeat(44)}:warren.internal`
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

test(
  'one administrator asks, the other completes, and the node is told',
  { tags: ['CLI-1', 'CLI-13'] },
  async () => {
    const home = file('quorum')
    const here = ['--dir', home]
    const made = await askWarren([
      ...here,
      'admin',
      'init',
      '--name',
      'press',
      ...ANY_PORT,
      '--of',
      '2',
      ...secret('node'),
      '--admin-passphrase-file',
      file('alice'),
      file('bob'),
    ])
    const first = ['--keys', join(home, 'admins/admin-1.keys'), ...secret('alice'), '--yes']
    const second = ['--keys', join(home, 'admins/admin-2.keys'), ...secret('bob'), '--yes']
    const node = await Daemon.start(home)
    try {
      const asked = await askWarren([
        ...here,
        'revoke',
        'press',
        '--class',
        'lost',
        '--reason',
        'left in a train',
        ...first,
        '--out',
        file('revoke.json'),
      ])
      expect(asked).toMatchObject({
        file: file('revoke.json'),
        submitted: false,
        needed: 1,
        records: [{ type: 'revocation' }],
      })
      expect(asked['records']).toMatchObject([
        { words: expect.arrayContaining([expect.stringContaining(textIn(made, 'did'))]) },
      ])
      const early = await runWarren([...here, 'submit', file('revoke.json')])
      expect(early).toMatchObject({ code: 3, stdout: '' })

      await askWarren(['sign', file('revoke.json'), ...second])
      const told = await askWarren([...here, 'submit', file('revoke.json')])
      expect(told['results']).toMatchObject([{ outcome: 'accepted' }])
      const again = await askWarren([...here, 'submit', file('revoke.json')])
      expect(again['results']).toMatchObject([{ outcome: 'known' }])

      const { members } = await askWarren([...here, 'members'])
      expect(members).toMatchObject([{ name: 'press', status: 'revoked', why: 'left in a train' }])
      const tree = await runWarren([...here, 'why', 'press'])
      expect(tree.stdout).toMatch(
        /^"press" \(did:.+\) is revoked: "left in a train"\n {2}membership/,
      )
      expect(tree.stdout).toContain('\n  revocation of member')
    } finally {
      await node.stop()
    }
  },
)

test('what is complete at once goes to the node at once', { tags: ['CLI-13'] }, async () => {
  const home = file('alone')
  const here = ['--dir', home]
  await askWarren([...here, 'init', '--name', 'alone', ...ANY_PORT, ...secret('node')])
  const node = await Daemon.start(home)
  try {
    const quarantined = ['quarantine', 'alone', '--for', '2h', '--reason', 'odd traffic']
    const unread = await runWarren([...here, ...quarantined])
    expect(unread).toMatchObject({ code: 3, stdout: '' })
    expect(unread.stderr).toContain('QUARANTINE did:webvh:')
    expect(unread.stderr).toContain('is called "alone" in this mesh')
    expect(await askWarren([...here, 'status'])).toMatchObject({ removals: 0, standing: 'member' })

    const done = await askWarren([...here, ...quarantined, '--yes'])
    expect(done).toMatchObject({ file: null, submitted: true, complete: true })
    const island = ['island', 'main', '--stale', '7d', '--server', 'pump', '--until', '30d']
    await askWarren([...here, ...island, '--yes'])
    const { islandServers } = await askWarren([...here, 'status'])
    expect(islandServers).toEqual([expect.stringContaining('pump')])
    await askWarren(['admin', 'key', '--out', file('carol-key'), ...secret('bob')])
    const change = ['admin', 'change', '--add', file('carol-key.pub.json'), '--threshold', '2']
    const waiting = await askWarren([...here, ...change, '--yes', '--out', file('change.json')])
    expect(waiting).toMatchObject({ submitted: false, needed: 1 })
    const carol = ['--keys', file('carol-key.keys'), ...secret('bob'), '--yes']
    await askWarren(['sign', file('change.json'), ...carol])
    await askWarren([...here, 'submit', file('change.json')])
    expect(await askWarren([...here, 'status'])).toMatchObject({
      admins: '2 of 2',
      removals: 2,
      standing: 'quarantined',
    })
  } finally {
    await node.stop()
  }
})

test('what was signed is kept when the node cannot take it', { tags: ['CLI-13'] }, async () => {
  const home = file('ended')
  const here = ['--dir', home]
  await askWarren([...here, 'init', '--name', 'ended', ...ANY_PORT, ...secret('node')])
  const node = await Daemon.start(home)
  const deaf = await deafControl(home, 'submit')
  const words = ['revoke', 'ended', '--class', 'retired', '--reason', 'sold', '--yes']
  const lost = await runWarren([...here, ...words, '--out', file('kept.json')])
  expect(lost).toMatchObject({ code: 4, stdout: '' })
  expect(lost.stderr).toContain(`warren submit ${file('kept.json')}`)
  await deaf.stop()
  const kept = await askWarren([...here, 'submit', file('kept.json')])
  await node.stop()
  expect(kept).toMatchObject({ complete: true, results: [{ outcome: 'accepted' }] })
  const gone = await runWarren([...here, 'submit', file('kept.json')])
  expect(gone).toMatchObject({ code: 4, stdout: '' })
})

test('a machine without a network joins by files', { tags: ['CLI-1', 'CER-12'] }, async () => {
  const here = ['--dir', file('yard')]
  const there = ['--dir', file('crane')]
  await askWarren([...here, 'init', '--name', 'yard', ...ANY_PORT, ...secret('node')])
  const joining = ['join', '--name', 'crane', ...ANY_PORT, ...secret('alice')]
  const asked = await askWarren([...there, ...joining, '--request', file('join.json')])
  expect(asked).toEqual({ file: file('join.json'), did: DID, id: MESH_ID })
  const node = await Daemon.start(file('yard'))
  const admit = ['admit', file('join.json'), '--enclave', 'harbour', '--yes']
  const admitted = await askWarren([...here, ...admit, '--out', file('admitted.json')])
  await node.stop()
  expect(admitted).toMatchObject({ file: file('admitted.json'), submitted: true })

  const finish = ['join', '--membership', file('admitted.json'), ...secret('alice')]
  const unread = await runWarren([...there, ...finish])
  expect(unread).toMatchObject({ code: 3, stdout: '' })
  expect(unread.stderr).toContain('ADMIT "crane"')
  const foreign = await runWarren([...there, ...finish, '--mesh', textIn(asked, 'id')])
  expect(foreign).toMatchObject({ code: 3, stdout: '' })
  const mesh = textIn(admitted, 'mesh')
  const joined = await askWarren([...there, ...finish, '--mesh', mesh])
  expect(joined).toMatchObject({ meshId: mesh, did: asked['did'], enclave: 'harbour' })
  const crane = await Daemon.start(file('crane'))
  expect(await askWarren([...there, 'status'])).toMatchObject({ mesh, enclave: 'harbour' })
  await crane.stop()
})

test(
  'a request that cannot be is a mistake in usage, and leaves no file',
  { tags: ['CLI-3', 'CLI-15'] },
  async () => {
    const [home, workplace] = [file('usage'), file('workplace')]
    mkdirSync(workplace)
    const here = ['--dir', home]
    const made = await askWarren([
      ...here,
      'init',
      '--name',
      'alone',
      ...ANY_PORT,
      ...secret('node'),
    ])
    const node = await Daemon.start(home)
    const before = await askWarren([...here, 'status'])
    const lost = ['--class', 'lost', '--reason', 'x']
    const beyond = ['--since', `${textIn(made, 'did')}=999`]
    const removals = [
      [['revoke', 'nobody', ...lost], 'no-such-member'],
      [['revoke', STRANGER, ...lost], 'no-such-member'],
      [['revoke', '--enroller', STRANGER, ...lost], 'no-such-member'],
      [['revoke', '--admin', STRANGER, ...lost], 'not-an-admin'],
      [['revoke', '--key', 'stolen', ...lost], 'revoked-key-malformed'],
      [['revoke', 'alone', ...lost, ...beyond], 'usage'],
      [['revoke', 'alone', ...lost, '--since', `${STRANGER}=0`], 'usage'],
      [['revoke', ...lost], 'usage'],
      [['revoke', '--class', 'stolen', '--reason', 'x'], 'usage'],
      [['quarantine', STRANGER, '--for', '1h', '--reason', 'x'], 'no-such-member'],
      [['quarantine', 'alone', '--for', '25h', '--reason', 'x'], 'usage'],
      [['renew', STRANGER], 'no-such-member'],
      [['admin', 'change'], 'usage'],
      [['admin', 'change', '--remove', 'alone'], 'not-an-admin'],
    ] as const
    try {
      for (const [words, word] of removals) {
        const inside = ['env', '-C', workplace]
        const outcome = await runWarren([...here, ...words, '--yes'], inside)
        expect(outcome, words.join(' ')).toMatchObject({ code: 2, stdout: '' })
        expect(outcome.stderr).toContain(`[${word}]`)
        expect(readdirSync(workplace)).toEqual([])
      }
      const { removals: count, members } = before
      expect(await askWarren([...here, 'status'])).toMatchObject({ removals: count, members })
      const told = ['revoke', STRANGER, '--unknown', ...lost, '--yes']
      expect(await askWarren([...here, ...told])).toMatchObject({ submitted: true })
    } finally {
      await node.stop()
    }
  },
)
