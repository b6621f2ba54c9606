import { cpSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { PolicySetTerms } from '@warren/membership'
import { expect, onTestFinished, test } from 'vitest'
import { retirePolicies } from '../../../src/load-policies.ts'
import { type LoadedPolicies, loadPolicySet } from '../../../src/policy/set/load-policy-set.ts'
import { SetMemory } from '../../../src/policy/set/set-memory.ts'
import { policyDirectory, putPolicy } from '../policy-directory.ts'
import {
  HOUR_MS,
  MESH,
  meshIdOf,
  NOW_MS,
  RULE,
  signedDirectory,
  type SignedDirectory,
  SIGNERS,
  signNow,
} from './signed-directory.ts'

const MEMBER = {
  caller: { did: 'did:a', roles: ['member'], enclave: 'main' },
  action: 'list',
  server: 'files',
  atMs: NOW_MS,
  credentials: [],
} as const

async function load({ config }: SignedDirectory, nowMs = NOW_MS): Promise<LoadedPolicies> {
  const memory = new SetMemory({ read: () => undefined, write: () => undefined })
  return loadPolicySet({ config, meshId: MESH, nowMs, memory })
}

function refusal(code: string): unknown {
  return expect.objectContaining({ code })
}

test('a set that enough people have signed is loaded', { tags: ['PST-4'] }, async () => {
  const place = signedDirectory()
  signNow(place.policies)
  const set = await load(place)
  expect(set.engine.decide(MEMBER).allowed).toBe(true)
  expect(set.signed?.signers).toEqual(SIGNERS.slice(0, 2).map(({ did }) => did))
  retirePolicies(set)
})

test(
  'where the configuration names no signers, files decide as they stand',
  { tags: ['PST-10'] },
  async () => {
    const { policies } = signedDirectory()
    const memory = new SetMemory({ read: () => undefined, write: () => undefined })
    const set = await loadPolicySet({ config: { policies }, meshId: MESH, nowMs: NOW_MS, memory })
    expect(set.signed).toBeUndefined()
    expect(set.engine.ruleCount).toBe(1)
  },
)

test.for<[string, Partial<PolicySetTerms>, number, string]>([
  ['for another mesh', { mesh: meshIdOf('other') }, NOW_MS, 'policy-set-foreign'],
  ['of another name', { name: 'desk' }, NOW_MS, 'policy-set-foreign'],
  ['before it begins', {}, NOW_MS - 1, 'policy-set-not-yet-valid'],
  ['at its end', {}, NOW_MS + HOUR_MS, 'policy-set-expired'],
])('a set %s is refused', { tags: ['PST-5'] }, async ([, change, nowMs, code]) => {
  const place = signedDirectory()
  signNow(place.policies, change)
  await expect(load(place, nowMs)).rejects.toThrow(refusal(code))
})

test.for([NOW_MS, NOW_MS + HOUR_MS - 1])(
  'a set is loaded at %d',
  { tags: ['PST-5'] },
  async (nowMs) => {
    const place = signedDirectory()
    signNow(place.policies)
    expect((await load(place, nowMs)).signed?.manifest.version).toBe(1)
  },
)

test.for<[string, (policies: string) => void]>([
  ['a rule that was added', (at) => putPolicy(at, 'b.cedar', RULE.replace('open', 'b'))],
  ['facts that were added', (at) => putPolicy(at, 'facts.yaml', '{}\n')],
  ['a pin that was added', (at) => putPolicy(at, 'tools/fs.json', '{"tools":[]}')],
  ['a case that was added', (at) => putPolicy(at, 'b.cases.yaml', 'cases: []\n')],
  ['a rule that was taken away', (at) => rmSync(join(at, 'a.cedar'))],
  ['a case that was taken away', (at) => rmSync(join(at, 'a.cases.yaml'))],
  ['a rule that was changed', (at) => putPolicy(at, 'a.cedar', `${RULE} `)],
  ['a rule under another name', (at) => renameSync(join(at, 'a.cedar'), join(at, 'b.cedar'))],
])('%s refuses the set', { tags: ['PST-7', 'THR-52'] }, async ([, change]) => {
  const place = signedDirectory({ 'a.cedar': RULE, 'a.cases.yaml': 'cases: []\n' })
  signNow(place.policies)
  await load(place)
  change(place.policies)
  await expect(load(place)).rejects.toThrow(refusal('policy-set-mismatch'))
})

test('what no rule is read from does not matter', { tags: ['PST-7', 'THR-52'] }, async () => {
  const place = signedDirectory()
  signNow(place.policies)
  putPolicy(place.policies, 'README.md', 'read me')
  putPolicy(place.policies, 'a.cedar.bak', RULE)
  expect((await load(place)).files.map(({ name }) => name)).toEqual(['a.cedar'])
})

test(
  'a symbolic link in a signed set is refused, whatever it leads to',
  { tags: ['PST-7', 'THR-52'] },
  async () => {
    for (const [name, target] of [
      ['a.cedar', 'a.cedar'],
      ['manifest.json', 'manifest.json'],
      ['tools', 'tools'],
    ] as const) {
      const place = signedDirectory({ 'a.cedar': RULE, 'tools/fs.json': '{"tools":[]}' })
      signNow(place.policies)
      await load(place)
      const elsewhere = policyDirectory({})
      renameSync(join(place.policies, name), join(elsewhere, target))
      symlinkSync(join(elsewhere, target), join(place.policies, name))
      await expect(load(place)).rejects.toThrow(/is a symbolic link/)
    }
  },
)

test(
  'a directory that is exchanged between the check and the load is what was read, or nothing',
  { tags: ['PST-7', 'THR-52'] },
  async () => {
    const place = signedDirectory()
    signNow(place.policies)
    const loading = load(place)
    // Everything has been read by now: what is compared and what decides is one text in memory.
    putPolicy(place.policies, 'a.cedar', RULE.replace('member', 'guest'))
    const set = await loading
    expect(set.engine.decide(MEMBER).allowed).toBe(true)
    const guest = { ...MEMBER, caller: { ...MEMBER.caller, roles: ['guest'] } }
    expect(set.engine.decide(guest).allowed).toBe(false)
    await expect(load(place)).rejects.toThrow(refusal('policy-set-mismatch'))
  },
)

test('a rule that does not fit refuses the set, signed or not', { tags: ['PST-8'] }, async () => {
  const place = signedDirectory({
    'a.cedar': 'permit (principal, action, resource) when { context.nothing };',
  })
  signNow(place.policies)
  await expect(load(place)).rejects.toThrow(refusal('policy-invalid'))
})

test('a case that fails refuses the set and is named', { tags: ['PST-8'] }, async () => {
  const ask = (expected: string): string =>
    `cases: [{ name: guests, caller: { roles: [guest] }, server: files, action: list, expect: ${expected} }]\n`
  const place = signedDirectory({ 'a.cedar': RULE, 'a.cases.yaml': ask('allow') })
  signNow(place.policies)
  await expect(load(place)).rejects.toThrow(
    /1 of 1 cases fail, the first is a\.cases\.yaml:1 "guests"/,
  )
  putPolicy(place.policies, 'a.cases.yaml', ask('deny'))
  signNow(place.policies)
  expect((await load(place)).engine.ruleCount).toBe(1)
})

test(
  'one person under two names is refused, and so is a threshold that nobody reaches',
  { tags: ['PST-4'] },
  async () => {
    const place = signedDirectory()
    signNow(place.policies)
    const { config } = place
    const [first = ''] = config.policy.signers
    for (const policy of [
      { ...config.policy, signers: [first, first] },
      { ...config.policy, threshold: 4 },
    ]) {
      await expect(load({ ...place, config: { ...config, policy } })).rejects.toThrow(
        refusal('policy-signers-invalid'),
      )
    }
    // Keys that lie where a set may bring its own.
    renameSync(first, join(place.policies, basename(first)))
    const moved = { ...config.policy, signers: [join(place.policies, basename(first))] }
    await expect(load({ ...place, config: { ...config, policy: moved } })).rejects.toThrow(
      refusal('policy-signers-invalid'),
    )
  },
)

/** Ways to one directory of keys, below `root`, where the policies are `policies` and keys stand in `keys` and `policies/keys`. */
test.for<[string, string, (root: string) => void, boolean]>([
  ['in a directory of their own', 'keys', () => {}, true],
  ['in one whose name begins as that of the policies', 'policies-keys', () => {}, true],
  ['below the policies', 'policies/keys', () => {}, false],
  [
    'behind a link that leads below the policies',
    'link',
    (root) => symlinkSync('policies/keys', join(root, 'link')),
    false,
  ],
  [
    'behind a link to a link that leads there',
    'one/keys',
    (root) => {
      symlinkSync(join(root, 'two'), join(root, 'one'))
      symlinkSync('policies', join(root, 'two'))
    },
    false,
  ],
  [
    'outside, behind a link that a set could exchange',
    'policies/away',
    (root) => symlinkSync('../keys', join(root, 'policies/away')),
    false,
  ],
  [
    'outside, behind a link outside to such a link',
    'link',
    (root) => {
      symlinkSync(join(root, 'policies/away'), join(root, 'link'))
      symlinkSync('../keys', join(root, 'policies/away'))
    },
    false,
  ],
  [
    'outside, behind a link outside',
    'link',
    (root) => symlinkSync('keys', join(root, 'link')),
    true,
  ],
  ['behind a link to itself', 'loop', (root) => symlinkSync('loop', join(root, 'loop')), false],
])(
  'keys of signers that lie %s are told from those that a set could bring',
  { tags: ['POL-30', 'PST-4'] },
  async ([, way, arrange, isTaken]) => {
    const { policies, config } = signedDirectory()
    signNow(policies)
    const root = policyDirectory({})
    // The directory of the policies is behind a link as well.
    const real = join(root, 'policies')
    renameSync(policies, real)
    symlinkSync(real, policies)
    // Its own directory is taken away when the test has finished.
    onTestFinished(() => {
      rmSync(policies)
      mkdirSync(policies)
    })
    const [first = ''] = config.policy.signers
    for (const place of ['keys', 'policies-keys', 'policies/keys']) {
      cpSync(dirname(first), join(root, place), { recursive: true })
    }
    arrange(root)
    const signers = config.policy.signers.map((path) => join(root, way, basename(path)))
    const loading = load({ policies, config: { policies, policy: { ...config.policy, signers } } })
    if (isTaken) expect((await loading).signed?.signers).toHaveLength(2)
    else await expect(loading).rejects.toThrow(way === 'loop' ? /cannot be read/ : /policies/)
  },
)

test(
  'without its manifest, or signed by too few, a set is refused',
  { tags: ['PST-4', 'THR-52'] },
  async () => {
    const place = signedDirectory()
    await expect(load(place)).rejects.toThrow(refusal('policies-unreadable'))
    signNow(place.policies, {}, SIGNERS.slice(0, 1))
    await expect(load(place)).rejects.toThrow(refusal('policy-set-unproved'))
  },
)
