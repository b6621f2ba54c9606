import { canonicalJson, type JsonObject } from '@warren/core'
import {
  appendRotation,
  createControlledIdentity,
  type Identity,
  type ReplaceableKey,
  signSidecar,
  verifySidecar,
} from '@warren/identity'
import { describe, expect, test } from 'vitest'
import { node, NOW_MS, refusal, suite, SUITES } from './builders.ts'

interface Step {
  readonly identity: Identity
  readonly sidecar: string
}

function first(): Step {
  const identity = node()
  return {
    identity,
    sidecar: signSidecar({ suite, log: identity.log, signer: identity, nowMs: NOW_MS }),
  }
}

function next(
  { identity: signer, sidecar: previous }: Step,
  replace: readonly ReplaceableKey[],
): Step {
  const identity = appendRotation({ suite, identity: signer, nowMs: NOW_MS, replace })
  const { log } = identity
  return { identity, sidecar: signSidecar({ suite, log, signer, previous, nowMs: NOW_MS }) }
}

function versionsOf({ sidecar }: Step): readonly unknown[] {
  return elementsOf(sidecar).map((element) => element['versionId'])
}

function elementsOf(sidecar: string): readonly JsonObject[] {
  return JSON.parse(sidecar) as JsonObject[]
}

function judge({ identity }: Step, text: string, by = suite): void {
  verifySidecar({ suite: by, log: identity.log, text })
}

describe.for(SUITES)('with the $name suite', (by) => {
  test('it follows a log over every kind of rotation', { tags: ['ID-20'] }, () => {
    const one = first()
    const two = next(one, ['node'])
    const three = next(two, ['mlDsa'])
    const four = next(three, ['assertion'])
    const [, , third, fourth] = four.identity.log.entries.map(({ versionId }) => versionId)
    for (const step of [one, two, three, four])
      expect(() => judge(step, step.sidecar, by)).not.toThrow()
    expect(versionsOf(two)).toEqual([two.identity.log.head])
    expect(versionsOf(four)).toEqual([third, fourth])
  })
})

test('the new key cannot vouch for itself', { tags: ['ID-20'] }, () => {
  const before = first()
  const after = next(before, ['mlDsa'])
  const { log } = after.identity
  expect(() => signSidecar({ suite, log, signer: after.identity, nowMs: NOW_MS })).toThrow(
    refusal('proof-missing'),
  )
})

test('a change of keys without its proof is refused', { tags: ['ID-20'] }, () => {
  const changed = next(first(), ['mlDsa'])
  const later = next(changed, [])
  const [, newest] = elementsOf(later.sidecar)
  expect(() => judge(later, canonicalJson([newest ?? null]))).toThrow(refusal('sidecar-incomplete'))
  expect(() => next({ ...changed, sidecar: '[]' }, [])).toThrow(refusal('sidecar-incomplete'))
})

test('the sidecar of before is not that of now', { tags: ['ID-20'] }, () => {
  const before = first()
  expect(() => judge(next(before, []), before.sidecar)).toThrow(refusal('sidecar-incomplete'))
})

test('a proof of another version is refused', { tags: ['ID-20'] }, () => {
  const before = first()
  const after = next(before, [])
  const [element] = elementsOf(before.sidecar)
  const moved = canonicalJson([{ ...element, versionId: after.identity.log.head }])
  expect(() => judge(after, moved)).toThrow(refusal('proof-invalid'))
})

test('what needs no proof is refused', { tags: ['ID-20'] }, () => {
  const before = first()
  const after = next(before, [])
  const all = canonicalJson([...elementsOf(before.sidecar), ...elementsOf(after.sidecar)])
  expect(() => judge(after, all)).toThrow(refusal('sidecar-foreign'))
})

test.for([
  { name: 'no JSON', text: '[' },
  { name: 'no list', text: '{}' },
  { name: 'no list of objects', text: '[1]' },
  { name: 'not canonical', text: '[ ]' },
  { name: 'without a version', text: '[{"proof":[]}]' },
  { name: 'with a member that is not known', text: '[{"note":1,"versionId":"1"}]' },
  { name: 'with a version twice', text: '[{"versionId":"1"},{"versionId":"1"}]' },
  { name: 'too long', text: `["${'a'.repeat(1024 * 1024)}"]` },
])('a sidecar that is $name is refused', { tags: ['ID-20'] }, ({ text }) => {
  expect(() => judge(first(), text)).toThrow(refusal('sidecar-malformed'))
})

test('a log without an ML-DSA-44 key has none', { tags: ['ID-20'] }, () => {
  const { log } = createControlledIdentity({ suite, nowMs: NOW_MS, controller: node().did })
  const text = canonicalJson([{ versionId: log.head }])
  expect(() => verifySidecar({ suite, log, text })).toThrow(refusal('proof-missing'))
})
