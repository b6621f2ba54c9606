import { realpathSync } from 'node:fs'
import type { Fact, FactReading, FactRefusal } from '@warren/policy'
import { describe, expect, test } from 'vitest'
import { factsOfPath, makeTree } from './path-tree.ts'

const ROOT = makeTree()
const DATA = `${ROOT}/data`
/** Steps up to the root from the base, and more. */
const UP = '../'.repeat(20)

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
  test.for([
    // Dots.
    ['..', 'outside'],
    ['../outside/secret.txt', 'outside'],
    ['../data-evil/x.txt', 'outside'],
    [`${DATA}/../outside/secret.txt`, 'outside'],
    [`${DATA}-evil/x.txt`, 'outside'],
    ['./.././outside/secret.txt', 'outside'],
    ['sub/../../outside/secret.txt', 'outside'],
    ['sub//..//..//outside/secret.txt', 'outside'],
    [`${UP}etc/passwd`, 'outside'],
    ['/etc/passwd', 'outside'],
    ['/', 'outside'],
    ['/..', 'outside'],
    ['missing/../../outside/secret.txt', 'fact-path-missing-parent'],
    ['missing/../notes.txt', 'fact-path-missing-parent'],
    ['notes.txt/..', 'fact-path-not-directory'],
    ['notes.txt/../../outside/secret.txt', 'fact-path-not-directory'],
    ['notes.txt/', 'fact-path-not-directory'],
    ['notes.txt/.', 'fact-path-not-directory'],
    ['...', 'fact-path-name'],
    ['.../secret.txt', 'fact-path-name'],
    ['..../..../secret.txt', 'fact-path-name'],
    // Links.
    ['out/secret.txt', 'outside'],
    ['out', 'outside'],
    ['out/', 'outside'],
    ['out-file', 'outside'],
    ['out-absolute/secret.txt', 'outside'],
    ['via-via', 'outside'],
    ['dangling-out', 'outside'],
    ['dangling-far', 'outside'],
    ['up', 'outside'],
    ['up/outside/secret.txt', 'outside'],
    ['root/etc/passwd', 'outside'],
    ['in/back/secret.txt', 'outside'],
    ['here/here/here/out/secret.txt', 'outside'],
    ['out/../notes.txt', 'fact-path-ambiguous'],
    ['out/../outside/secret.txt', 'fact-path-ambiguous'],
    ['out/../data/notes.txt', 'fact-path-ambiguous'],
    ['in-deep/../deep.txt', 'fact-path-ambiguous'],
    ['in/inner/../../out/secret.txt', 'outside'],
    ['in-absolute/../../notes.txt', 'fact-path-ambiguous'],
    ['up/..', 'fact-path-ambiguous'],
    ['dangling-in/../x', 'fact-path-missing-parent'],
    ['dangling-out/..', 'fact-path-missing-parent'],
    ['loop-a', 'fact-path-links'],
    ['loop-b/x', 'fact-path-links'],
    ['self', 'fact-path-links'],
    ['self/../notes.txt', 'fact-path-links'],
    ['chain-41-1', 'fact-path-links'],
    ['slashed', 'fact-path-not-directory'],
    [`${'sub/../'.repeat(300)}notes.txt`, 'fact-path-steps'],
    // What a process sees and another does not.
    ['/proc/self/root/etc/passwd', 'fact-path-process'],
    [`/proc/self/root${DATA}/notes.txt`, 'fact-path-process'],
    ['/proc/self/cwd/x', 'fact-path-process'],
    ['/proc/thread-self/root', 'fact-path-process'],
    ['/proc/1/root/etc/passwd', 'fact-path-process'],
    ['/dev/fd/0', 'fact-path-process'],
    ['stdin', 'fact-path-process'],
    ['proc-root/etc/passwd', 'fact-path-process'],
    ['proc-cwd/x', 'fact-path-process'],
    ['/proc/version', 'outside'],
    ['/sys/kernel', 'outside'],
    ['null', 'outside'],
    // Files with several names, and what is no file.
    ['hard.txt', 'special'],
    ['twice.txt', 'special'],
    ['pipe', 'special'],
    // Encodings.
    ['%2e%2e/outside/secret.txt', 'fact-path-encoded'],
    ['..%2foutside%2fsecret.txt', 'fact-path-encoded'],
    ['..%2Foutside', 'fact-path-encoded'],
    ['%252e%252e/outside', 'fact-path-encoded'],
    ['..%c0%afoutside', 'fact-path-encoded'],
    ['%c0%ae%c0%ae/outside', 'fact-path-encoded'],
    ['%u002e%u002e/outside', 'fact-path-encoded'],
    ['notes.txt%00.png', 'fact-path-encoded'],
    ['..%5coutside', 'fact-path-encoded'],
    ['..\\outside\\secret.txt', 'fact-path-backslash'],
    ['sub\\..\\..\\outside', 'fact-path-backslash'],
    // Characters.
    ['notes.txt\0', 'fact-characters'],
    ['notes.txt\0/../../outside', 'fact-characters'],
    ['notes\n.txt', 'fact-characters'],
    ['notes\u007F.txt', 'fact-characters'],
    ['notes\u0085.txt', 'fact-characters'],
    ['..\u200B/outside', 'fact-characters'],
    ['.\u200D./outside', 'fact-characters'],
    ['notes\u202Etxt.exe', 'fact-characters'],
    ['\uFEFF../outside', 'fact-characters'],
    ['notes\u{E0041}.txt', 'fact-characters'],
    ['notes\u00AD.txt', 'fact-characters'],
    ['notes\u3164.txt', 'fact-characters'],
    ['.\uFE0F./outside', 'fact-characters'],
    ['notes\uF022.txt', 'fact-characters'],
    ['notes\uD800.txt', 'fact-characters'],
    ['\uFF0E\uFF0E/outside/secret.txt', 'fact-path-lookalike'],
    ['\u2025/outside/secret.txt', 'fact-path-lookalike'],
    ['.\u2024/outside', 'fact-path-lookalike'],
    ['..\uFF0Foutside', 'fact-path-lookalike'],
    ['..\uFF3Coutside', 'fact-path-lookalike'],
    ['\u2100/secret.txt', 'fact-path-lookalike'],
    ['\uFF5E/secret.txt', 'fact-path-lookalike'],
    ['notes.txt\u2024', 'fact-path-lookalike'],
    ['%\uFF12e%\uFF12e/outside', 'fact-path-lookalike'],
    // Expansions, schemes, drives, streams, devices.
    ['~/.ssh/id_ed25519', 'fact-path-expansion'],
    ['~root/x', 'fact-path-expansion'],
    ['$HOME/.ssh/id_ed25519', 'fact-path-expansion'],
    ['${HOME}/x', 'fact-path-expansion'],
    ['sub/$(id)', 'fact-path-expansion'],
    ['sub/`id`', 'fact-path-expansion'],
    ['file:///etc/passwd', 'outside'],
    [`file://${DATA}/../outside/secret.txt`, 'fact-path-ambiguous'],
    [`file:///../..${DATA}/notes.txt`, 'fact-path-ambiguous'],
    [`file://${DATA}/./notes.txt`, 'fact-path-ambiguous'],
    ['file:///%2e%2e/etc/passwd', 'fact-path-encoded'],
    [`file://${DATA}%2f..%2foutside`, 'fact-path-encoded'],
    [`file://${DATA}/%252e%252e/outside`, 'fact-path-encoded'],
    [`file://${DATA}/%ff`, 'fact-path-encoded'],
    [`file://${DATA}/%0A`, 'fact-characters'],
    [`file://${DATA}/notes.txt?x`, 'fact-path-scheme'],
    [`file://${DATA}/notes.txt#x`, 'fact-path-scheme'],
    ['file://localhost/etc/passwd', 'fact-path-scheme'],
    ['file:/etc/passwd', 'fact-path-scheme'],
    ['FILE:///etc/passwd', 'fact-path-scheme'],
    ['file:////etc/passwd', 'fact-path-scheme'],
    ['http://localhost/etc/passwd', 'fact-path-scheme'],
    ['data:text/plain,x', 'fact-path-scheme'],
    ['C:/Windows/win.ini', 'fact-path-scheme'],
    ['c:notes.txt', 'fact-path-scheme'],
    ['//server/share/x', 'fact-path-scheme'],
    ['\\\\server\\share', 'fact-path-backslash'],
    ['notes.txt::$DATA', 'fact-path-scheme'],
    ['sub:$', 'fact-path-scheme'],
    ['1sub:$', 'fact-path-name'],
    ['sub/con', 'fact-path-name'],
    ['NUL', 'fact-path-name'],
    ['nul.txt', 'fact-path-name'],
    ['com1', 'fact-path-name'],
    ['COM¹.log', 'fact-path-name'],
    ['lpt³', 'fact-path-name'],
    ['conin$', 'fact-path-name'],
    ['aux .txt', 'fact-path-name'],
    ['notes.txt.', 'fact-path-name'],
    ['notes.txt ', 'fact-path-name'],
    ['notes.txt\u00A0', 'fact-path-name'],
    ['sub ./deep.txt', 'fact-path-name'],
    ['.. /outside/secret.txt', 'fact-path-name'],
    [' /etc/passwd', 'fact-path-name'],
    [' ../outside/secret.txt', 'fact-path-name'],
    // Lengths and shapes.
    ['', 'fact-path-empty'],
    ['x'.repeat(256), 'fact-too-long'],
    ['日'.repeat(86), 'fact-too-long'],
    [`${'x/'.repeat(2048)}y`, 'fact-too-long'],
    [7, 'fact-argument-shape'],
    [null, 'fact-argument-shape'],
    [['notes.txt'], 'fact-argument-shape'],
    [{ path: 'notes.txt' }, 'fact-argument-shape'],
  ] as const)(
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
  test.for([
    ['notes.txt', 'notes.txt'],
    ['./notes.txt', 'notes.txt'],
    [`${DATA}/notes.txt`, 'notes.txt'],
    [`file://${DATA}/notes.txt`, 'notes.txt'],
    [`file://${DATA}/with%20space.txt`, 'with space.txt'],
    [`file://${DATA}/100%25.txt`, '100%.txt'],
    ['.', ''],
    ['./', ''],
    [DATA, ''],
    [`${DATA}/`, ''],
    ['sub', 'sub'],
    ['sub/', 'sub'],
    ['sub/deep.txt', 'sub/deep.txt'],
    ['sub//deep.txt', 'sub/deep.txt'],
    ['sub/./inner/../deep.txt', 'sub/deep.txt'],
    ['sub/../notes.txt', 'notes.txt'],
    ['../data/notes.txt', 'notes.txt'],
    [`${UP}${DATA.slice(1)}/notes.txt`, 'notes.txt'],
    ['in', 'sub'],
    ['in/deep.txt', 'sub/deep.txt'],
    ['in/../notes.txt', 'notes.txt'],
    ['in-absolute/far.tar.gz', 'sub/inner/far.tar.gz'],
    ['in-file', 'sub/deep.txt'],
    ['here/notes.txt', 'notes.txt'],
    ['up/data/notes.txt', 'notes.txt'],
    ['sub/up-and-in/far.tar.gz', 'sub/inner/far.tar.gz'],
    ['chain-40-1', 'notes.txt'],
    [`${ROOT}/outside/to-data`, 'notes.txt'],
    [`${ROOT}/base-link/notes.txt`, 'notes.txt'],
    ['dangling-in', 'sub/new.txt'],
    ['sub/brand-new/file.txt', 'sub/brand-new/file.txt'],
    ['brand-new/', 'brand-new'],
    ['with space.txt', 'with space.txt'],
    ['Ünï/ß.txt', 'Ünï/ß.txt'],
    ['日本語.md', '日本語.md'],
    ['emoji \u{1F600}.txt', 'emoji \u{1F600}.txt'],
    ['100% sure.txt', '100% sure.txt'],
    ['price$5.txt', 'price$5.txt'],
    ["it's.txt", "it's.txt"],
    ['a,b;c=d@e+f!(1)[2]{3}.txt', 'a,b;c=d@e+f!(1)[2]{3}.txt'],
    ['#1.txt', '#1.txt'],
    ['-rf', '-rf'],
    ['..data', '..data'],
    ['console.log', 'console.log'],
    ['2026-11-28T01:18.log', '2026-11-28T01:18.log'],
    ['a.b/c', 'a.b/c'],
    ['x'.repeat(255), 'x'.repeat(255)],
    ['.env', '.env'],
  ])('%s is allowed as data/%s', { tags: ['FCT-7', 'FCT-8', 'FCT-10'] }, async ([asked, rest]) => {
    const reading = await factsOfPath(ROOT, asked)
    expect(isAllowed(reading)).toBe(true)
    const fact = pathFactOf(reading)
    expect(fact.asked).toBe(asked)
    expect(fact.real).toBe(rest === '' ? DATA : `${DATA}/${rest}`)
    if (fact.exists) expect(fact.real).toBe(realpathSync.native(fact.real))
  })
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
