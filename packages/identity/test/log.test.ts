import { canonicalJson, type JsonObject } from '@warren/core'
import {
  appendControlledRotation,
  appendDeactivation,
  appendRotation,
  assertionKeys,
  authenticationKeys,
  createControlledIdentity,
  createIdentity,
  type Did,
  formatTimestamp,
  noteIdentity,
  openIdentity,
  updateKeyHash,
} from '@warren/identity'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  forgeNext,
  HOUR_MS,
  node,
  NOW_MS,
  refusal,
  SECOND_MS,
  seed,
  suite,
  SUITES,
  verify,
} from './builders.ts'
import { encodeMultikey } from '../src/multikey.ts'

describe.for(SUITES)('with the $name suite', (by) => {
  test('the first entry of a node says who it is', { tags: ['ID-5'] }, () => {
    const { did, log } = node(1, by)
    const [entry] = log.entries
    expect(verify(log.text).did).toBe(did)
    expect(log).toMatchObject({ version: 1, head: entry?.versionId, updatedMs: NOW_MS })
    expect(log).toMatchObject({ deactivated: false, pending: [] })
    expect(entry?.versionTime).toBe('2026-11-24T12:00:00Z')
    expect(log.document.alsoKnownAs).toEqual([`did:scid:vh:1:${log.scid}`])
    expect(log.document.authentication).toEqual([`${did}#p1`, `${did}#q1`])
    expect(log.document.assertionMethod).toEqual([`${did}#a1`, `${did}#q1`])
    expect(log.document['keyAgreement']).toBeUndefined()
    expect(log.document.controller).toBeUndefined()
  })

  test('the keys of a document are those of the secrets', { tags: ['ID-5'] }, () => {
    const { log, nodeSigner, assertionSigner, mlDsaSigner } = node(1, by)
    expect(authenticationKeys(log.document)).toEqual({
      ed25519: [nodeSigner.publicKey],
      mlDsa44: [mlDsaSigner.publicKey],
    })
    expect(assertionKeys(log.document)).toEqual({
      ed25519: [assertionSigner.publicKey],
      mlDsa44: [mlDsaSigner.publicKey],
    })
  })
})

test(
  'the same secrets at the same time give the same log in both suites',
  { tags: ['ID-5'] },
  () => {
    const [first, second] = SUITES.map((by) => node(1, by).log.text)
    expect(first).toBe(second)
  },
)

test('fresh secrets give another DID', { tags: ['ID-5'] }, () => {
  const [first, second] = [0, 1].map(() => createIdentity({ suite, nowMs: NOW_MS }).did)
  expect(first).not.toBe(second)
})

test('a rotation replaces the keys asked for and keeps the DID', { tags: ['ID-6'] }, () => {
  const before = node()
  const after = appendRotation({
    suite,
    identity: before,
    nowMs: NOW_MS + HOUR_MS,
    replace: ['node'],
  })
  const { did } = before
  expect(after.did).toBe(did)
  expect(after.log).toMatchObject({ version: 2, updatedMs: NOW_MS + HOUR_MS })
  expect(after.log.document.authentication).toEqual([`${did}#p2`, `${did}#q1`])
  expect(after.log.document.assertionMethod).toEqual([`${did}#a1`, `${did}#q1`])
  expect(after.nodeSigner.publicKey).not.toEqual(before.nodeSigner.publicKey)
  expect(after.mlDsaSigner.publicKey).toEqual(before.mlDsaSigner.publicKey)
  expect(verify(after.log.text, before.log)).toEqual(after.log)
})

