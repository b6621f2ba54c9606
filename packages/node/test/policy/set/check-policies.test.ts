import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { CodedError } from '@warren/core'
import type { PolicySetTerms } from '@warren/membership'
import { openStore } from '@warren/storage'
import { expect, test } from 'vitest'
import { loadConfig } from '../../../src/config/load-config.ts'
import { retirePolicies } from '../../../src/load-policies.ts'
import { type CheckedPolicies, checkPolicies } from '../../../src/policy/check-policies.ts'
import { loadPolicySet } from '../../../src/policy/set/load-policy-set.ts'
import { SetMemory } from '../../../src/policy/set/set-memory.ts'
import { policyDirectory, putPolicy } from '../policy-directory.ts'
import {
  charterOf,
  HOUR_MS,
  MESH,
  meshIdOf,
  NOW_MS,
  RULE,
  signedDirectory,
  SIGNERS,
  signNow,
} from './signed-directory.ts'

const CASES = `cases: [{ name: guests, caller: { roles: [guest] }, server: files, action: list, expect: deny }]\n`

/** A data directory whose configuration names signers, with a set that two of three have signed. */
interface Place {
  readonly directory: string
  readonly policies: string
}

function nodeDirectory(hasNode = true): Place {
  const { policies, config } = signedDirectory({ 'a.cedar': RULE, 'a.cases.yaml': CASES })
  signNow(policies)
  const directory = policyDirectory({})
  const { set, signers, threshold } = config.policy
  signers.forEach((path, index) => {
    putPolicy(directory, `${index}.pub.json`, readFileSync(path, 'utf8'))
  })
  const names = signers.map((_, index) => `${index}.pub.json`).join(', ')
  const trust = `policy: { set: ${set}, signers: [${names}], threshold: ${threshold} }`
  putPolicy(directory, 'warren.yaml', `name: lab\npolicies: ${policies}\n${trust}\n`)
  if (hasNode) remember(directory)
  return { directory, policies }
}

/** What a node keeps of its mesh, and of the set that was in force. */
function remember(
  directory: string,
  set?: { readonly version: number; readonly id: string },
): void {
  const store = openStore(join(directory, 'warren.db'))
  store.charter.write(charterOf('plant'))
  if (set !== undefined) new SetMemory(store.policySets).remember('lab', set)
  store.close()
}

async function checked(directory: string, nowMs = NOW_MS): Promise<CheckedPolicies> {
  return checkPolicies({ directory, nowMs })
}

/** What goes wrong, in the words and with the code of whoever finds it. */
async function faultOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work
  } catch (error) {
    if (error instanceof CodedError) return { code: error.code, message: error.message }
    throw error
  }
  return 'in order'
}

/** The node itself loads the set. */
async function loaded(directory: string, nowMs = NOW_MS): Promise<void> {
  const store = openStore(join(directory, 'warren.db'))
  const memory = new SetMemory(store.policySets)
  try {
    const config = loadConfig(directory)
    retirePolicies(await loadPolicySet({ config, meshId: MESH, nowMs, memory }))
  } finally {
    store.close()
  }
}

function resign(change: Partial<PolicySetTerms>): (place: Place) => void {
  return ({ policies }) => signNow(policies, change)
}

test(
  'a signed set in order is checked whole, and said to be signed',
  { tags: ['CLI-16'] },
  async () => {
    const { directory, policies } = nodeDirectory()
    const found = await checked(directory)
    expect(found).toMatchObject({
      policies,
      files: ['a.cedar', 'a.cases.yaml'],
      rules: 1,
      signed: { manifest: { name: 'lab', version: 1 } },
      notChecked: [],
    })
    expect(found.signed?.signers).toEqual(SIGNERS.slice(0, 2).map(({ did }) => did))
    expect(await faultOf(checked(directory, NOW_MS + HOUR_MS - 1))).toBe('in order')
  },
)

test.for<[string, (place: Place) => void, string]>([
  ['no manifest', ({ policies }) => rmSync(join(policies, 'manifest.json')), 'policies-unreadable'],
  [
    'no key of a signer',
    ({ directory }) => rmSync(join(directory, '1.pub.json')),
    'policies-unreadable',
  ],
  [
    'too few signatures',
    ({ policies }) => signNow(policies, {}, SIGNERS.slice(0, 1)),
    'policy-set-unproved',
  ],
  ['a set for another mesh', resign({ mesh: meshIdOf('other') }), 'policy-set-foreign'],
  ['a set of another name', resign({ name: 'desk' }), 'policy-set-foreign'],
  [
    'a set that has ended',
    resign({ notBeforeMs: NOW_MS - HOUR_MS, notAfterMs: NOW_MS }),
    'policy-set-expired',
  ],
  ['a set that has not begun', resign({ notBeforeMs: NOW_MS + 1000 }), 'policy-set-not-yet-valid'],
  [
    'an older set',
    ({ directory }) => remember(directory, { version: 2, id: 'x' }),
    'policy-set-rolled-back',
  ],
  [
    'another set of one version',
    ({ directory }) => remember(directory, { version: 1, id: 'x' }),
    'policy-set-rolled-back',
  ],
  [
    'a file too many',
    ({ policies }) => putPolicy(policies, 'b.cedar', RULE),
    'policy-set-mismatch',
  ],
  [
    'a link',
    ({ policies }) => {
      renameSync(join(policies, 'a.cedar'), join(policies, 'elsewhere'))
      symlinkSync('elsewhere', join(policies, 'a.cedar'))
    },
    'policies-unreadable',
  ],
  [
    'a broken file of cases',
    ({ policies }) => {
      putPolicy(policies, 'a.cases.yaml', 'cases: [this is no case')
      signNow(policies)
    },
    'policy-malformed',
  ],
  [
    'a case that fails',
    ({ policies }) => {
      putPolicy(policies, 'a.cases.yaml', CASES.replace('deny', 'allow'))
      signNow(policies)
    },
    'policy-set-cases-failed',
  ],
  [
    'a rule that does not fit',
    ({ policies }) => {
      // Of one action: of several the engine names whichever it finds first.
      const head = 'permit (principal, action == Warren::Action::"list", resource)'
      putPolicy(policies, 'a.cedar', `${head} when { context.nothing };`)
      signNow(policies)
    },
    'policy-invalid',
  ],
])(
  'a check finds %s, and says of it what the node says',
  { tags: ['CLI-16', 'PST-9'] },
  async ([, change, code]) => {
    const place = nodeDirectory()
    expect(await faultOf(checked(place.directory))).toBe('in order')
    change(place)
    const said = await faultOf(loaded(place.directory))
    expect(said).toMatchObject({ code })
    expect(await faultOf(checked(place.directory))).toEqual(said)
  },
)

