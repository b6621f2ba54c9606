import { realpathSync } from 'node:fs'
import type { Fact, FactReading, FactRefusal } from '@warren/policy'
import { honestPaths, pathAttempts } from '@warren/testkit'
import { describe, expect, test } from 'vitest'
import { factsOfPath, makeTree } from './path-tree.ts'

const ROOT = makeTree()
const DATA = `${ROOT}/data`

type PathFact = Extract<Fact, { asked: string }>

function pathFactOf(reading: FactReading | FactRefusal): PathFact {
  const fact = reading.status === 'known' ? reading.facts.get('path') : undefined
  if (fact === undefined || !('asked' in fact)) {
    throw new Error(`no fact: ${reading.status === 'refused' ? reading.code : 'absent'}`)
  }
  return fact
}

/** What `permit … when { path.ok && path.dirs.contains("/data") && !path.special }` says. */
function isAllowed(reading: FactReading | FactRefusal): boolean {
  if (reading.status === 'refused') return false
  const { ok, dirs, special } = pathFactOf(reading)
  return ok && dirs.includes(DATA) && !special
}

describe('attempts to leave the directory', () => {
  test.for(pathAttempts(ROOT))(
    '%j: %s',
    { tags: ['FCT-3', 'FCT-5', 'FCT-7', 'FCT-8', 'FCT-9', 'FCT-10', 'FCT-11'] },
    async ([asked, outcome]) => {
      const reading = await factsOfPath(ROOT, asked)
      expect(isAllowed(reading)).toBe(false)
      if (reading.status === 'refused') {
        expect(reading.code).toBe(outcome)
        expect(reading.sentence).toMatch(/^refused: the argument "path" [ -~]+$/)
      } else {
        const { dirs, special } = pathFactOf(reading)
        expect(dirs.includes(DATA) && special ? 'special' : 'outside').toBe(outcome)
      }
    },
  )
})

describe('honest paths', () => {
  test.for(honestPaths(ROOT))(
    '%s is allowed as data/%s',
    { tags: ['FCT-7', 'FCT-8', 'FCT-10'] },
    async ([asked, rest]) => {
      const reading = await factsOfPath(ROOT, asked)
      expect(isAllowed(reading)).toBe(true)
      const fact = pathFactOf(reading)
      expect(fact.asked).toBe(asked)
      expect(fact.real).toBe(rest === '' ? DATA : `${DATA}/${rest}`)
      if (fact.exists) expect(fact.real).toBe(realpathSync.native(fact.real))
    },
  )
})

describe('what a path fact says', () => {
  test('every directory above it, and itself', { tags: ['FCT-10'] }, async () => {
    const { dirs, name } = pathFactOf(await factsOfPath(ROOT, 'in/deep.txt'))
    expect(dirs).toEqual([
      '/',
      ...ROOT.slice(1)
        .split('/')
        .map((_, index, names) => `/${names.slice(0, index + 1).join('/')}`),
      DATA,
      `${DATA}/sub`,
      `${DATA}/sub/deep.txt`,
    ])
    expect(name).toBe('deep.txt')
  })

  test.for([
    ['notes.txt', { extension: 'txt', exists: true, viaSymlink: false, hidden: false }],
    ['UPPER.TXT', { extension: 'txt', name: 'UPPER.TXT' }],
    ['sub/inner/far.tar.gz', { extension: 'gz' }],
    ['.env', { hidden: true }],
    ['.env.local', { hidden: true, extension: 'local' }],
    ['.git/config', { exists: false, hidden: true, hardlinks: 0 }],
    ['in/deep.txt', { viaSymlink: true, exists: true, hardlinks: 1 }],
    ['dangling-in', { viaSymlink: true, exists: false, hardlinks: 0 }],
    ['sub', { hardlinks: 1, special: false, exists: true }],
    ['twice.txt', { hardlinks: 2, special: true }],
    ['hard.txt', { hardlinks: 2, special: true }],
    ['pipe', { special: true, pseudo: false }],
    ['null', { special: true, pseudo: true, real: '/dev/null' }],
    ['/proc/version', { special: true, pseudo: true }],
    ['/proc', { special: true, pseudo: true }],
    ['/sys/../proc/version', { special: true, pseudo: true }],
    ['/dev/missing', { special: true, pseudo: true, exists: false }],
    ['/process', { special: false, pseudo: false, exists: false }],
    ['/', { name: '', dirs: ['/'], exists: true, special: false }],
  ] as const)('of %s', { tags: ['FCT-10', 'FCT-11'] }, async ([asked, expected]) => {
    expect(pathFactOf(await factsOfPath(ROOT, asked))).toMatchObject(expected)
  })

  test.for(['no-extension', '.env'])(
    'of %s: a plain frozen record without absent values',
    { tags: ['FCT-3'] },
    async (asked) => {
      const fact = pathFactOf(await factsOfPath(ROOT, asked))
      expect(Object.isFrozen(fact) && Object.isFrozen(fact.dirs)).toBe(true)
      expect(Object.values(fact)).not.toContain(undefined)
      expect(Object.hasOwn(fact, 'extension')).toBe(false)
    },
  )

  test.for([
    ['a link', 'base-link'],
    ['below a link', 'data/in/inner'],
    ['missing', 'nowhere'],
    ['a file', 'data/notes.txt'],
  ])('nothing, when the base is %s', { tags: ['FCT-8'] }, async ([, base]) => {
    const reading = await factsOfPath(ROOT, 'notes.txt', { base: `${ROOT}/${base}` })
    expect(reading).toMatchObject({ status: 'refused', code: 'fact-path-base' })
  })
})
