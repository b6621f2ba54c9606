import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readPolicyFiles } from '../../src/policy/read-policy-files.ts'
import { policyDirectory, putPolicy } from './policy-directory.ts'

const RULE = '@id("see") permit (principal, action == Warren::Action::"list", resource);'
const FACTS = `
shop/ask:
  sql: { type: sql, dialect: sqlite, schema: shop.sql }
`

function directory(): string {
  return policyDirectory({
    'see.cedar': RULE,
    'facts.yaml': FACTS,
    'shop.sql': 'create table a (b)',
    'limits.yaml': 'limits: {}\n',
    'tools/fs.json': '{"tools":[]}',
  })
}

test.for(['limits.yaml', 'facts.yaml', 'shop.sql', 'tools', 'tools/fs.json', 'see.cedar'])(
  'a link in place of %s that leads nowhere refuses the policies, and one that leads to it is that file',
  { tags: ['POL-41', 'THR-46'] },
  (name) => {
    const path = directory()
    const whole = readPolicyFiles(path)
    const elsewhere = join(policyDirectory({}), 'target')
    renameSync(join(path, name), elsewhere)
    symlinkSync(elsewhere, join(path, name))
    expect(readPolicyFiles(path)).toEqual(whole)
    rmSync(elsewhere, { recursive: true })
    expect(() => readPolicyFiles(path)).toThrow(
      expect.objectContaining({
        code: 'policies-unreadable',
        message: expect.stringContaining(join(path, name)),
      }),
    )
  },
)

test('a link that leads to itself refuses the policies', { tags: ['POL-41'] }, () => {
  const path = policyDirectory({ 'see.cedar': RULE })
  symlinkSync('limits.yaml', join(path, 'limits.yaml'))
  expect(() => readPolicyFiles(path)).toThrow(
    expect.objectContaining({ code: 'policies-unreadable' }),
  )
})

test('a directory in place of limits.yaml refuses the policies', { tags: ['POL-41'] }, () => {
  const path = policyDirectory({ 'see.cedar': RULE })
  mkdirSync(join(path, 'limits.yaml'))
  expect(() => readPolicyFiles(path)).toThrow(
    expect.objectContaining({ code: 'policies-unreadable' }),
  )
})

test('what has no entry is absent', { tags: ['POL-41'] }, () => {
  const path = policyDirectory({ 'see.cedar': RULE })
  expect(readPolicyFiles(path)).toMatchObject({ facts: [], limits: [], pins: [], schemas: [] })
  putPolicy(path, 'limits.yaml', 'limits: {}\n')
  expect(readPolicyFiles(path).limits).toHaveLength(1)
})
