import { execFileSync } from 'node:child_process'
import type { Fact } from '@warren/policy'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { factOf } from './fact-layer-of.ts'

type ShellFact = Extract<Fact, { hasPipe: boolean }>

async function shellFactOf(text: string): Promise<ShellFact | string> {
  const fact = await factOf({ type: 'shell' }, text)
  if (typeof fact === 'string') return fact
  if (!('hasPipe' in fact)) throw new Error('another fact')
  return fact
}

test.for<readonly [text: string, words: readonly string[]]>([
  ['ls', ['ls']],
  ['ls -la /data', ['ls', '-la', '/data']],
  ['  git   log\t--oneline ', ['git', 'log', '--oneline']],
  ["grep 'a b' file", ['grep', 'a b', 'file']],
  ["grep '$HOME `x` | y' f", ['grep', '$HOME `x` | y', 'f']],
  ['echo "a b" c', ['echo', 'a b', 'c']],
  ['echo "a\\"b" "c\\\\d" "\\$x"', ['echo', 'a"b', 'c\\d', '$x']],
  ['echo "a\\nb"', ['echo', 'a\\nb']],
  ['echo a\\ b \\$x \\;', ['echo', 'a b', '$x', ';']],
  ['l\'s\' "-"l', ['ls', '-l']],
  ["echo ''", ['echo', '']],
  ['echo "it\'s"', ['echo', "it's"]],
  ['cp a=b c:d e@f g+h i,j k%l', ['cp', 'a=b', 'c:d', 'e@f', 'g+h', 'i,j', 'k%l']],
  ['cat größe.txt 日本', ['cat', 'größe.txt', '日本']],
  ['echo if then', ['echo', 'if', 'then']],
  ['./run.sh', ['./run.sh']],
])('%s is plain words', { tags: ['FCT-18'] }, async ([text, [program, ...rest]]) => {
  expect(await shellFactOf(text)).toEqual({
    ok: true,
    program,
    arguments: rest,
    programs: [program],
    hasPipe: false,
    hasRedirect: false,
    hasSequence: false,
    hasSubstitution: false,
    hasExpansion: false,
    hasSyntax: false,
  })
})

test.for<readonly [text: string, features: string, programs?: readonly string[]]>([
  ['cat a | wc -l', 'hasPipe', ['cat', 'wc']],
  ['cat a |& wc', 'hasPipe', ['cat', 'wc']],
  ['a; b', 'hasSequence', ['a', 'b']],
  ['a;b', 'hasSequence', ['a', 'b']],
  ['a && b || c', 'hasSequence', ['a', 'b', 'c']],
  ['a & b', 'hasSequence', ['a', 'b']],
  ['a &', 'hasSequence', ['a']],
  ['a\nb', 'hasSequence', ['a', 'b']],
  ['a | b; a', 'hasPipe hasSequence', ['a', 'b']],
  ['ls *.txt', 'hasExpansion', ['ls']],
  ['ls a?c [ab]', 'hasExpansion', ['ls']],
  ['ls {a,b}', 'hasExpansion', ['ls']],
  ['ls ~/x', 'hasExpansion', ['ls']],
  ['echo $HOME', 'hasExpansion', ['echo']],
  ['echo ${HOME}', 'hasExpansion', ['echo']],
  ['echo "$HOME"', 'hasExpansion', ['echo']],
  ['echo "a!b"', 'hasExpansion', ['echo']],
  ["echo $'a\\x41'", 'hasExpansion', ['echo']],
  ['cat * | sh', 'hasExpansion hasPipe', ['cat', 'sh']],
  ['$SHELL -c id', 'hasExpansion'],
  ['a | $B', 'hasExpansion hasPipe'],
  ['/bin/l?', 'hasExpansion'],
  ['ls > out', 'hasRedirect'],
  ['ls >> out', 'hasRedirect'],
  ['ls 2>&1', 'hasRedirect'],
  ['ls &> out', 'hasRedirect'],
  ['< x cat', 'hasRedirect'],
  ['>x ls', 'hasRedirect'],
  ['cat <<EOF\nrm -rf /\nEOF', 'hasRedirect hasSequence'],
  ['cat <<< x', 'hasRedirect'],
  ['echo $(id)', 'hasSubstitution hasSyntax'],
  ['echo `id`', 'hasSubstitution'],
  ['echo "$(id)"', 'hasSubstitution'],
  ['echo "`id`"', 'hasSubstitution'],
  ['echo a$(id)b', 'hasSubstitution hasSyntax'],
  ['diff <(a) >(b)', 'hasSubstitution hasSyntax'],
  ['echo $((1+1))', 'hasSubstitution hasSyntax'],
  ['(id)', 'hasSyntax'],
  ['{ id; }', 'hasExpansion hasSequence hasSyntax'],
  ['if true; then id; fi', 'hasSequence hasSyntax'],
  ['! id', 'hasSyntax'],
  ['A=b id', 'hasSyntax'],
  ["A='b c' id", 'hasSyntax'],
  ['A+=b id', 'hasSyntax'],
  ['PATH=/tmp', 'hasSyntax'],
  ['f() { id; }', 'hasExpansion hasSequence hasSyntax'],
  ['id # comment', 'hasSyntax'],
  ['i\\\nd', 'hasSyntax'],
  ['time ls', 'hasSyntax'],
  ['[[ a ]]', 'hasExpansion'],
])('%s has %s', { tags: ['FCT-18'] }, async ([text, features, programs]) => {
  const fact = await shellFactOf(text)
  if (typeof fact === 'string') throw new Error(fact)
  const flags = Object.entries(fact).flatMap(([name, value]) =>
    name.startsWith('has') && value === true ? name : [],
  )
  expect(flags.toSorted()).toEqual(features.split(' '))
  expect(fact.ok).toBe(false)
  expect(fact.program ?? fact.arguments).toBeUndefined()
  expect(fact.programs).toEqual(programs)
})

