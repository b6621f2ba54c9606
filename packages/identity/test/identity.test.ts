import { CryptoError } from '@warren/crypto'
import {
  appendDeactivation,
  appendRotation,
  createControlledIdentity,
  createIdentity,
  openControlledIdentity,
  openIdentity,
  parseControlledSeeds,
  parseIdentitySeeds,
  proofSigners,
} from '@warren/identity'
import { describe, expect, test } from 'vitest'
import { node, NOW_MS, refusal, seed, suite, SUITES } from './builders.ts'

describe.for(SUITES)('with the $name suite', (by) => {
  test('secrets that fit their log open it', { tags: ['ID-13'] }, () => {
    const { seeds, log, did, nodeSigner } = node(1, by)
    const opened = openIdentity({ suite: by, seeds: seeds(), log })
    expect(opened.did).toBe(did)
    expect(opened.nodeSigner.publicKey).toEqual(nodeSigner.publicKey)
    expect(opened.seeds()).toEqual(seeds())
  })

  test('a wiped identity gives nothing away and signs nothing', { tags: ['ID-13'] }, () => {
    const identity = node(1, by)
    const copy = identity.seeds()
    identity.wipe()
    expect(() => identity.seeds()).toThrow(refusal('identity-wiped'))
    const signers = [identity.nodeSigner, identity.assertionSigner, identity.mlDsaSigner]
    for (const signer of signers) expect(() => signer.sign(seed(0))).toThrow(CryptoError)
    expect(() => appendRotation({ suite: by, identity, nowMs: NOW_MS, replace: [] })).toThrow(
      refusal('identity-wiped'),
    )
    // What was handed out belongs to the caller.
    expect(copy.node).toEqual(seed(1))
    identity.wipe()
  })
})

test.for(['node', 'assertion', 'mlDsa', 'nextUpdate'] as const)(
  'another seed "%s" is refused',
  { tags: ['ID-13'] },
  (name) => {
    const { seeds, log } = node()
    const changed = { ...seeds(), [name]: seed(99) }
    expect(() => openIdentity({ suite, seeds: changed, log })).toThrow(refusal('seeds-mismatch'))
  },
)

test('the secrets of before a rotation are refused after it', { tags: ['ID-13'] }, () => {
  const before = node()
  const after = appendRotation({ suite, identity: before, nowMs: NOW_MS, replace: [] })
  expect(() => openIdentity({ suite, seeds: before.seeds(), log: after.log })).toThrow(
    refusal('seeds-mismatch'),
  )
  expect(() => openIdentity({ suite, seeds: after.seeds(), log: before.log })).toThrow(
    refusal('seeds-mismatch'),
  )
})

test('the secrets of a DID that is given up still open it', { tags: ['ID-13'] }, () => {
  const identity = node()
  const log = appendDeactivation({ suite, identity, nowMs: NOW_MS })
  expect(openIdentity({ suite, seeds: identity.seeds(), log }).log.deactivated).toBe(true)
})

test('the secrets of a tool are its own', { tags: ['ID-13'] }, () => {
  const { did: controller } = node()
  const seeds = { assertion: seed(31), nextUpdate: seed(32) }
  const tool = createControlledIdentity({ suite, nowMs: NOW_MS, controller, seeds })
  expect(tool.seeds()).toEqual(seeds)
  expect(openControlledIdentity({ suite, seeds, log: tool.log }).did).toBe(tool.did)
  for (const name of ['assertion', 'nextUpdate'] as const) {
    const changed = { ...seeds, [name]: seed(99) }
    expect(() => openControlledIdentity({ suite, seeds: changed, log: tool.log })).toThrow(
      refusal('seeds-mismatch'),
    )
  }
  tool.wipe()
  expect(() => tool.seeds()).toThrow(refusal('identity-wiped'))
})

test('an identity shares no memory with whoever made it', { tags: ['ID-13'] }, () => {
  const seeds = { node: seed(1), assertion: seed(2), mlDsa: seed(3), nextUpdate: seed(4) }
  const identity = createIdentity({ suite, nowMs: NOW_MS, seeds })
  seeds.node.fill(0)
  identity.seeds().assertion.fill(0)
  expect(identity.seeds()).toMatchObject({ node: seed(1), assertion: seed(2) })
  identity.wipe()
  expect(seeds.assertion).toEqual(seed(2))
})

test('seeds are read from what a key file held', { tags: ['ID-13'] }, () => {
  const record = { node: seed(1), assertion: seed(2), mlDsa: seed(3), nextUpdate: seed(4) }
  expect(parseIdentitySeeds({ ...record, other: seed(5) })).toEqual(record)
  expect(parseControlledSeeds(record)).toEqual({ assertion: seed(2), nextUpdate: seed(4) })
  for (const name of Object.keys(record)) {
    const { [name]: _gone, ...others } = record as Record<string, Uint8Array>
    expect(() => parseIdentitySeeds(others)).toThrow(refusal('seeds-malformed'))
  }
  for (const length of [0, 31, 33]) {
    const changed = { ...record, mlDsa: new Uint8Array(length) }
    expect(() => parseIdentitySeeds(changed)).toThrow(refusal('seeds-malformed'))
    expect(() => createIdentity({ suite, nowMs: NOW_MS, seeds: changed })).toThrow(
      refusal('seeds-malformed'),
    )
  }
})

test('one seed for two keys of the log is refused', { tags: ['ID-6'] }, () => {
  const seeds = { node: seed(1), assertion: seed(2), mlDsa: seed(3), nextUpdate: seed(4) }
  const create = (firstUpdate: Uint8Array): unknown =>
    createIdentity({ suite, nowMs: NOW_MS, seeds, firstUpdate })
  expect(() => create(seed(1))).toThrow(refusal('key-reused'))
  expect(() => create(seed(2))).toThrow(refusal('key-reused'))
  expect(() => create(seed(5))).not.toThrow()
})

test(
  'a document that lists a key which is not at hand cannot be completed',
  { tags: ['ID-13'] },
  () => {
    const before = node()
    const after = appendRotation({
      suite,
      identity: before,
      nowMs: NOW_MS,
      replace: ['node'],
      keepNodeKeys: true,
    })
    expect(() => proofSigners(after, 'authentication')).toThrow(refusal('seeds-mismatch'))
    expect(proofSigners(after, 'assertionMethod')).toHaveLength(2)
  },
)
