import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeChain } from '@warren/capability'
import { afterEach, expect, test } from 'vitest'
import { CapabilityFiles } from '../../src/capability/capability-files.ts'
import type { IssuerFate } from '../../src/capability/issuer-fate.ts'
import {
  DELETION_MARGIN_MS,
  KEPT_MS_MAX,
  type KeptRevocation,
  RevocationLedger,
} from '../../src/capability/revocation-ledger.ts'
import { agent, broker, delegated, HOUR_MS, issue, NOW_MS, other, owner, uuid } from './builders.ts'

const directories: string[] = []

afterEach(() => {
  for (const each of directories.splice(0)) rmSync(each, { recursive: true })
})

function place(): string {
  const directory = mkdtempSync(join(tmpdir(), 'warren-capability-'))
  directories.push(directory)
  return directory
}

function ledgerOf(directory: string, nowMs = NOW_MS): RevocationLedger {
  const files = new CapabilityFiles(directory)
  return new RevocationLedger({ self: owner.did, files, nowMs: () => nowMs })
}

function revoked(changes: Partial<KeptRevocation> = {}): KeptRevocation {
  return {
    capability: uuid(),
    issuer: broker.did,
    node: owner.did,
    untilMs: NOW_MS + HOUR_MS,
    ...changes,
  }
}

test(
  'a revocation touches the link of its issuer and no other, and holds after a restart',
  { tags: ['CAP-13'] },
  async () => {
    const directory = place()
    const kept = revoked({ signed: '{}' })
    const { capability: id } = kept
    await ledgerOf(directory).add(kept)
    const again = ledgerOf(directory)
    await again.load()
    expect(again.isRevoked({ id, issuer: broker.did })).toBe(true)
    // The same id, chosen by somebody else.
    expect(again.isRevoked({ id, issuer: other.did })).toBe(false)
    expect(again.isRevoked({ id: uuid(), issuer: broker.did })).toBe(false)
    expect(again.list()).toEqual([kept])
  },
)

test('a ledger says which revocations are new to it', { tags: ['CAP-20'] }, async () => {
  const directory = place()
  const ledger = ledgerOf(directory)
  const kept = revoked()
  expect(await Promise.all([ledger.add(kept), ledger.add(kept)])).toEqual([true, false])
  expect(await ledger.add(kept)).toBe(false)
  expect(await ledger.add({ ...kept, issuer: other.did })).toBe(true)
  expect(await ledger.add(revoked({ untilMs: NOW_MS }))).toBe(false)
  expect(await ledger.add(revoked({ untilMs: NOW_MS + 1 }))).toBe(true)
  const again = ledgerOf(directory)
  await again.load()
  expect(await again.add(kept)).toBe(false)
})

test('the owner takes back any link, for its own servers alone', { tags: ['CAP-13'] }, async () => {
  const ledger = ledgerOf(place())
  const [own, elsewhere] = [
    revoked({ issuer: owner.did }),
    revoked({ issuer: owner.did, node: other.did, signed: 'signed' }),
  ]
  await ledger.add(own)
  await ledger.add(elsewhere)
  expect(ledger.isRevoked({ id: own.capability, issuer: agent.did })).toBe(true)
  expect(ledger.isRevoked({ id: elsewhere.capability, issuer: owner.did })).toBe(false)
  expect(ledger.for(other.did)).toEqual([{ capability: elsewhere.capability, signed: 'signed' }])
  expect(ledger.for(owner.did)).toEqual([])
})

