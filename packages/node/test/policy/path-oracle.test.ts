import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FactLayer } from '@warren/policy'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { layerOf } from './path-tree.ts'

/** `WARREN_PATH_CASES=15000` tries 60,000 paths in all. */
const CASES = Number(process.env['WARREN_PATH_CASES'] ?? 500)
const NAMES = ['a', 'b', 'c', 'd', 'link', 'over', 'back', 'new']
const SEGMENTS = [...NAMES, ...NAMES, '..', '..', '..', '.', '', 'missing']

/** Directories, files and links, some of them leading out, up, in circles and nowhere. */
function randomTree(seed: number): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'warren-oracle-')))
  afterAll(() => rmSync(root, { recursive: true }))
  const places = ['data', 'outside', 'outside/a']
  mkdirSync(join(root, 'outside/a'), { recursive: true })
  mkdirSync(join(root, 'data'))
  const random = fc.sample(fc.nat(1_000_000), { seed, numRuns: 400 })
  const next = (bound: number): number => (random.pop() ?? 0) % bound
  for (let made = 0; made < 60; made += 1) {
    const place = `${places[next(places.length)]}/${NAMES[next(NAMES.length)]}`
    const path = join(root, place)
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue
    const kind = next(5)
    if (kind === 0) writeFileSync(path, '')
    else if (kind < 3) {
      mkdirSync(path)
      places.push(place)
    } else {
      const up = '../'.repeat(next(4))
      const target = `${next(3) === 0 ? `${root}/` : up}${places[next(places.length)]}`
      symlinkSync(next(4) === 0 ? `${up}${NAMES[next(NAMES.length)]}` : target, path)
    }
  }
  return root
}

/** Where the kernel ends up: what is there, or what it makes when it is told to. */
function kernelsWord(path: string, real: string): string | undefined {
  try {
    return realpathSync.native(path)
  } catch {
    // Nothing there: let the kernel make it.
  }
  try {
    const fd = openSync(path, constants.O_CREAT | constants.O_WRONLY)
    const made = fstatSync(fd)
    closeSync(fd)
    const isSame = lstatSync(real, { throwIfNoEntry: false })?.ino === made.ino
    const where = realpathSync.native(path)
    unlinkSync(where)
    return isSame ? where : `${where}, and not ${real}`
  } catch {
    // No directory to make it in: the kernel has no word on it.
    return undefined
  }
}

async function realOf(layer: FactLayer, path: string): Promise<string | undefined> {
  const reading = await layer.facts({ server: 'fs', tool: 'read', args: { path } })
  const fact = reading.status === 'known' ? reading.facts.get('path') : undefined
  return fact !== undefined && 'real' in fact ? fact.real : undefined
}

test.for([11, 12, 13, 14])(
  'every path that is let through leads where the kernel says, in the random tree of seed %i',
  { tags: ['FCT-8', 'FCT-9'], timeout: 300_000 },
  async (seed) => {
    const root = randomTree(seed)
    const layer = layerOf({ path: { type: 'path', base: `${root}/data` } })
    const segments = fc.array(fc.constantFrom(...SEGMENTS), { minLength: 1, maxLength: 9 })
    let confirmed = 0
    await fc.assert(
      fc.asyncProperty(segments, fc.boolean(), async (names, isAbsolute) => {
        const text = names.join('/')
        fc.pre(text !== '' && !text.startsWith('/'))
        const asked = isAbsolute ? `${root}/data/${text}` : text
        const real = await realOf(layer, asked)
        if (real === undefined) {
          // Without a ".." nothing is ambiguous: what the kernel finds is let through.
          if (!names.includes('..')) {
            expect(() => realpathSync.native(`${root}/data/${text}`), asked).toThrow(/ENO|ELOOP/)
          }
          return
        }
        const word = kernelsWord(`${root}/data/${text}`, real)
        if (word === undefined) return
        confirmed += 1
        expect(real, asked).toBe(word)
      }),
      { seed, numRuns: CASES },
    )
    expect(confirmed).toBeGreaterThan(CASES / 10)
  },
)