test.for([
  ["echo 'a", 'fact-shell-malformed'],
  ['echo "a', 'fact-shell-malformed'],
  ['echo a\\', 'fact-shell-malformed'],
  ['a\u00A0b', 'fact-shell-malformed'],
  ['', 'fact-shell-malformed'],
  ['  ', 'fact-shell-malformed'],
  [';', 'fact-shell-malformed'],
  ['a\0b', 'fact-characters'],
  ['a\rb', 'fact-characters'],
  ['a\u001B[0m', 'fact-characters'],
  ['a\u202Eb', 'fact-characters'],
  [`echo ${'x'.repeat(8192)}`, 'fact-too-long'],
] as const)('%j: %s', { tags: ['FCT-18', 'FCT-5'] }, async ([text, code]) => {
  expect(await shellFactOf(text)).toBe(code)
})

/** What a real shell makes of a line whose program is printf: one argument on each line. */
function shellsWord(rest: string): readonly string[] {
  const script = `printf '<%s>\\n' ${rest}`
  const printed = execFileSync('sh', ['-c', script], { encoding: 'utf8', cwd: '/' })
  return printed.split('\n').slice(0, -1)
}

test('plain words are what a shell makes of them', { tags: ['FCT-18'] }, async () => {
  const printable = String.raw`a b1 ' ' " " \ $ * ~ # | ; & > < ( ) { } [ ] ! = / . - \" \' ü %s`
  const pieces = fc.constantFrom(...printable.split(' '), ' ', ' ', '\t', '`')
  let compared = 0
  await fc.assert(
    fc.asyncProperty(fc.array(pieces, { minLength: 1, maxLength: 8 }), async (parts) => {
      const rest = parts.join('')
      const fact = await shellFactOf(`printf '<%s>\\n' ${rest}`)
      if (typeof fact === 'string' || !fact.ok || fact.arguments === undefined) return
      const [, ...words] = [...fact.arguments]
      compared += 1
      const printed = shellsWord(rest)
      expect(new Set(words.map((word) => `<${word}>`)), rest).toEqual(
        new Set(words.length === 0 ? [] : printed),
      )
    }),
    { seed: 77, numRuns: 1500 },
  )
  expect(compared).toBeGreaterThan(100)
})
