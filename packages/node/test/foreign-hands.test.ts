import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../src/config/load-config.ts'
import { foreignHands } from '../src/foreign-hands.ts'
import { loadPolicies, retirePolicies } from '../src/load-policies.ts'
import { readPolicySigners } from '../src/policy/set/policy-signers.ts'

const FOREIGN_UID = 12_345
/** Only root can give files away. */
const isRoot = process.geteuid?.() === 0

test.for([
  [{ uid: 1000, mode: 0o100_600 }, 1000, undefined],
  [{ uid: 0, mode: 0o100_644 }, 1000, undefined],
  [{ uid: 1001, mode: 0o100_600 }, 1000, 'owner'],
  [{ uid: 1000, mode: 0o100_600 }, 0, 'owner'],
  [{ uid: 0, mode: 0o100_600 }, 0, undefined],
  [{ uid: 1000, mode: 0o100_620 }, 1000, 'rights'],
  [{ uid: 1000, mode: 0o100_602 }, 1000, 'rights'],
  [{ uid: 0, mode: 0o100_622 }, 1000, 'rights'],
] as const)('%j is, for user %s, in the hands of others by: %s', { tags: ['POL-31'] }, (row) => {
  const [stats, self, hands] = row
  expect(foreignHands(stats, self)).toBe(hands)
})

test('where there are no users by number, owners say nothing', { tags: ['POL-31'] }, () => {
  const before = process.geteuid
  onTestFinished(() => void Object.assign(process, { geteuid: before }))
  Object.assign(process, { geteuid: undefined })
  expect(foreignHands({ uid: 1001, mode: 0o600 })).toBeUndefined()
})

const FILES = {
  'warren.yaml': 'name: a\n',
  'policies/a.cedar': '@id("a") permit (principal, action, resource);',
  'policies/facts.yaml': 'fs/read: { path: { type: path, base: /srv } }\n',
  'policies/limits.yaml': 'limits: { calm: { count: calls, max: 9, within: 1m } }\n',
  'policies/a.cases.yaml': 'cases: []\n',
  'policies/tools/fs.json': '{"tools":[]}',
}

function dataDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'warren-owner-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true, mode: 0o700 })
    writeFileSync(join(directory, name), text, { mode: 0o600 })
  }
  return directory
}

function load(directory: string): void {
  retirePolicies(loadPolicies(loadConfig(directory).policies))
}

test.skipIf(!isRoot).for([...Object.keys(FILES), 'policies', 'policies/tools'])(
  '%s of another user is refused, with its path and what to do',
  { tags: ['POL-31', 'CFG-5', 'CFG-15'] },
  (name) => {
    const directory = dataDirectory()
    load(directory)
    const path = join(directory, name)
    chownSync(path, FOREIGN_UID, FOREIGN_UID)
    const code = name === 'warren.yaml' ? 'config-foreign' : 'policies-foreign'
    const message = expect.stringMatching(
      new RegExp(`${path}"? belongs to another user \\(uid ${FOREIGN_UID}\\).*chown`),
    )
    expect(() => load(directory)).toThrow(expect.objectContaining({ code, message }))
    // The group of a file that it may not write does not matter.
    chownSync(path, 0, FOREIGN_UID)
    load(directory)
  },
)

test.skipIf(!isRoot)(
  "a key of a signer that is another user's is refused",
  { tags: ['POL-31'] },
  () => {
    const directory = dataDirectory()
    const path = join(directory, 'anna.pub.json')
    writeFileSync(path, '{}', { mode: 0o600 })
    chownSync(path, FOREIGN_UID, FOREIGN_UID)
    const trust = { set: 'lab', signers: [path], threshold: 1 }
    expect(() => readPolicySigners(trust, join(directory, 'policies'))).toThrow(
      expect.objectContaining({ code: 'policies-foreign' }),
    )
  },
)
