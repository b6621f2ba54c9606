import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Links in a row, the last one to a file: as many as the kernel follows, and one more. */
const CHAINS = [40, 41]

/**
 * Makes in an empty directory one that callers may read, `data`, among others that they may not. Each file holds
 * `content of <its place>`.
 */
export function growPathTree(root: string): void {
  for (const directory of ['data/sub/inner', 'data/Ünï', 'data/a.b', 'data-evil', 'outside/deep']) {
    mkdirSync(join(root, directory), { recursive: true })
  }
  for (const file of FILES) writeFileSync(join(root, file), `content of ${file}`)
  for (const [name, target] of LINKS) symlinkSync(target.replace('ROOT', root), join(root, name))
  for (const length of CHAINS) chain(root, length)
  linkSync(join(root, 'outside/secret.txt'), join(root, 'data/hard.txt'))
  linkSync(join(root, 'data/twice.txt'), join(root, 'data/twice-2.txt'))
  execFileSync('mkfifo', [join(root, 'data/pipe')])
}

const FILES = [
  'notes.txt',
  'with space.txt',
  'sub/deep.txt',
  'sub/inner/far.tar.gz',
  '.env',
  'twice.txt',
  'Ünï/ß.txt',
  '日本語.md',
  '100%.txt',
  '100% sure.txt',
  'a.b/c',
  'price$5.txt',
  "it's.txt",
  'a,b;c=d@e+f!(1)[2]{3}.txt',
  '#1.txt',
  'no-extension',
  'UPPER.TXT',
  '..data',
  'console.log',
  '2026-11-28T01:18.log',
  '-rf',
  'emoji \u{1F600}.txt',
  'x'.repeat(255),
]
  .map((name) => `data/${name}`)
  .concat('data-evil/x.txt', 'outside/secret.txt', 'outside/notes.txt', 'outside/deep/x.txt')

const LINKS: readonly (readonly [name: string, target: string])[] = [
  ['data/out', '../outside'],
  ['data/out-file', '../outside/secret.txt'],
  ['data/out-absolute', 'ROOT/outside'],
  ['data/in', 'sub'],
  ['data/in-absolute', 'ROOT/data/sub/inner'],
  ['data/in-deep', 'sub/inner'],
  ['data/in-file', 'sub/deep.txt'],
  ['data/dangling-in', 'sub/new.txt'],
  ['data/dangling-out', '../outside/new.txt'],
  ['data/dangling-far', '../nowhere/new.txt'],
  ['data/via-via', 'out-file'],
  ['data/loop-a', 'loop-b'],
  ['data/loop-b', 'loop-a'],
  ['data/self', 'self'],
  ['data/up', '..'],
  ['data/root', '/'],
  ['data/here', '.'],
  ['data/proc-root', '/proc/self/root'],
  ['data/proc-cwd', '/proc/self/cwd'],
  ['data/null', '/dev/null'],
  ['data/stdin', '/dev/stdin'],
  ['data/sub/back', '../../outside'],
  ['data/sub/up-and-in', '../sub/inner'],
  ['data/slashed', 'notes.txt/'],
  ['outside/to-data', '../data/notes.txt'],
  ['base-link', 'data'],
]

function chain(root: string, length: number): void {
  for (let index = 1; index < length; index += 1) {
    symlinkSync(`chain-${length}-${index + 1}`, join(root, `data/chain-${length}-${index}`))
  }
  symlinkSync('notes.txt', join(root, `data/chain-${length}-${length}`))
}
