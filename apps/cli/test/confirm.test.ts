import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const SOURCES = join(import.meta.dirname, '../src')

/** Asks in a process of its own, whose standard input passes for a terminal or not. */
function asked(
  typed: string,
  { terminal = true, yes = false, json = false }: Record<string, boolean> = {},
): { readonly outcome: string; readonly shown: string } {
  const script = `
    import { confirm } from ${JSON.stringify(join(SOURCES, 'confirm.ts'))}
    import { Output } from ${JSON.stringify(join(SOURCES, 'output.ts'))}
    process.stdin.isTTY = ${terminal}
    const words = { lines: ['REVOKE for good: \\u001b[2Jpress'], question: 'Sign?' }
    const outcome = await confirm(new Output(${json}), { ...words, yes: ${yes}, json: ${json} })
      .then(() => 'agreed', ({ code }) => code)
    process.stdout.write(outcome)
    process.exit()
  `
  const args = ['--input-type=module', '--eval', script]
  const { stdout, stderr } = spawnSync(process.execPath, args, { input: typed, encoding: 'utf8' })
  return { outcome: stdout, shown: stderr }
}

test.for([
  ['yes', 'agreed'],
  ['  yes ', 'agreed'],
  ['y', 'not-confirmed'],
  ['YES', 'not-confirmed'],
  ['yes!', 'not-confirmed'],
  ['', 'not-confirmed'],
  ['no', 'not-confirmed'],
])('"%s" on the terminal means %s', { tags: ['CLI-11'] }, ([typed, outcome]) => {
  expect(asked(`${typed}\n`).outcome).toBe(outcome)
})

test('what is signed is shown first, and acts on no terminal', { tags: ['CLI-11'] }, () => {
  const { shown } = asked('yes\n')
  expect(shown).toMatch(/^REVOKE for good: \\u\{1b\}\[2Jpress\n/)
  expect(shown.indexOf('Sign?')).toBeGreaterThan(shown.indexOf('REVOKE'))
})

test('a terminal that has gone is no yes', { tags: ['CLI-11'] }, () => {
  expect(asked('').outcome).toBe('not-confirmed')
})

test('who cannot be shown or asked has to say --yes', { tags: ['CLI-11'] }, () => {
  expect(asked('yes\n', { terminal: false }).outcome).toBe('confirmation-missing')
  expect(asked('yes\n', { json: true }).outcome).toBe('confirmation-missing')
  expect(asked('', { terminal: false, yes: true }).outcome).toBe('agreed')
  expect(asked('', { json: true, yes: true })).toEqual({ outcome: 'agreed', shown: '' })
})
