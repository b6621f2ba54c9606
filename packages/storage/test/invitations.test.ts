import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openStore, type NewInvitation, type Store } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { runChild } from './run-child.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const DAY_MS = 86_400_000

function hash(fill: number): Uint8Array {
  return new Uint8Array(32).fill(fill)
}

function invitation(fill: number): NewInvitation {
  return {
    secretHash: hash(fill),
    createdMs: 0,
    expiresMs: 1_000,
    enclave: 'hall',
    roles: ['operator', 'reader'],
    note: 'for Bo',
  }
}

async function storeAt(): Promise<{ path: string; store: Store }> {
  const path = join(await temporaryDirectory(), 'warren.db')
  const store = openStore(path)
  onTestFinished(() => store.close())
  return { path, store }
}

test('an invitation works once and gives what it grants', { tags: ['STO-10'] }, async () => {
  const { invitations } = (await storeAt()).store
  invitations.add(invitation(1))
  const attempt = { secretHash: hash(1), did: 'did:bo', nowMs: 10 }

  const granted = {
    status: 'ok',
    grant: { enclave: 'hall', roles: ['operator', 'reader'], note: 'for Bo' },
  }
  // Asking what it would give changes nothing.
  expect(invitations.offered(attempt)).toEqual(granted)
  expect(invitations.offered(attempt)).toEqual(granted)
  expect(invitations.offered({ ...attempt, secretHash: hash(2) })).toEqual({ status: 'unknown' })
  expect(invitations.redeem(attempt)).toEqual(granted)
  expect(invitations.redeem(attempt)).toEqual({ status: 'used', usedBy: 'did:bo' })
  expect(invitations.offered(attempt)).toEqual({ status: 'used', usedBy: 'did:bo' })
  expect(invitations.redeem({ ...attempt, did: 'did:eve' })).toEqual({
    status: 'used',
    usedBy: 'did:bo',
  })
  expect(invitations.list()).toMatchObject([{ usedMs: 10, usedBy: 'did:bo', note: 'for Bo' }])
})

test.for([
  { nowMs: 999, status: 'ok' },
  { nowMs: 1_000, status: 'expired' },
  { nowMs: 1_001, status: 'expired' },
])(
  'at $nowMs an invitation until 1000 is $status',
  { tags: ['STO-10'] },
  async ({ nowMs, status }) => {
    const { invitations } = (await storeAt()).store
    invitations.add(invitation(1))
    expect(invitations.redeem({ secretHash: hash(1), did: 'did:bo', nowMs })).toMatchObject({
      status,
    })
  },
)

test.for([
  { nowMs: 999, status: 'open' },
  { nowMs: 1_000, status: 'expired' },
])(
  'at $nowMs an invitation until 1000 stands $status, and asking uses nothing up',
  { tags: ['STO-10', 'MEM-13'] },
  async ({ nowMs, status }) => {
    const { invitations } = (await storeAt()).store
    invitations.add(invitation(1))
    const question = { secretHash: hash(1), nowMs }
    expect(invitations.standing({ ...question, secretHash: hash(2) })).toBe('unknown')
    expect(invitations.standing(question)).toBe(status)
    expect(invitations.standing(question)).toBe(status)
    invitations.redeem({ secretHash: hash(1), did: 'did:bo', nowMs: 10 })
    expect(invitations.standing(question)).toBe('used')
    expect(() => invitations.standing({ ...question, secretHash: hash(1).slice(1) })).toThrow(
      expect.objectContaining({ code: 'record-malformed' }),
    )
  },
)

test('a secret that nobody gave out is unknown', { tags: ['STO-10'] }, async () => {
  const { invitations } = (await storeAt()).store
  invitations.add(invitation(1))
  expect(invitations.redeem({ secretHash: hash(2), did: 'did:bo', nowMs: 1 })).toEqual({
    status: 'unknown',
  })
  expect(() =>
    invitations.redeem({ secretHash: hash(2).slice(1), did: 'did:bo', nowMs: 1 }),
  ).toThrow(expect.objectContaining({ code: 'record-malformed' }))
})

test('of four processes that use one invitation one succeeds', { tags: ['STO-10'] }, async () => {
  const { path, store } = await storeAt()
  for (let fill = 0; fill < 20; fill += 1) {
    store.invitations.add({ ...invitation(fill), expiresMs: Number.MAX_SAFE_INTEGER })
  }
  const children = ['a', 'b', 'c', 'd'].map((name) => runChild('redeem-all.ts', [path, name]))
  const outputs = await Promise.all(children.map((child) => child.finished))
  const won = outputs
    .flatMap((output) => output.trim().split('\n'))
    .filter((line) => line.endsWith('ok'))

  expect(won).toHaveLength(20)
  expect(new Set(won).size).toBe(20)
  const users = new Set(store.invitations.list().map(({ usedBy }) => usedBy))
  expect(users.has(undefined)).toBe(false)
})

test('the same secret is not given out twice', { tags: ['STO-10'] }, async () => {
  const { invitations } = (await storeAt()).store
  invitations.add(invitation(1))
  expect(() => invitations.add(invitation(1))).toThrow(
    expect.objectContaining({ code: 'invitation-exists' }),
  )
  expect(invitations.list()).toHaveLength(1)
})

test(
  'the store has a column for the hash and none for the secret',
  { tags: ['STO-11'] },
  async () => {
    const { path, store } = await storeAt()
    store.invitations.add(invitation(7))
    const database = new DatabaseSync(path)
    const columns = database.prepare("SELECT name FROM pragma_table_info('invitation')").all()
    database.close()
    expect(columns.map(({ name }) => name)).toEqual([
      'secret_hash',
      'created_ms',
      'expires_ms',
      'enclave',
      'roles',
      'note',
      'used_ms',
      'used_by',
    ])
    expect(Object.keys(store.invitations.list()[0]!)).not.toContain('secretHash')
    expect((await readFile(`${path}-wal`)).includes(hash(7))).toBe(true)
  },
)

test(
  'invitations are bounded, and those long expired are forgotten',
  { tags: ['STO-14'] },
  async () => {
    const { path, store } = await storeAt()
    const database = new DatabaseSync(path)
    database.exec(`
    WITH RECURSIVE range (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM range WHERE value < 10000)
    INSERT INTO invitation SELECT unhex(printf('%064x', value)), 0, 1000, 'e', '[]', '', NULL, NULL FROM range`)
    database.close()

    const added = { ...invitation(0xff), createdMs: 30 * DAY_MS + 1_000, expiresMs: 31 * DAY_MS }
    expect(() => store.invitations.add(added)).toThrow(
      expect.objectContaining({ code: 'invitations-full' }),
    )
    store.invitations.add({ ...added, createdMs: added.createdMs + 1 })
    expect(store.invitations.list()).toHaveLength(1)
  },
)