test(
  'of a node that runs, or has ended, nothing is changed by a check',
  { tags: ['CLI-16'] },
  async () => {
    const { directory, policies } = nodeDirectory()
    const file = join(directory, 'warren.db')
    const before = readFileSync(file)
    await checked(directory)
    expect(readFileSync(file)).toEqual(before)
    const running = openStore(file)
    running.policySets.write('{"lab":{"version":2,"id":"x"}}')
    expect(await faultOf(checked(directory))).toMatchObject({ code: 'policy-set-rolled-back' })
    expect(running.policySets.read()).toBe('{"lab":{"version":2,"id":"x"}}')
    running.close()
    expect(readdirSync(policies).toSorted()).toEqual(['a.cases.yaml', 'a.cedar', 'manifest.json'])
  },
)

test(
  'what cannot be known without a node is said, and all else is checked',
  { tags: ['CLI-18'] },
  async () => {
    const { directory, policies } = nodeDirectory(false)
    const found = await checked(directory)
    expect(found.signed?.manifest.mesh).toBe(MESH)
    expect(found.notChecked).toEqual([expect.stringMatching(/mesh.*older/)])
    expect(readdirSync(directory)).not.toContain('warren.db')
    expect(await faultOf(checked(directory, NOW_MS + HOUR_MS))).toMatchObject({
      code: 'policy-set-expired',
    })
    putPolicy(policies, 'b.cedar', RULE)
    expect(await faultOf(checked(directory))).toMatchObject({ code: 'policy-set-mismatch' })
  },
)

test(
  'a store that the node would refuse refuses the check of a signed set',
  { tags: ['CLI-16', 'STO-12'] },
  async () => {
    const { directory } = nodeDirectory(false)
    putPolicy(directory, 'warren.db', 'no store at all, but a text that is long enough')
    expect(await faultOf(checked(directory))).toMatchObject({ code: 'store-corrupt' })
    rmSync(join(directory, 'warren.db'))
    mkdirSync(join(directory, 'warren.db'))
    expect(await faultOf(checked(directory))).toMatchObject({ code: 'file-not-regular' })
  },
)

test(
  'another directory is judged as if it were that of the node',
  { tags: ['CLI-18'] },
  async () => {
    const { directory } = nodeDirectory()
    const draft = policyDirectory({ 'a.cedar': RULE, 'b.cedar': RULE.replace('open', 'b') })
    const asked = { directory, policies: draft, nowMs: NOW_MS }
    expect(await faultOf(checkPolicies(asked))).toMatchObject({ code: 'policies-unreadable' })
    signNow(draft, { version: 2 })
    expect(await checkPolicies(asked)).toMatchObject({
      policies: draft,
      rules: 2,
      signed: { manifest: { version: 2 } },
      notChecked: [],
    })
    putPolicy(directory, 'warren.yaml', 'name: lab\n')
    const unsigned = await checkPolicies(asked)
    expect(unsigned).toMatchObject({ policies: draft, rules: 2, notChecked: [] })
    expect(unsigned.signed).toBeUndefined()
    expect(await faultOf(checked(directory))).toMatchObject({ code: 'policies-unreadable' })
  },
)

test(
  'another directory can be checked where there is no configuration, and its own cannot',
  { tags: ['CLI-18'] },
  async () => {
    const directory = policyDirectory({})
    const draft = policyDirectory({ 'a.cedar': RULE })
    expect(await checkPolicies({ directory, policies: draft })).toMatchObject({
      rules: 1,
      notChecked: [expect.stringContaining('no warren.yaml')],
    })
    putPolicy(draft, 'a.cedar', 'permit (principal)')
    expect(await faultOf(checkPolicies({ directory, policies: draft }))).toMatchObject({
      code: expect.stringMatching(/^policy-/),
      message: expect.stringContaining('a.cedar:1'),
    })
    expect(await faultOf(checked(directory))).toMatchObject({ code: 'config-missing' })
    putPolicy(directory, 'warren.yaml', 'name: [')
    expect(await faultOf(checkPolicies({ directory, policies: draft }))).toMatchObject({
      code: expect.stringMatching(/^config-/),
    })
  },
)
