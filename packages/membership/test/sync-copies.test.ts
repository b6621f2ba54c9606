import { canonicalJson, type JsonObject } from '@warren/core'
import { RecordSet, type SyncLimits } from '@warren/membership'
import { describe, expect, test } from 'vitest'
import { edited, suite, utf8 } from './builders.ts'
import { idOf, person, revocation, revoked, withAll, witnessedMesh } from './record-builders.ts'
import { Impostor, type Siege, SyncLab } from './sync-pair.ts'

/* What a node hears again, and what that costs it. */

const mesh = witnessedMesh()
const [admin] = mesh.admins
if (admin === undefined) throw new Error('an admin')
const some = Array.from({ length: 3 }, (_, at) => revoked(mesh, person(1), at + 1))
const [first = ''] = some

function pushed(texts: readonly string[]): Uint8Array {
  return utf8(canonicalJson({ type: 'records', texts, answer: 'none' }))
}

/** A node whose suite counts the digests that it makes, and its neighbour. */
function counted(
  limits: Partial<SyncLimits> = {},
  texts: readonly string[] = [],
): Siege & { readonly digests: (work: () => void) => number } {
  let count = 0
  const sha256: typeof suite.sha256 = (...parts) => {
    count += 1
    return suite.sha256(...parts)
  }
  const empty = RecordSet.empty({ ...suite, sha256 }, mesh.charter)
  const siege = SyncLab.against(withAll(empty, ...texts), limits)
  const digests = (work: () => void): number => {
    const before = count
    work()
    return count - before
  }
  return { ...siege, digests }
}

describe('a copy of what was pushed', () => {
  test('costs one digest, from whichever neighbour', { tags: ['SYN-16'] }, () => {
    const { lab, node, tell, digests } = counted()
    const bytes = pushed(some)
    tell(bytes)
    const link = lab.connect(node, new Impostor('other'))
    const heard = (): void => lab.do(node, node.sync.handle({ type: 'message', link, bytes }, 0))
    expect(digests(() => tell(bytes))).toBe(1)
    expect(digests(heard)).toBe(1)
    expect(node.cuts).toEqual([])
    expect(node.set.size).toBe(some.length)
  })

  test('costs one digest by gossip, and is ignored', { tags: ['SYN-16', 'SYN-12'] }, () => {
    const { node, tell, digests } = counted()
    const bytes = pushed(some)
    tell(bytes)
    const gossip = (): void =>
      expect(node.sync.handle({ type: 'gossip', ref: 7, bytes }, 0)).toContainEqual({
        type: 'verdict',
        ref: 7,
        verdict: 'ignore',
      })
    expect(digests(gossip)).toBe(1)
  })

  test('tells that its sender has the records', { tags: ['SYN-16', 'SYN-5'] }, () => {
    const { lab, node, tell } = counted({ relayMax: 0, announceMs: 1 })
    const other = new Impostor('other')
    const link = lab.connect(node, other)
    lab.settle()
    tell(pushed(some))
    lab.do(node, node.sync.handle({ type: 'message', link, bytes: pushed(some) }, 0))
    lab.pass(1, node)
    lab.settle()
    expect(other.count('have')).toBe(0)
  })

  test('is read where its bytes are others', { tags: ['SYN-16'] }, () => {
    const { node, tell, digests } = counted()
    tell(pushed(some))
    expect(digests(() => tell(pushed(some.toReversed())))).toBeGreaterThan(1)
    const wrong = edited(first, (record) => void (record['extra'] = 1))
    tell(pushed([...some, wrong]))
    expect(node.cuts).toEqual(['record-malformed'])
  })

  test('is read while what is in it is not known', { tags: ['SYN-16'] }, () => {
    const { node, tell, digests } = counted()
    const lone = revocation(mesh, { by: [admin], targets: [{ did: person(1).did, maxGen: 9 }] })
    tell(pushed([first, lone]))
    expect(digests(() => tell(pushed([first, lone])))).toBeGreaterThan(1)
    expect(node.set.size).toBe(1)
    expect(node.cuts).toEqual([])
  })

  test(
    'is read beyond its bounds in length and number, and on them is not',
    {
      tags: ['SYN-16'],
    },
    () => {
      const bytes = pushed(some)
      const onIt = counted({ copyBytesMax: bytes.length })
      onIt.tell(bytes)
      expect(onIt.digests(() => onIt.tell(bytes))).toBe(1)
      const beyond = counted({ copyBytesMax: bytes.length - 1 })
      beyond.tell(bytes)
      expect(beyond.digests(() => beyond.tell(bytes))).toBe(some.length)
      const few = counted({ copiesMax: 2 })
      for (const text of some) few.tell(pushed([text]))
      const costs = some.toReversed().map((text) => few.digests(() => few.tell(pushed([text]))))
      expect(costs.slice(0, 2)).toEqual([1, 1])
      expect(costs[2]).toBeGreaterThan(1)
    },
  )
})

test('ids that are named below the root cost no digest each', { tags: ['SYN-17'] }, () => {
  const many = Array.from({ length: 20 }, (_, at) => revoked(mesh, person(1), at + 1))
  const { node, impostor, tell, digests } = counted({}, many)
  const nothing = { root: '0'.repeat(64), count: 0 }
  const removal = { root: 'a'.repeat(64), count: many.length }
  const heads: JsonObject = { checkpoint: nothing, removal, grant: nothing }
  tell(utf8(canonicalJson({ type: 'heads', heads, reply: false })))
  expect(impostor.last('ask')).toMatchObject({ part: 'removal', prefix: '' })
  const ids = many.map(idOf)
  const answer: JsonObject = { type: 'below', part: 'removal', prefix: '', ids, sums: [] }
  expect(digests(() => tell(utf8(canonicalJson(answer))))).toBe(1)
  expect(node.cuts).toEqual([])
  expect(impostor.count('want')).toBe(0)
})