test(
  'what is long over is deleted, and what a fast clock says is over is not',
  { tags: ['CAP-12'] },
  async () => {
    const directory = place()
    await ledgerOf(directory).add(revoked())
    await ledgerOf(directory).add(revoked({ untilMs: NOW_MS }))
    expect(readdirSync(join(directory, 'capabilities/revoked'))).toHaveLength(1)
    const before = ledgerOf(directory, NOW_MS + HOUR_MS - 1)
    await before.load()
    expect(before.list()).toHaveLength(1)
    const fast = ledgerOf(directory, NOW_MS + HOUR_MS + DELETION_MARGIN_MS - 1)
    await fast.load()
    expect(fast.list()).toEqual([])
    const right = ledgerOf(directory)
    await right.load()
    expect(right.list()).toHaveLength(1)
    await ledgerOf(directory, NOW_MS + HOUR_MS + DELETION_MARGIN_MS).load()
    expect(readdirSync(join(directory, 'capabilities/revoked'))).toEqual([])
  },
)

test(
  'of one issuer so many are kept, however many come at once, and another has its own places',
  { tags: ['CAP-12', 'THR-50'] },
  async () => {
    const directory = place()
    const ledger = ledgerOf(directory)
    const settled = await Promise.allSettled(
      Array.from({ length: 70 }, () => ledger.add(revoked())),
    )
    const refused = settled.filter(({ status }) => status === 'rejected')
    expect(refused).toHaveLength(6)
    expect(refused[0]).toMatchObject({ reason: { code: 'capability-revocations-exhausted' } })
    expect(readdirSync(join(directory, 'capabilities/revoked'))).toHaveLength(64)
    const theirs = revoked({ issuer: other.did })
    await ledger.add(theirs)
    expect(ledger.isRevoked({ id: theirs.capability, issuer: other.did })).toBe(true)
  },
)

test('what cannot be written down is not in force', { tags: ['CAP-13'] }, async () => {
  const directory = place()
  writeFileSync(join(directory, 'capabilities'), '')
  const ledger = ledgerOf(directory)
  const kept = revoked()
  await expect(ledger.add(kept)).rejects.toMatchObject({ name: 'StorageError' })
  expect(ledger.isRevoked({ id: kept.capability, issuer: kept.issuer })).toBe(false)
})

test(
  'a file that no node has written is refused, and says which',
  { tags: ['CAP-5', 'CAP-13'] },
  async () => {
    const directory = place()
    const files = new CapabilityFiles(directory)
    const chain = delegated()
    await files.keep('held', chain)
    await files.keep('held', issue(owner, agent))
    expect(await files.chains('held')).toHaveLength(2)
    await files.keepRevocation(revoked())
    const bad = join(directory, 'capabilities/revoked/00.json')
    for (const text of [
      '{',
      '[]',
      '{"capability":1}',
      JSON.stringify({ ...revoked(), until: 'x' }),
    ]) {
      writeFileSync(bad, text, { mode: 0o600 })
      await expect(files.revocations()).rejects.toMatchObject({
        code: expect.stringMatching(/malformed/),
      })
    }
    const held = join(directory, 'capabilities/held/00.json')
    writeFileSync(held, '[]', { mode: 0o600 })
    await expect(files.chains('held')).rejects.toThrow(held)
    writeFileSync(held, '[]', { mode: 0o644 })
    rmSync(held)
    writeFileSync(held, '[]', { mode: 0o666 })
    await expect(files.chains('held')).rejects.toMatchObject({ code: 'file-open' })
  },
)

/** Files that hold nothing but what they are told, and wait or fail as they are told. */
function memory(first: readonly KeptRevocation[] = []) {
  const files = new Map(first.map((each) => [each.capability, each]))
  return {
    files,
    revocations: () => Promise.resolve([...files.values()]),
    keepRevocation: (kept: KeptRevocation) => {
      files.set(kept.capability, kept)
      return Promise.resolve()
    },
    dropRevocation: ({ capability }: KeptRevocation) => {
      files.delete(capability)
      return Promise.resolve()
    },
  }
}

