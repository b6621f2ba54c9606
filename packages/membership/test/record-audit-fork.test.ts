import { canonicalJson } from '@warren/core'
import { appendRotation } from '@warren/identity'
import { type RecordSet, standingOf } from '@warren/membership'
import { expect, test } from 'vitest'
import { auditFork, twoRoots } from './audit-forks.ts'
import { edited, HOUR_MS, NOW_MS, suite } from './builders.ts'
import {
  grant,
  idOf,
  person,
  refusedCode,
  revoked,
  withAll,
  witnessedMesh,
} from './record-builders.ts'
import { SyncLab, SyncNode } from './sync-pair.ts'

const mesh = witnessedMesh()
const [one, two, stranger] = [person(0), person(1), person(2)]
const members = withAll(mesh.empty, grant(mesh, one).text, grant(mesh, two).text)
const proof = auditFork(mesh, one)

function rootsOf(set: RecordSet): readonly string[] {
  return (['checkpoint', 'removal', 'grant'] as const).map((part) => set.trie(part).root)
}

test('it is taken up, says what it shows, and takes nothing away', { tags: ['REC-17'] }, () => {
  const set = withAll(members, proof)
  expect(set.get(idOf(proof))).toMatchObject({
    type: 'audit-fork',
    did: one.did,
    kind: 'two-roots',
    sizes: [7, 7],
  })
  expect(set.tables.auditForks.get(one.log.scid)?.text).toBe(proof)
  expect(standingOf(set, one.did, NOW_MS)).toEqual(standingOf(members, one.did, NOW_MS))
  expect(set.trie('removal').root).toBe(members.trie('removal').root)
})

test(
  'it holds for a member that was revoked, and after a rotation of its keys',
  { tags: ['REC-17'] },
  () => {
    const rotated = appendRotation({
      suite,
      identity: two,
      nowMs: NOW_MS + HOUR_MS,
      replace: ['assertion', 'mlDsa'],
    })
    expect(refusedCode(withAll(members, revoked(mesh, two)), auditFork(mesh, two))).toBeUndefined()
    expect(refusedCode(members, auditFork(mesh, two, { keyLog: rotated.log.text }))).toBeUndefined()
    expect(refusedCode(members, auditFork(mesh, rotated))).toBeUndefined()
  },
)

test('of somebody who never was a member it waits for a membership', { tags: ['REC-17'] }, () => {
  const text = auditFork(mesh, stranger)
  const { refused } = members.accept([text])
  expect(refused).toMatchObject([{ isOpen: true, error: { code: 'signer-unknown' } }])
  const both = members.accept([text, grant(mesh, stranger).text])
  expect(both.refused).toEqual([])
  expect(both.set.tables.auditForks.has(stranger.log.scid)).toBe(true)
})

const honest = twoRoots(one)
const [head] = honest.checkpoints

test.for([
  {
    name: 'shown with the key log of another',
    text: auditFork(mesh, one, { keyLog: two.log.text }),
    code: 'record-malformed',
  },
  { name: 'said of another', text: auditFork(mesh, one, { of: two }), code: 'record-malformed' },
  {
    name: 'with a checkpoint twice',
    text: auditFork(mesh, one, { evidence: { ...honest, checkpoints: [head, head] } }),
    code: 'record-unproved',
  },
  {
    name: 'of another kind',
    text: auditFork(mesh, one, { evidence: { ...honest, kind: 'went-back' } }),
    code: 'record-unproved',
  },
  {
    name: 'without a line',
    text: auditFork(mesh, one, {
      evidence: { ...honest, checkpoints: [{ ...head, lines: head.lines.slice(0, 1) }, head] },
    }),
    code: 'record-malformed',
  },
  {
    name: 'signed by another',
    text: auditFork(mesh, one, { evidence: forgedBy() }),
    code: 'record-unproved',
  },
  {
    name: 'with a key log that is none',
    text: auditFork(mesh, one, { keyLog: 'none\n' }),
    code: 'record-unproved',
  },
  {
    name: 'without its proof',
    text: edited(proof, (record) => void Reflect.deleteProperty(record, 'proof')),
    code: 'record-malformed',
  },
  {
    name: 'with a member too many',
    text: edited(proof, (record) => void (record['extra'] = 1)),
    code: 'record-malformed',
  },
  {
    name: 'of another mesh',
    text: edited(proof, (record) => void (record['mesh'] = idOf(proof))),
    code: 'record-foreign',
  },
  { name: 'that is too long', text: `${proof}${' '.repeat(262_144)}`, code: 'record-too-large' },
])('one $name is refused', { tags: ['THR-37', 'REC-17', 'REC-1'] }, ({ text, code }) => {
  expect(refusedCode(members, text)).toBe(code)
})

function forgedBy(): typeof honest {
  const { checkpoints } = twoRoots(two)
  const rename = (at: 0 | 1): typeof head => {
    const name = head.origin
    const { lines, ...rest } = checkpoints[at]
    return { ...rest, origin: name, lines: lines.map((line) => ({ ...line, name })) }
  }
  return { ...honest, checkpoints: [rename(0), rename(1)] }
}

test(
  'there is one of each member, and its root does not depend on what came first',
  { tags: ['THR-37', 'REC-18'] },
  () => {
    const other = auditFork(mesh, one, { size: 9 })
    expect(idOf(other)).toBe(idOf(proof))
    const [left, right] = [withAll(members, proof), withAll(members, other)]
    const [there, back] = [left.merge(right), right.merge(left)]
    expect(rootsOf(there)).toEqual(rootsOf(back))
    expect(rootsOf(there)).toEqual(rootsOf(left))
    expect(there.size).toBe(left.size)
    expect(left.accept([other])).toMatchObject({ added: [], refused: [] })
    const both = withAll(left, auditFork(mesh, two))
    expect(both.size).toBe(left.size + 1)
  },
)

test(
  'it reaches every node, and one that knew no member learns of both',
  { tags: ['REC-17', 'REC-18'] },
  () => {
    const nodes = [
      new SyncNode('a', withAll(members, proof)),
      new SyncNode('b', withAll(members, auditFork(mesh, one, { size: 9 }))),
      new SyncNode('c', mesh.empty),
    ] as const
    const lab = new SyncLab()
    lab.connect(nodes[0], nodes[1])
    lab.connect(nodes[1], nodes[2])
    lab.settle()
    for (let round = 0; round < 4; round += 1) {
      lab.pass(5_000, ...nodes)
      lab.settle()
    }
    for (const { set, cuts } of nodes) {
      expect(set.tables.auditForks.get(one.log.scid)?.kind).toBe('two-roots')
      expect(rootsOf(set)).toEqual(rootsOf(nodes[0].set))
      expect(cuts).toEqual([])
    }
    expect(canonicalJson([...nodes[2].set.records()].map(({ type }) => type).toSorted())).toBe(
      '["audit-fork","membership","membership"]',
    )
  },
)
