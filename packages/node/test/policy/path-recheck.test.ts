import {
  appendFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FactReading } from '@warren/policy'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { layerOf } from './path-tree.ts'
import { reborn } from './reborn.ts'

let root = ''

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'warren-recheck-')))
  onTestFinished(() => rmSync(root, { recursive: true }))
  mkdirSync(join(root, 'data/sub'), { recursive: true })
  mkdirSync(join(root, 'data/other'))
  mkdirSync(join(root, 'outside/sub'), { recursive: true })
  for (const file of ['data/sub/a.txt', 'data/other/a.txt', 'outside/a.txt', 'outside/sub/a.txt']) {
    writeFileSync(join(root, file), file)
  }
  symlinkSync('sub', join(root, 'data/in'))
})

async function rechecked(path: string, change: () => void): Promise<string> {
  const layer = layerOf({ path: { type: 'path', base: `${root}/data` } })
  const reading = await layer.facts({ server: 'fs', tool: 'read', args: { path } })
  expect(reading.status).toBe('known')
  change()
  const refusal = await layer.recheck(reading as FactReading)
  return refusal?.code ?? 'unchanged'
}

function replaceByLink(path: string, target: string): void {
  rmSync(join(root, path), { recursive: true })
  symlinkSync(target, join(root, path))
}

test.for([
  ['sub/a.txt'],
  ['in/a.txt'],
  ['sub/../in/a.txt'],
  ['new.txt'],
  ['new/deep/x.txt'],
  ['.'],
] as const)(
  '%s stays what it was while nothing is exchanged',
  { tags: ['FCT-13'] },
  async ([path]) => {
    expect(await rechecked(path, () => undefined)).toBe('unchanged')
  },
)

test('a file may be written meanwhile', { tags: ['FCT-13'] }, async () => {
  const write = (): void => writeFileSync(join(root, 'data/sub/a.txt'), 'changed')
  expect(await rechecked('sub/a.txt', write)).toBe('unchanged')
})

test.for<readonly [what: string, path: string, change: () => void]>([
  ['the file by a link', 'sub/a.txt', () => replaceByLink('data/sub/a.txt', '../../outside/a.txt')],
  ['the directory by a link', 'sub/a.txt', () => replaceByLink('data/sub', '../outside/sub')],
  ['the directory by a link inside', 'sub/a.txt', () => replaceByLink('data/sub', 'other')],
  ['the link', 'in/a.txt', () => replaceByLink('data/in', '../outside/sub')],
  ['the link by another inside', 'in/a.txt', () => replaceByLink('data/in', 'other')],
  ['the target of the link', 'in/a.txt', () => replaceByLink('data/sub', '../outside/sub')],
  [
    'the base',
    'sub/a.txt',
    () => {
      renameSync(join(root, 'data'), join(root, 'old'))
      symlinkSync('outside', join(root, 'data'))
    },
  ],
  [
    'the file by another one',
    'sub/a.txt',
    () => renameSync(join(root, 'outside/a.txt'), join(root, 'data/sub/a.txt')),
  ],
  [
    'the directory by another one',
    'sub/a.txt',
    () => {
      renameSync(join(root, 'data/sub'), join(root, 'old'))
      renameSync(join(root, 'data/other'), join(root, 'data/sub'))
    },
  ],
  [
    'nothing by a link',
    'new.txt',
    () => symlinkSync('../outside/a.txt', join(root, 'data/new.txt')),
  ],
  ['nothing by a file', 'new.txt', () => writeFileSync(join(root, 'data/new.txt'), '')],
  [
    'a missing directory by a link',
    'new/x',
    () => symlinkSync('../outside', join(root, 'data/new')),
  ],
  ['the file by nothing', 'sub/a.txt', () => unlinkSync(join(root, 'data/sub/a.txt'))],
  [
    'one name by two',
    'sub/a.txt',
    () => linkSync(join(root, 'data/sub/a.txt'), join(root, 'outside/b.txt')),
  ],
])('exchanging %s is seen', { tags: ['FCT-13'] }, async ([, path, change]) => {
  expect(await rechecked(path, change)).toMatch(/^fact-path-(?:changed|base|not-directory)$/)
})

/** File systems take note of the time a few hundred times a second. */
const ATTEMPTS_MAX = 100_000
test.for<readonly [what: string, path: string, exchanged: string, make: (at: string) => void]>([
  ['a file', 'sub/a.txt', 'data/sub/a.txt', (at) => writeFileSync(at, 'another')],
  [
    'a file of the same text',
    'sub/a.txt',
    'data/sub/a.txt',
    (at) => writeFileSync(at, 'data/sub/a.txt'),
  ],
  ['a link to the same target', 'in/a.txt', 'data/in', (at) => symlinkSync('sub', at)],
  ['the directory of a new file', 'other/new.txt', 'data/other', (at) => mkdirSync(at)],
])(
  '%s that has the inode of the one before it, where inodes are given again, is another one',
  { tags: ['FCT-13', 'THR-54'] },
  async ([, path, exchanged, make]) => {
    if (exchanged === 'data/other') rmSync(join(root, 'data/other/a.txt'))
    const code = await rechecked(path, () => void reborn(join(root, exchanged), make))
    expect(code).toBe('fact-path-changed')
  },
)

test(
  'what is written, put aside and back, or lies in a directory in which others come and go is the same',
  { tags: ['FCT-13'] },
  async () => {
    const at = join(root, 'data/sub/a.txt')
    const before = lstatSync(at, { bigint: true })
    const write = (): void => {
      for (let count = 0; count < ATTEMPTS_MAX; count += 1) {
        appendFileSync(at, 'more')
        writeFileSync(join(root, 'data/sub/b.txt'), '')
        rmSync(join(root, 'data/sub/b.txt'))
        if (lstatSync(at, { bigint: true }).ctimeNs !== before.ctimeNs) break
      }
      renameSync(at, `${at}.old`)
      renameSync(`${at}.old`, at)
    }
    expect(await rechecked('in/a.txt', write)).toBe('unchanged')
    expect(lstatSync(at, { bigint: true }).ctimeNs).not.toBe(before.ctimeNs)
  },
)

test('a link that was put aside and back has been touched', { tags: ['FCT-13'] }, async () => {
  const at = join(root, 'data/in')
  const before = lstatSync(at, { bigint: true })
  const touch = (): void => {
    for (let count = 0; count < ATTEMPTS_MAX; count += 1) {
      renameSync(at, `${at}.old`)
      renameSync(`${at}.old`, at)
      if (lstatSync(at, { bigint: true }).ctimeNs !== before.ctimeNs) break
    }
  }
  expect(await rechecked('in/a.txt', touch)).toBe('fact-path-changed')
})
