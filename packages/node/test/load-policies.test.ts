import { execFileSync } from 'node:child_process'
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadPolicies } from '../src/load-policies.ts'

const RULE = 'permit (principal, action, resource in Warren::Server::"files");'
const MIB = 1024 * 1024

function policyDirectory(text = RULE): { directory: string; file: string } {
  const directory = mkdtempSync(join(tmpdir(), 'warren-policies-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'files.cedar')
  writeFileSync(file, text, { mode: 0o600 })
  return { directory, file }
}

test.for(['600', '640', '644'])('a file of mode %s is read', { tags: ['CFG-15'] }, (mode) => {
  const { directory, file } = policyDirectory()
  chmodSync(file, Number.parseInt(mode, 8))
  expect(loadPolicies(directory).engine.ruleCount).toBe(1)
})

test.for(['620', '602', '666'])('a file of mode %s is refused', { tags: ['CFG-15'] }, (mode) => {
  const { directory, file } = policyDirectory()
  chmodSync(file, Number.parseInt(mode, 8))
  expect(() => loadPolicies(directory)).toThrow(
    expect.objectContaining({ code: 'policies-open', message: expect.stringContaining(file) }),
  )
})

test.for(['720', '702', '777'])(
  'a directory of mode %s is refused',
  { tags: ['CFG-15'] },
  (mode) => {
    const { directory } = policyDirectory()
    chmodSync(directory, Number.parseInt(mode, 8))
    expect(() => loadPolicies(directory)).toThrow(
      expect.objectContaining({ code: 'policies-open' }),
    )
  },
)

test(
  'a directory and a pipe are no policies, and nobody waits for them',
  { tags: ['CFG-15'] },
  () => {
    const { directory } = policyDirectory()
    const folder = join(directory, 'folder.cedar')
    mkdirSync(folder, { mode: 0o700 })
    const unreadable = expect.objectContaining({ code: 'policies-unreadable' })
    expect(() => loadPolicies(directory)).toThrow(unreadable)
    rmSync(folder, { recursive: true })
    execFileSync('mkfifo', ['-m', '600', join(directory, 'pipe.cedar')])
    expect(() => loadPolicies(directory)).toThrow(unreadable)
  },
)

test('more than can be a policy is not read', { tags: ['CFG-15'] }, () => {
  const { directory, file } = policyDirectory('/'.repeat(MIB))
  // Read, and refused by the engine, whose own limit is lower.
  expect(() => loadPolicies(directory)).toThrow(
    expect.objectContaining({ code: 'policy-too-large' }),
  )
  appendFileSync(file, '/')
  expect(() => loadPolicies(directory)).toThrow(
    expect.objectContaining({ code: 'policies-unreadable' }),
  )
})

test(
  'limits are part of the set: under its digest, and a fault in them fails the whole load',
  { tags: ['BEH-8', 'POL-26'] },
  () => {
    const { directory } = policyDirectory()
    const { digest, limits } = loadPolicies(directory)
    expect(limits).toBeUndefined()
    const file = join(directory, 'limits.yaml')
    writeFileSync(file, 'limits: { calm: { count: calls, max: 9, within: 1m } }', { mode: 0o600 })
    const limited = loadPolicies(directory)
    expect(limited.limits?.limits).toMatchObject([{ id: 'calm', max: 9 }])
    expect(limited.digest).not.toBe(digest)
    expect(limited.files.map(({ name }) => name)).toContain('limits.yaml')
    writeFileSync(file, 'limits:\n  calm: { count: steps, max: 9, within: 1m }')
    expect(() => loadPolicies(directory)).toThrow(
      expect.objectContaining({ place: { file: 'limits.yaml', line: 2 } }),
    )
    writeFileSync(file, '')
    chmodSync(file, 0o666)
    expect(() => loadPolicies(directory)).toThrow(
      expect.objectContaining({ code: 'policies-open' }),
    )
  },
)