test(
  'a node key is kept until it is dropped, and its name is not used again',
  { tags: ['ID-6'] },
  () => {
    const first = node()
    const { did } = first
    const both = appendRotation({
      suite,
      identity: first,
      nowMs: NOW_MS,
      replace: ['node', 'assertion', 'mlDsa'],
      keepNodeKeys: true,
    })
    expect(both.log.document.authentication).toEqual([`${did}#p2`, `${did}#p1`, `${did}#q2`])
    expect(authenticationKeys(both.log.document).ed25519).toEqual([
      both.nodeSigner.publicKey,
      first.nodeSigner.publicKey,
    ])
    const one = appendRotation({ suite, identity: both, nowMs: NOW_MS, replace: [] })
    expect(one.log.document.authentication).toEqual([`${did}#p2`, `${did}#q2`])
    const third = appendRotation({ suite, identity: one, nowMs: NOW_MS, replace: ['node'] })
    expect(third.log.document.authentication).toEqual([`${did}#p3`, `${did}#q2`])
  },
)

test('entries are a second apart, however fast they are made', { tags: ['ID-10'] }, () => {
  const first = node()
  const second = appendRotation({ suite, identity: first, nowMs: NOW_MS, replace: [] })
  const third = appendRotation({ suite, identity: second, nowMs: NOW_MS - HOUR_MS, replace: [] })
  expect(third.log.entries.map(({ versionTime }) => versionTime)).toEqual(
    [0, 1, 2].map((seconds) => formatTimestamp(NOW_MS + seconds * SECOND_MS)),
  )
})

test('a tool has a log of its own that names its node', { tags: ['ID-6'] }, () => {
  const { did: controller } = node()
  const tool = createControlledIdentity({ suite, nowMs: NOW_MS, controller })
  const rotated = appendControlledRotation({ suite, identity: tool, nowMs: NOW_MS })
  for (const { did, log } of [tool, rotated]) {
    expect(did).toBe(tool.did)
    expect(log.document.controller).toBe(controller)
    expect(log.document.authentication).toBeUndefined()
  }
  expect(tool.log.document.assertionMethod).toEqual([`${tool.did}#a1`])
  expect(rotated.log.document.assertionMethod).toEqual([`${tool.did}#a2`])
  expect(assertionKeys(rotated.log.document).ed25519).toEqual([rotated.assertionSigner.publicKey])
  expect(verify(rotated.log.text)).toEqual(rotated.log)
})

test('a DID that is given up stays so', { tags: ['ID-8'] }, () => {
  const identity = node()
  const log = appendDeactivation({ suite, identity, nowMs: NOW_MS })
  expect(log).toMatchObject({ did: identity.did, version: 2, deactivated: true })
  expect(verify(log.text)).toMatchObject({ deactivated: true })
  const given = openIdentity({ suite, seeds: identity.seeds(), log })
  const nowMs = NOW_MS + HOUR_MS
  expect(() => appendRotation({ suite, identity: given, nowMs, replace: [] })).toThrow(
    refusal('log-deactivated'),
  )
  expect(() => appendDeactivation({ suite, identity: given, nowMs })).toThrow(
    refusal('log-deactivated'),
  )
})

test(
  'a key that lies elsewhere recovers the DID when the next key is lost',
  { tags: ['ID-6'] },
  () => {
    const recovery = seed(99)
    const identity = createIdentity({
      suite,
      nowMs: NOW_MS,
      recoveryKeyHashes: [updateKeyHash(suite, recovery)],
    })
    // It stays committed over rotations that do not use it.
    const later = appendRotation({ suite, identity, nowMs: NOW_MS, replace: [] })
    const seeds = { ...later.seeds(), nextUpdate: recovery }
    const recovered = openIdentity({ suite, seeds, log: later.log })
    const rotated = appendRotation({
      suite,
      identity: recovered,
      nowMs: NOW_MS,
      replace: ['node', 'assertion', 'mlDsa'],
      recoveryKeyHashes: [],
    })
    expect(rotated.log).toMatchObject({ did: identity.did, version: 3 })
    expect(rotated.log.entries.at(-1)?.parameters.nextKeyHashes).toHaveLength(1)
    expect(verify(rotated.log.text, later.log)).toEqual(rotated.log)
  },
)

