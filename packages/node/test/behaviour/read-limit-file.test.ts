import { PolicyError } from '@warren/policy'
import { expect, test } from 'vitest'
import { pastOf, readLimitFile } from '../../src/behaviour/read-limit-file.ts'

function read(text: string): ReturnType<typeof readLimitFile> {
  return readLimitFile({ name: 'limits.yaml', text })
}

test('limits and facts are read, with what is left out', { tags: ['BEH-8'] }, () => {
  const rules = read(`
limits:
  calm: { server: files, tool: read, role: member, count: calls, max: 60, within: 1m }
  few: { count: concurrent, max: 0, actions: [end-session, tell-admin] }
facts:
  was: { formerly: { server: vault }, within: 24h }
  open: { since: { tool: open }, unless: { tool: close }, within: 1s }
  much: { sum: bytesOut, of: {}, within: 90s }
`)
  expect(rules.limits).toMatchObject([
    {
      id: 'calm',
      server: 'files',
      tool: 'read',
      role: 'member',
      max: 60,
      withinMs: 60_000,
      actions: ['refuse'],
    },
    { id: 'few', count: 'concurrent', actions: ['end-session', 'tell-admin'] },
  ])
  expect(rules).toMatchObject({ sessionWithinMs: 600_000, quarantineMs: 3_600_000 })
  expect([...pastOf(rules)]).toEqual([
    ['was', 'truth'],
    ['open', 'truth'],
    ['much', 'count'],
  ])
  expect(read('').limits).toEqual([])
})

test.for([
  ['an unknown member', 'limits:\n  a: { count: calls, max: 1, within: 1m, per: role }', 2],
  ['an unknown count', 'limits:\n  a: { count: steps, max: 1, within: 1m }', 2],
  ['an unknown action', 'limits:\n  a: { count: calls, max: 1, within: 1m, actions: [warn] }', 2],
  ['no window', 'limits:\n  a: { count: calls, max: 1 }', 2],
  ['a window for what has none', 'limits:\n  a: { count: concurrent, max: 1, within: 1m }', 2],
  ['a window that is too long', 'limits:\n  a: { count: calls, max: 1, within: 25h }', 2],
  ['a window of nothing', 'limits:\n  a: { count: calls, max: 1, within: 0s }', 2],
  ['a negative limit', 'limits:\n  a: { count: calls, max: -1, within: 1m }', 2],
  ['a fraction', 'limits:\n  a: { count: calls, max: 1.5, within: 1m }', 2],
  [
    'a tool without its server',
    'limits:\n  a: { tool: read, count: calls, max: 1, within: 1m }',
    2,
  ],
  ['a fact with the name of a count', 'facts:\n  calls: { count: {}, within: 1m }', 2],
  ['a fact that asks for two things', 'facts:\n  a: { count: {}, formerly: {}, within: 1m }', 2],
  ['a fact without a window', 'facts:\n  a: { count: {} }', 2],
  ['an unknown part', 'session: { within: 1m }\nrules: {}', 2],
  [
    'a limit twice',
    'limits:\n  a: { count: calls, max: 1, within: 1m }\n  a: { count: calls, max: 9, within: 1m }',
    3,
  ],
  ['no YAML', 'limits: [', 1],
  [
    'a name that would be left out',
    'limits:\n  __proto__: { count: calls, max: 0, within: 1m }',
    2,
  ],
] as const)('%s is refused with its line', { tags: ['BEH-8'] }, ([, text, line]) => {
  const reading = (): unknown => read(text)
  expect(reading).toThrow(PolicyError)
  expect(reading).toThrow(expect.objectContaining({ place: { file: 'limits.yaml', line } }))
})