test(
  'whoever says it again while it is being written waits, and hears that it failed',
  { tags: ['CAP-13'] },
  async () => {
    const failing = Promise.withResolvers<void>()
    const files = { ...memory(), keepRevocation: () => failing.promise }
    const ledger = new RevocationLedger({ self: owner.did, files, nowMs: () => NOW_MS })
    const kept = revoked()
    const both = Promise.allSettled([ledger.add(kept), ledger.add(kept)])
    expect(ledger.isRevoked({ id: kept.capability, issuer: kept.issuer })).toBe(false)
    failing.reject(new Error('the disk is full'))
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(ledger.list()).toEqual([])
  },
)

test(
  'none is kept longer than so, whatever end it names',
  { tags: ['CAP-12', 'THR-50'] },
  async () => {
    const ledger = ledgerOf(place())
    await ledger.add(revoked({ untilMs: NOW_MS + KEPT_MS_MAX }))
    await ledger.add(revoked({ untilMs: Date.UTC(9999, 11, 31) }))
    await ledger.add(revoked({ untilMs: NOW_MS + KEPT_MS_MAX - 1_000 }))
    expect(ledger.list().map(({ untilMs }) => untilMs - NOW_MS - KEPT_MS_MAX)).toEqual([
      0, 0, -1_000,
    ])
  },
)

test(
  'what is over makes room for one more of its issuer',
  { tags: ['CAP-12', 'THR-50'] },
  async () => {
    const directory = place()
    let nowMs = NOW_MS
    const files = new CapabilityFiles(directory)
    const ledger = new RevocationLedger({ self: owner.did, files, nowMs: () => nowMs })
    for (let at = 0; at < 64; at += 1) {
      await ledger.add(revoked({ untilMs: NOW_MS + (at === 5 ? 1_000 : HOUR_MS) }))
    }
    const late = revoked()
    await expect(ledger.add(late)).rejects.toMatchObject({
      code: 'capability-revocations-exhausted',
    })
    nowMs += 1_000
    await ledger.add(late)
    expect(readdirSync(join(directory, 'capabilities/revoked'))).toHaveLength(64)
    await expect(ledger.add(revoked())).rejects.toMatchObject({
      code: 'capability-revocations-exhausted',
    })
  },
)

test(
  'a full ledger takes those of others in the place of those of who was revoked, and what the owner says always',
  { tags: ['CAP-12', 'CAP-19', 'THR-50'] },
  async () => {
    const fates = new Map<string, IssuerFate>()
    const dropped: string[] = []
    const many = Array.from({ length: 16_383 }, () => revoked({ issuer: broker.did }))
    const store = memory([revoked({ issuer: agent.did }), ...many])
    const ledger = new RevocationLedger({
      self: owner.did,
      files: store,
      nowMs: () => NOW_MS,
      fateOf: (did) => fates.get(did) ?? 'here',
      onDropped: ({ issuer }) => dropped.push(issuer),
    })
    await ledger.load()
    const theirs = revoked({ issuer: other.did })
    await expect(ledger.add(theirs)).rejects.toMatchObject({
      code: 'capability-revocations-exhausted',
    })
    await ledger.add(revoked({ issuer: owner.did }))
    expect(store.files.size).toBe(16_385)
    fates.set(agent.did, 'gone').set(broker.did, 'revoked')
    await ledger.add(theirs)
    expect(ledger.isRevoked({ id: theirs.capability, issuer: other.did })).toBe(true)
    // Then none is left of whoever is gone for good.
    await ledger.add(revoked({ issuer: other.did }))
    expect(dropped).toEqual([agent.did, broker.did])
    expect(store.files.size).toBe(16_385)
  },
)

test(
  'nothing is written that could not be read again',
  { tags: ['CAP-13', 'THR-50'] },
  async () => {
    const directory = place()
    const files = new CapabilityFiles(directory)
    await files.keepRevocation(revoked({ signed: '\u6f22'.repeat(10_000) }))
    for (const bad of [{ signed: '\u6f22'.repeat(11_000) }, { signed: '"'.repeat(16_384) }]) {
      await expect(files.keepRevocation(revoked(bad))).rejects.toMatchObject({
        code: 'capability-revocation-malformed',
      })
    }
    expect(await files.revocations()).toHaveLength(1)
  },
)