test(
  'verifying on a known prefix gives what verifying the whole gives',
  { tags: ['ID-11'] },
  () => {
    let identity = node()
    for (let count = 0; count < 6; count += 1) {
      identity = appendRotation({
        suite,
        identity,
        nowMs: NOW_MS,
        replace: count % 2 === 0 ? ['node'] : [],
      })
    }
    const { text } = identity.log
    const lines = text.trimEnd().split('\n')
    const prefix = (length: number): string => `${lines.slice(0, length).join('\n')}\n`
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: -301, max: 10 }),
        (knownLength, length, seconds) => {
          const nowMs = NOW_MS + seconds * SECOND_MS
          const known = verify(prefix(knownLength))
          if (length < knownLength) {
            expect(() => verify(prefix(length), known, nowMs)).toThrow(refusal('log-rollback'))
            return
          }
          const whole = verify(prefix(length))
          const onTop = verify(prefix(length), known, nowMs)
          expect([...onTop.entries, ...onTop.pending]).toEqual(whole.entries)
          expect(onTop.version).toBeGreaterThanOrEqual(knownLength)
          if (onTop.pending.length === 0) expect(onTop).toEqual(whole)
        },
      ),
      { numRuns: 60 },
    )
  },
)

test.for([
  { name: 'at the edge of the allowed skew', seconds: -300 },
  { name: 'past the allowed skew', seconds: -301 },
  { name: 'a year back', seconds: -31_536_000 },
])(
  'a rollback and a fork are called so when our clock stands $name',
  { tags: ['ID-11'] },
  ({ seconds }) => {
    const nowMs = NOW_MS + seconds * SECOND_MS
    const first = node()
    const known = appendRotation({ suite, identity: first, nowMs: NOW_MS, replace: ['node'] }).log
    const forked = appendRotation({ suite, identity: first, nowMs: NOW_MS, replace: [] }).log
    expect(() => verify(first.log.text, known, nowMs)).toThrow(refusal('log-rollback'))
    expect(() => verify(forked.text, known, nowMs)).toThrow(refusal('log-fork'))
    expect(verify(known.text, known, nowMs)).toBe(known)
  },
)

test('what is known is not verified again', { tags: ['ID-11'] }, () => {
  const { log } = node()
  expect(verify(log.text, log)).toBe(log)
})

test('an entry of the future is pending until its time comes', { tags: ['ID-10'] }, () => {
  const { log } = node()
  const skewMs = 5 * 60 * SECOND_MS
  const atMs = NOW_MS + 10 * HOUR_MS
  const text = forgeNext(log.text, { update: seed(4), next: seed(60), atMs })
  const early = verify(text, log, atMs - skewMs - 1)
  expect(early).toEqual({ ...log, pending: verify(text, undefined, atMs).entries.slice(1) })
  expect(verify(text, undefined, atMs - skewMs - 1)).toEqual(early)
  const edge = verify(text, early, atMs - skewMs)
  expect(edge).toMatchObject({ version: 2, pending: [], text })
  // A clock that is set back takes nothing back.
  expect(verify(text, edge, NOW_MS - HOUR_MS)).toBe(edge)
})

test('a log that begins in the future is not judged', { tags: ['ID-10'] }, () => {
  const { log } = node()
  expect(() => verify(log.text, undefined, NOW_MS - HOUR_MS)).toThrow(refusal('entry-in-future'))
})

test('giving a DID up waits for no clock', { tags: ['ID-10'] }, () => {
  const { log } = node()
  const atMs = NOW_MS + 10 * HOUR_MS
  const text = forgeNext(log.text, {
    update: seed(4),
    atMs,
    parameters: { deactivated: true },
  })
  expect(verify(text, log, NOW_MS)).toMatchObject({ deactivated: true, version: 2, pending: [] })
})

