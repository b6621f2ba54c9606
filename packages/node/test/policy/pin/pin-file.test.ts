import { chmodSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadPolicies } from '../../../src/load-policies.ts'
import { comparePins, writePins } from '../../../src/policy/pin/pin-file.ts'
import { policyDirectory } from '../policy-directory.ts'

const READ = { name: 'read', description: 'reads', inputSchema: { type: 'object' } }
const WRITE = { name: 'write', description: 'writes', inputSchema: { type: 'object' } }

test('what is new, gone and changed is told by name', { tags: ['PST-14'] }, async () => {
  const policies = policyDirectory({})
  const first = comparePins(policies, 'fs', [READ, WRITE])
  expect(first).toMatchObject({
    isPinned: false,
    added: ['read', 'write'],
    removed: [],
    changed: [],
  })
  await writePins(first, 'fs', [READ, WRITE])
  expect(comparePins(policies, 'fs', [WRITE, READ])).toMatchObject({
    isPinned: true,
    added: [],
    removed: [],
    changed: [],
  })
  const other = { ...READ, description: 'reads more', annotations: { readOnlyHint: true } }
  const copy = { ...WRITE, name: 'copy' }
  expect(comparePins(policies, 'fs', [other, copy])).toMatchObject({
    added: ['copy'],
    removed: ['write'],
    changed: [{ name: 'read', members: ['description', 'annotations'] }],
  })
})

test(
  'pins are written for their owner alone, and can be loaded',
  { tags: ['PST-14'] },
  async () => {
    const policies = policyDirectory({})
    chmodSync(policies, 0o700)
    const difference = comparePins(policies, 'fs', [READ])
    await writePins(difference, 'fs', [READ])
    expect(statSync(difference.file).mode & 0o777).toBe(0o600)
    expect(readdirSync(join(policies, 'tools'))).toEqual(['fs.json'])
    expect([...(loadPolicies(policies).pins?.keys() ?? [])]).toEqual(['fs/read'])
  },
)

test('what could not be loaded is not written', { tags: ['PST-14'] }, async () => {
  const policies = policyDirectory({})
  const difference = comparePins(policies, 'fs', [READ])
  for (const tools of [[READ, READ], [{ name: 'read' }], [{ ...READ, name: '' }]]) {
    await expect(writePins(difference, 'fs', tools)).rejects.toMatchObject({
      code: 'policy-malformed',
    })
  }
  expect(existsSync(difference.file)).toBe(false)
  await writePins(difference, 'fs', [READ])
  const before = readFileSync(difference.file, 'utf8')
  await expect(writePins(difference, 'fs', [{ name: 'read' }])).rejects.toMatchObject({
    code: 'policy-malformed',
  })
  expect(readFileSync(difference.file, 'utf8')).toBe(before)
})
