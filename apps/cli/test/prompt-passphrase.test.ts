import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const PROMPT = join(import.meta.dirname, '../src/prompt-passphrase.ts')
const SCRIPT = `
  import { promptPassphrase } from ${JSON.stringify(PROMPT)}
  const outcome = await promptPassphrase('? ').then(String, ({ code }) => 'refused: ' + code)
  process.stdout.write(outcome)
`

function answer(typed: string): string {
  const args = ['--input-type=module', '--eval', SCRIPT]
  return spawnSync(process.execPath, args, { input: typed, encoding: 'utf8' }).stdout
}

test.for([
  ['a line', 'correct horse\n', 'correct horse'],
  ['an empty line', '\n', ''],
  ['Ctrl+C', 'correct\u0003', 'refused: passphrase-missing'],
  ['Ctrl+D', '\u0004', 'refused: passphrase-missing'],
  ['a terminal that has gone', '', 'refused: passphrase-missing'],
] as const)('%s at the prompt', { tags: ['CLI-5'] }, ([, typed, outcome]) => {
  expect(answer(typed)).toBe(outcome)
})
