import { standingOf } from '@warren/membership'
import { expect, test } from 'vitest'
import { NOW_MS } from './builders.ts'
import { grant, person, revoked, withAll, witnessedMesh } from './record-builders.ts'
import { SyncLab, SyncNode } from './sync-pair.ts'

test('a newcomer has fetched every removal before its connection settles', () => {
  const mesh = witnessedMesh({ witnesses: 0 })
  const known = withAll(mesh.empty, grant(mesh, person(0)).text, revoked(mesh, person(0)))
  const [old, young] = [new SyncNode('old', known), new SyncNode('young', mesh.empty)]
  const lab = new SyncLab()
  const link = lab.connect(old, young)
  lab.settle()
  expect([old.settled, young.settled]).toEqual([[link], [link]])
  expect(young.cuts).toEqual([])
  expect(young.sync.set.trie('removal').root).toBe(known.trie('removal').root)
  expect(young.sync.set.trie('grant').root).toBe(known.trie('grant').root)
  expect(standingOf(young.sync.set, person(0).did, NOW_MS).status).toBe('revoked')
})

test('a new removal reaches every neighbour at once, and those behind them', () => {
  const mesh = witnessedMesh()
  const start = withAll(mesh.empty, grant(mesh, person(0)).text)
  const nodes = ['a', 'b', 'c'].map((name) => new SyncNode(name, start))
  const lab = new SyncLab()
  const [a, b, c] = nodes
  if (a === undefined || b === undefined || c === undefined) throw new Error('three nodes')
  lab.connect(a, b)
  lab.connect(b, c)
  lab.settle()
  lab.submit(a, revoked(mesh, person(0)))
  lab.settle()
  for (const node of nodes) {
    expect(standingOf(node.sync.set, person(0).did, NOW_MS).status).toBe('revoked')
    expect(node.changed).toEqual([[person(0).did]])
  }
})
