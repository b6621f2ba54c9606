import { expect, test } from 'vitest'
import { parseConfig } from '../../src/config/load-config.ts'

const SERVER = 'name: a\nservers:\n  fs:\n    command: x\n    audit:'
const POINTERS = Array.from({ length: 32 }, (_, at) => `/${at}`)

test.for<[string, object]>([
  ['{}', {}],
  ['{arguments: all, results: nothing}', { arguments: 'all', results: 'nothing' }],
  ['{arguments: [/path, /a~1b]}', { arguments: ['/path', '/a~1b'] }],
  [`{arguments: [${POINTERS.join(', ')}]}`, { arguments: POINTERS }],
  ['{tools: {read: {results: hash}}}', { tools: { read: { results: 'hash' } } }],
])('audit: %s is taken over', { tags: ['CFG-16'] }, ([text, audit]) => {
  expect(parseConfig(`${SERVER} ${text}`).servers['fs']?.audit).toEqual(audit)
})

test.for([
  ['{keep: all}', 'servers.fs.audit.keep'],
  ['{enabled: false}', 'servers.fs.audit.enabled'],
  ['false', 'servers.fs.audit'],
  ['{arguments: false}', 'servers.fs.audit.arguments'],
  ['{arguments: none}', 'servers.fs.audit.arguments'],
  ['{arguments: []}', 'servers.fs.audit.arguments'],
  ['{arguments: [path]}', 'servers.fs.audit.arguments'],
  [`{arguments: [${POINTERS.join(', ')}, /more]}`, 'servers.fs.audit.arguments'],
  ['{tools: {read: all}}', 'servers.fs.audit.tools.read'],
  ['{tools: {read: {tools: {}}}}', 'servers.fs.audit.tools.read.tools'],
])('audit: %s is refused at %s', { tags: ['CFG-16'] }, ([text, path]) => {
  expect(() => parseConfig(`${SERVER} ${text}`)).toThrow(
    expect.objectContaining({
      code: 'config-invalid',
      issues: [expect.objectContaining({ path: expect.stringContaining(path ?? '') })],
    }),
  )
})
