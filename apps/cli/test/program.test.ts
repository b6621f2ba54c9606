import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseDurationMs } from '../src/duration.ts'
import { EXIT, exitCodeOf } from '../src/exit-code.ts'
import { createProgram } from '../src/program.ts'
import { table } from '../src/table.ts'

const SPEC = readFileSync(join(import.meta.dirname, '../../../docs/specs/cli.md'), 'utf8')
/** A data directory in which nothing is, so that a command which went on would fail otherwise. */
const NOWHERE = ['--dir', '/nowhere']

function run(args: readonly string[]): Promise<unknown> {
  return createProgram().parseAsync([...NOWHERE, ...args], { from: 'user' })
}

test.for<[string, readonly string[]]>([
  ['arguments that are no JSON', ['call', 'a', 'b', '--args', '{bad']],
  ['arguments that are no object', ['call', 'a', 'b', '--args', '[1]']],
  ['a duration without unit', ['call', 'a', 'b', '--timeout', '60']],
  ['a longer call than is allowed', ['call', 'a', 'b', '--timeout', '61m']],
  ['a call of no time', ['call', 'a', 'b', '--timeout', '0s']],
  ['a longer invitation than is allowed', ['invite', '--expires', '31d']],
  ['a variable without value', ['serve', 'a', '--env', 'NAME', '--', 'node']],
  ['a server without command', ['serve', 'a']],
  ['a server with both', ['serve', 'a', '--url', 'http://127.0.0.1:1/', '--', 'node']],
  ['a descriptor that is no number', ['init', '--passphrase-fd', 'three']],
  ['a longer quarantine than is allowed', ['quarantine', 'a', '--for', '25h', '--reason', 'x']],
  ['a revocation of nothing', ['revoke', '--class', 'lost', '--reason', 'x']],
  ['a position that is none', ['revoke', 'a', '--class', 'lost', '--reason', 'x', '--since', '7']],
  ['a change of nothing', ['admin', 'change']],
  ['a threshold that is no number', ['admin', 'change', '--threshold', 'two']],
  ['a threshold of nobody', ['admin', 'change', '--threshold', '0']],
  ['administrators here and elsewhere', ['admin', 'init', '--of', '3', '--admin', 'a.pub.json']],
  ['administrators nowhere', ['admin', 'init']],
  ['ages that do not follow each other', ['init', '--deny', '119']],
  ['an age of no time', ['init', '--beacon', '0']],
  ['a skew that no charter has', ['admin', 'init', '--of', '2', '--skew', '3601']],
  ['a skew that witnesses cannot keep', ['init', '--skew', '19']],
  ['two ways to join at once', ['join', 'warren-invite:1:', '--request', 'join.json']],
  ['no way to join', ['join']],
  ['an age that is none', ['staple', 'verify', 'a', '--mesh', 'zQm', '--max-age', '5']],
])('%s is a mistake in usage', { tags: ['CLI-3'] }, async ([, args]) => {
  await expect(run(args)).rejects.toMatchObject({ name: 'CommandError', code: 'usage' })
})

test.for<[string, readonly string[]]>([
  ['an unknown option', ['status', '--verbose']],
  ['a missing argument', ['call', 'server']],
  ['one argument too many', ['status', 'now']],
  ['an AI host that is not known', ['snippet', 'emacs']],
  ['an option without its value', ['invite', '--expires']],
  ['a staple of whatever mesh', ['staple', 'verify', 'a']],
])('%s is refused by the parser', { tags: ['CLI-3'] }, async ([, args]) => {
  await expect(run(args)).rejects.toMatchObject({ name: 'CommanderError', exitCode: 1 })
})

test.for<[readonly string[], string]>([
  [['invite', '--role', 'Bad Role'], 'role-malformed'],
  [['invite', '--enclave', '9'], 'enclave-malformed'],
  [['serve', 'a', '--allow-role', 'Bad Role', '--', 'node'], 'role-malformed'],
])('%j is refused with %s', { tags: ['CLI-3'] }, async ([args, code]) => {
  await expect(run(args)).rejects.toMatchObject({ name: 'NodeError', code })
})

