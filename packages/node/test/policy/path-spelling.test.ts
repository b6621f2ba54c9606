import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FactDeclarations, FactLayer, type FileStatus, type FileTree } from '@warren/policy'
import { afterAll, expect, test } from 'vitest'
import { nodeFactPorts } from '../../src/policy/fact-ports.ts'
import { NodeFileTree } from '../../src/policy/node-file-tree.ts'

const ROOT = realpathSync(mkdtempSync(join(tmpdir(), 'warren-spelling-')))
afterAll(() => rmSync(ROOT, { recursive: true }))
const NFC = 'caf\u00E9'
const NFD = 'cafe\u0301'
for (const directory of ['one', 'two']) mkdirSync(join(ROOT, directory))
for (const name of ['secret', '123', NFC, 'straße']) writeFileSync(join(ROOT, 'one', name), '')
for (const name of ['secret', 'SECRET', NFC, NFD]) writeFileSync(join(ROOT, 'two', name), '')
symlinkSync('secret', join(ROOT, 'two/link'))

/** A file system that takes every spelling of a name for the one that is stored. */
class FoldingTree implements FileTree {
  readonly #tree = new NodeFileTree()
  readonly #fold: (name: string) => string

  constructor(fold: (name: string) => string) {
    this.#fold = fold
  }

  async lstat(path: string): Promise<FileStatus | undefined> {
    return this.#tree.lstat(this.#stored(path))
  }

  async readlink(path: string): Promise<string> {
    return this.#tree.readlink(this.#stored(path))
  }

  /** Folds what lies in the one directory, and nothing above it. */
  #stored(path: string): string {
    const base = `${ROOT}/one/`
    return path.startsWith(base) ? `${base}${this.#fold(path.slice(base.length))}` : path
  }
}

async function outcomeOf(files: FileTree, path: string): Promise<string> {
  const declarations = FactDeclarations.read({ 'fs/read': { path: { type: 'path', base: ROOT } } })
  const layer = new FactLayer(declarations, { ...nodeFactPorts(), files })
  const reading = await layer.facts({ server: 'fs', tool: 'read', args: { path } })
  return reading.status === 'refused' ? reading.code : reading.status
}

const noCase = new FoldingTree((name) => name.toLowerCase())
const noForm = new FoldingTree((name) => name.normalize('NFC'))

test.for([
  ['one/secret', 'fact-path-spelling'],
  ['one/SECRET', 'fact-path-spelling'],
  ['one/Secret', 'fact-path-spelling'],
  ['one/123', 'known'],
  ['one/missing', 'known'],
  ['two/secret', 'known'],
] as const)(
  'where case makes no difference, %s: %s',
  { tags: ['FCT-12'] },
  async ([path, outcome]) => {
    expect(await outcomeOf(noCase, path)).toBe(outcome)
  },
)

test.for([
  [NFC, 'fact-path-spelling'],
  [NFD, 'fact-path-spelling'],
  ['secret', 'known'],
] as const)(
  'where the Unicode form makes no difference, %s: %s',
  { tags: ['FCT-12'] },
  async ([name, outcome]) => {
    expect(await outcomeOf(noForm, `one/${name}`)).toBe(outcome)
  },
)

test.for([
  'one/secret',
  `one/${NFC}`,
  `one/${NFD}`,
  'one/straße',
  'two/secret',
  'two/SECRET',
  'two/link',
])(
  'where each spelling is a file of its own, %s can be told',
  { tags: ['FCT-12'] },
  async (path) => {
    expect(await outcomeOf(new NodeFileTree(), path)).toBe('known')
  },
)
