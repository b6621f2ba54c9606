import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { CapabilityFiles } from '../../src/capability/capability-files.ts'
import { type KeptRevocation, RevocationLedger } from '../../src/capability/revocation-ledger.ts'
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

test('what would have ended is kept no longer', { tags: ['CAP-12'] }, async () => {
  const directory = place()
  await ledgerOf(directory).add(revoked())
  await ledgerOf(directory).add(revoked({ untilMs: NOW_MS }))
  expect(readdirSync(join(directory, 'capabilities/revoked'))).toHaveLength(1)
  const before = ledgerOf(directory, NOW_MS + HOUR_MS - 1)
  await before.load()
  expect(before.list()).toHaveLength(1)
  await ledgerOf(directory, NOW_MS + HOUR_MS).load()
  expect(readdirSync(join(directory, 'capabilities/revoked'))).toEqual([])
})

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
