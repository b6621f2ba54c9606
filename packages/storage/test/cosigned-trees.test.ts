import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openStore, type Store, type StoredTree } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from './temporary-directory.ts'

function tree(change: Partial<StoredTree> = {}): StoredTree {
  return {
    did: 'did:a',
    size: 7,
    signedSeconds: 1_000,
    cosignedSeconds: 1_001,
    checkpoint: 'seven',
    ...change,
  }
}

async function storeAt(): Promise<{ path: string; store: Store }> {
  const path = join(await temporaryDirectory(), 'warren.db')
  return { path, store: opened(path) }
}

function opened(path: string): Store {
  const store = openStore(path)
  onTestFinished(() => store.close())
  return store
}

function refusal(code: string): unknown {
  return expect.objectContaining({ name: 'StorageError', code })
}

test('of each log the newest tree is kept, over a restart too', { tags: ['STO-24'] }, async () => {
  const { path, store } = await storeAt()
  expect(store.cosignedTrees.get('did:a')).toBeUndefined()
  const [first, second, other] = [
    tree(),
    tree({ size: 8, checkpoint: 'eight' }),
    tree({ did: 'did:b' }),
  ]
  store.cosignedTrees.advance(first, undefined)
  store.cosignedTrees.advance(second, first)
  store.cosignedTrees.advance(other, undefined)
  store.close()
  const { cosignedTrees } = opened(path)
  expect(cosignedTrees.get('did:a')).toEqual(second)
  expect(cosignedTrees.after('', 10_001)).toEqual([second, other])
})

test.for([
  { name: 'the same tree at the same time', change: {} },
  { name: 'the same tree later', change: { cosignedSeconds: 1_002 } },
  { name: 'a larger tree', change: { size: 8 } },
])('$name is taken', { tags: ['STO-24'] }, async ({ change }) => {
  const { cosignedTrees } = (await storeAt()).store
  cosignedTrees.advance(tree(), undefined)
  cosignedTrees.advance(tree(change), tree())
  expect(cosignedTrees.get('did:a')).toEqual(tree(change))
})

test.for([
  { name: 'a smaller tree', change: { size: 6 }, code: 'cosigned-tree-goes-back' },
  { name: 'an earlier time', change: { cosignedSeconds: 1_000 }, code: 'cosigned-tree-goes-back' },
  { name: 'a size that is none', change: { size: -1 }, code: 'record-malformed' },
  {
    name: 'a checkpoint that is too long',
    change: { checkpoint: 'x'.repeat(65_537) },
    code: 'record-too-long',
  },
])('$name is refused and changes nothing', { tags: ['STO-24'] }, async ({ change, code }) => {
  const { cosignedTrees } = (await storeAt()).store
  cosignedTrees.advance(tree(), undefined)
  expect(() => cosignedTrees.advance(tree(change), tree())).toThrow(refusal(code))
  expect(cosignedTrees.get('did:a')).toEqual(tree())
})

test(
  'of two that have read the same, one is told to look again',
  { tags: ['STO-24'] },
  async () => {
    const { path, store } = await storeAt()
    const beside = opened(path)
    store.cosignedTrees.advance(tree(), undefined)
    expect(() => beside.cosignedTrees.advance(tree({ checkpoint: 'other' }), undefined)).toThrow(
      refusal('cosigned-tree-moved'),
    )
    store.cosignedTrees.advance(tree({ size: 8 }), tree())
    expect(() => beside.cosignedTrees.advance(tree({ size: 9 }), tree())).toThrow(
      refusal('cosigned-tree-moved'),
    )
    expect(store.cosignedTrees.after('', 10_001)).toEqual([tree({ size: 8 })])
  },
)

test(
  'the last place is given, and nobody is forgotten for one more',
  { tags: ['STO-24'] },
  async () => {
    const { path, store } = await storeAt()
    const database = new DatabaseSync(path)
    database.exec(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
     INSERT INTO cosigned_tree SELECT 'did:' || i, 1, 1, 1, 'one' FROM n`,
    )
    database.close()
    const { cosignedTrees } = store
    cosignedTrees.advance(tree(), undefined)
    expect(() => cosignedTrees.advance(tree({ did: 'did:b' }), undefined)).toThrow(
      refusal('cosigned-trees-full'),
    )
    expect(cosignedTrees.after('', 10_001)).toHaveLength(10_000)
    cosignedTrees.advance(tree({ size: 8 }), tree())
    expect(cosignedTrees.get('did:a')?.size).toBe(8)
  },
)

test.for([
  { behind: '', countMax: 9, dids: ['did:a', 'did:b', 'did:c'] },
  { behind: '', countMax: 3, dids: ['did:a', 'did:b', 'did:c'] },
  { behind: '', countMax: 2, dids: ['did:a', 'did:b'] },
  { behind: 'did:a', countMax: 1, dids: ['did:b'] },
  { behind: 'did:aa', countMax: 9, dids: ['did:b', 'did:c'] },
  { behind: 'did:c', countMax: 9, dids: [] },
])(
  'behind "$behind" come, of at most $countMax, $dids',
  { tags: ['STO-24'] },
  async ({ behind, countMax, dids }) => {
    const { cosignedTrees } = (await storeAt()).store
    for (const did of ['did:c', 'did:a', 'did:b']) cosignedTrees.advance(tree({ did }), undefined)
    expect(cosignedTrees.after(behind, countMax).map(({ did }) => did)).toEqual(dids)
  },
)