test.for([
  ['status'],
  ['reload'],
  ['peers'],
  ['tools'],
  ['call', 'a', 'b'],
  ['invite'],
  ['connect'],
  ['members'],
  ['staple'],
  ['why', 'press'],
  ['revoke', 'press', '--class', 'lost', '--reason', 'x'],
  ['quarantine', 'press', '--for', '2h', '--reason', 'x'],
  ['island', 'hall', '--stale', '7d', '--server', 'pump', '--until', '30d'],
  ['admin', 'change', '--threshold', '2'],
])('without a running node, %s says how to start one', { tags: ['CLI-2'] }, async (args) => {
  await expect(run(args)).rejects.toMatchObject({
    code: 'node-not-running',
    message: expect.stringContaining('warren up'),
  })
})

test('every command says what it is for, and the page lists what it prints', () => {
  const { commands } = createProgram()
  expect(commands.length).toBeGreaterThan(10)
  for (const command of commands) {
    expect(command.description(), command.name()).not.toBe('')
    expect(SPEC).toContain(`| \`${command.name()}\``)
  }
})

test('the page lists every exit code', { tags: ['CLI-2'] }, () => {
  for (const code of Object.values(EXIT)) expect(SPEC).toMatch(new RegExp(`^\\| ${code} `, 'm'))
})

test.for([
  ['usage', EXIT.usage],
  ['role-malformed', EXIT.usage],
  ['call-refused', EXIT.refused],
  ['invitation-used', EXIT.refused],
  ['membership-expired', EXIT.refused],
  ['no-admin-key', EXIT.refused],
  ['not-asked', EXIT.refused],
  ['signed-already', EXIT.refused],
  ['request-foreign', EXIT.refused],
  ['request-incomplete', EXIT.refused],
  ['record-unproved', EXIT.refused],
  ['confirmation-missing', EXIT.refused],
  ['staple-unproved', EXIT.refused],
  ['staple-outdated', EXIT.refused],
  ['staple-foreign', EXIT.refused],
  ['staple-malformed', EXIT.configuration],
  ['staple-not-ready', EXIT.failed],
  ['unwitnessed', EXIT.failed],
  ['request-malformed', EXIT.configuration],
  ['public-keys-malformed', EXIT.configuration],
  ['passphrase-shared', EXIT.configuration],
  ['nothing-pending', EXIT.configuration],
  ['no-such-member', EXIT.usage],
  ['threshold-impossible', EXIT.usage],
  ['did-malformed', EXIT.usage],
  ['did-too-long', EXIT.usage],
  ['listen-malformed', EXIT.usage],
  ['policy-cases-missing', EXIT.configuration],
  ['port-taken', EXIT.failed],
  ['node-not-running', EXIT.notRunning],
  ['control-closed', EXIT.notRunning],
  ['call-timeout', EXIT.timedOut],
  ['config-invalid', EXIT.configuration],
  ['policy-malformed', EXIT.configuration],
  ['policies-open', EXIT.configuration],
  ['policies-foreign', EXIT.configuration],
  ['config-foreign', EXIT.configuration],
  ['file-open', EXIT.configuration],
  ['passphrase-wrong', EXIT.configuration],
  ['keys-foreign', EXIT.configuration],
  ['import-malformed', EXIT.configuration],
  ['already-initialised', EXIT.configuration],
  ['directory-in-use', EXIT.failed],
  ['no-such-server', EXIT.failed],
  ['tool-failed', EXIT.failed],
  ['internal', EXIT.failed],
  ['something-new', EXIT.failed],
] as const)('%s ends with %i', { tags: ['CLI-2'] }, ([code, exit]) => {
  expect(exitCodeOf(code)).toBe(exit)
})

test.for([
  ['1s', 1000],
  ['90s', 90_000],
  ['15m', 900_000],
  ['24h', 86_400_000],
  ['1d', 86_400_000],
] as const)('%s is %i ms', ([text, durationMs]) => {
  expect(parseDurationMs(text, '24h')).toBe(durationMs)
})

test.for([
  '',
  's',
  '1',
  '1w',
  '1.5h',
  '-1s',
  ' 1s',
  '1s ',
  '1S',
  '0s',
  '86401s',
  '25h',
  '9999999s',
])('"%s" is no duration of up to a day', { tags: ['CLI-3'] }, (text) => {
  expect(() => parseDurationMs(text, '24h')).toThrow(expect.objectContaining({ code: 'usage' }))
})

test('a table has columns as wide as their widest cell, and no blanks at the end', () => {
  expect(
    table([
      ['A', 'B'],
      ['long', 'x'],
      ['', ''],
    ]),
  ).toEqual(['A     B', 'long  x', ''])
})