test('an entry of the future is verified before it is kept', { tags: ['ID-10'] }, () => {
  const { log } = node()
  const atMs = NOW_MS + 10 * HOUR_MS
  const text = forgeNext(log.text, { update: seed(61), next: seed(60), atMs })
  expect(() => verify(text, log, NOW_MS)).toThrow(refusal('key-not-precommitted'))
})

test('nothing is appended while an entry waits', { tags: ['ID-10'] }, () => {
  const identity = node()
  const atMs = NOW_MS + 10 * HOUR_MS
  const text = forgeNext(identity.log.text, { update: seed(4), next: seed(60), atMs })
  const log = verify(text, identity.log, NOW_MS)
  const seeds = { ...identity.seeds(), nextUpdate: seed(60) }
  const waiting = openIdentity({ suite, seeds, log })
  expect(() => appendRotation({ suite, identity: waiting, nowMs: NOW_MS, replace: [] })).toThrow(
    refusal('entry-in-future'),
  )
})

test('a log is lines of canonical JSON', { tags: ['ID-4'] }, () => {
  const { log } = node()
  const [line = ''] = log.text.split('\n')
  expect(log.text).toBe(`${canonicalJson(JSON.parse(line))}\n`)
  expect(canonicalJson(log.entries[0] ?? null)).toBe(line)
})

test('as a signer of notes a DID has the keys of every version, each pair once', () => {
  const first = node(1)
  const rotate = (identity: typeof first, replace: 'node' | 'assertion'): typeof first =>
    appendRotation({ suite, identity, nowMs: NOW_MS, replace: [replace] })
  const last = rotate(rotate(first, 'node'), 'assertion')
  const pair = ({ log }: typeof first): unknown => {
    const { ed25519, mlDsa44 } = assertionKeys(log.document)
    return { ed25519: ed25519[0], mlDsa44: mlDsa44[0] }
  }
  expect(last.log.version).toBe(3)
  expect(noteIdentity(last.log)).toEqual({
    name: `warren.internal/${first.log.scid}`,
    keys: [pair(first), pair(last)],
  })
})

test.for([
  { versions: 8, pairs: 512 },
  { versions: 9, pairs: 512 },
  { versions: 7, pairs: 448 },
])(
  'a key log of $versions versions with 64 pairs each gives $pairs pairs, the oldest first',
  { tags: ['TLG-30'] },
  ({ versions, pairs }) => {
    const { log } = node(1)
    const [first] = log.entries
    const entries = Array.from({ length: versions }, (_, version) => {
      const keys = Array.from({ length: 8 }, (_at, at) => 8 * version + at)
      const method = (type: 'ed25519' | 'mldsa44', number: number): Method => ({
        id: `${log.did}#${type}-${number}`,
        type: 'Multikey',
        controller: log.did,
        publicKeyMultibase: encodeMultikey({ type, bytes: keyBytes(type, number) }),
      })
      const verificationMethod = keys.flatMap((number) => [
        method('ed25519', number),
        method('mldsa44', number),
      ])
      const assertionMethod = verificationMethod.map(({ id }) => id)
      return { ...first!, state: { ...first!.state, verificationMethod, assertionMethod } }
    })
    const { keys } = noteIdentity({ did: log.did, entries })
    expect(keys).toHaveLength(pairs)
    expect(keys[0]).toEqual({ ed25519: keyBytes('ed25519', 0), mlDsa44: keyBytes('mldsa44', 0) })
    const last = pairs / 8 - 1
    expect(keys.at(-1)).toEqual({
      ed25519: keyBytes('ed25519', last),
      mlDsa44: keyBytes('mldsa44', last),
    })
    expect(new Set(keys.map(({ ed25519 }) => ed25519)).size).toBe(pairs / 8)
  },
)

interface Method extends JsonObject {
  readonly id: string
  readonly type: 'Multikey'
  readonly controller: Did
  readonly publicKeyMultibase: string
}

function keyBytes(type: 'ed25519' | 'mldsa44', number: number): Uint8Array {
  return new Uint8Array(type === 'ed25519' ? 32 : 1312).fill(number)
}