test('a chain of more bytes than characters is read again', { tags: ['CAP-5'] }, async () => {
  const files = new CapabilityFiles(place())
  const tools = Array.from({ length: 32 }, (_, at) => '\u6f22'.repeat(250) + String(at))
  const first = issue(owner, broker, { tools, delegable: 4 })
  let chain = issue(broker, agent, { parent: first, delegable: 3, tools })
  chain = issue(agent, other, { parent: chain, delegable: 2, tools })
  await files.keep('held', chain)
  expect(await files.chains('held')).toEqual([chain])
})

test('a chain that is kept stays, whatever comes under its id', { tags: ['THR-48'] }, async () => {
  const files = new CapabilityFiles(place())
  const id = uuid()
  const first = issue(owner, agent, { id })
  await files.keep('held', first)
  await files.keep('held', first)
  await expect(files.keep('held', issue(broker, agent, { id }))).rejects.toMatchObject({
    code: 'capability-id-taken',
  })
  expect(await files.chains('held')).toEqual([first])
})

test(
  'an id that stands for several issued capabilities is not taken back for one of them',
  { tags: ['CAP-13'] },
  async () => {
    const directory = place()
    const files = new CapabilityFiles(directory)
    const id = uuid()
    const [one, another] = [issue(owner, agent, { id }), issue(owner, broker, { id })]
    await files.keep('issued', one)
    expect(await files.issued(id)).toEqual(one)
    expect(await files.issued(uuid())).toBeUndefined()
    const copy = join(directory, 'capabilities/issued/00.json')
    writeFileSync(copy, encodeChain(one), { mode: 0o600 })
    expect(await files.issued(id)).toEqual(one)
    writeFileSync(copy, encodeChain(another), { mode: 0o600 })
    await expect(files.issued(id)).rejects.toMatchObject({ code: 'capability-id-ambiguous' })
  },
)

test(
  'more files than a ledger takes of others can be read, and no more than may be are written',
  { tags: ['CAP-12', 'THR-50'] },
  async () => {
    const directory = place()
    const kept = revoked()
    await new CapabilityFiles(directory).keepRevocation(kept)
    const revokedFiles = join(directory, 'capabilities/revoked')
    const more = (from: number, to: number): void => {
      for (let at = from; at < to; at += 1) {
        writeFileSync(join(revokedFiles, `${at}-.json`), '', { mode: 0o644 })
      }
    }
    more(1, 16_384)
    // As the command line does, which asks no ledger.
    const files = new CapabilityFiles(directory)
    await files.keepRevocation(revoked({ issuer: owner.did }))
    await expect(files.revocations()).rejects.toMatchObject({ code: 'file-open' })
    more(16_384, 20_479)
    await expect(files.keepRevocation(revoked({ issuer: owner.did }))).rejects.toMatchObject({
      code: 'file-too-large',
    })
    await files.keepRevocation(kept)
    more(20_479, 20_480)
    await expect(files.revocations()).rejects.toMatchObject({ code: 'file-too-large' })
  },
)

test(
  'of more chains than may be kept so many are read, and that there are more is told',
  { tags: ['CAP-12', 'CAP-13'] },
  async () => {
    const directory = place()
    const told: Error[] = []
    const files = new CapabilityFiles(directory, (error) => told.push(error))
    const chain = issue(owner, agent)
    await files.keep('held', chain)
    for (let at = 0; at < 256; at += 1) {
      const copy = join(directory, `capabilities/held/${at}.json`)
      writeFileSync(copy, encodeChain(chain), { mode: 0o600 })
    }
    expect(await files.chains('held')).toHaveLength(256)
    expect(told).toHaveLength(1)
    expect(told[0]).toMatchObject({ code: 'file-too-large' })
  },
)
