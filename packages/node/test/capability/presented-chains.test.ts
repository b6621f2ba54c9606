import { type CapabilityKnowledge, verifyChain } from '@warren/capability'
import { appendRotation } from '@warren/identity'
import { expect, test } from 'vitest'
import { CHAINS_PER_MEMBER_MAX, PresentedChains } from '../../src/capability/presented-chains.ts'
import {
  agent,
  broker,
  delegated,
  HOUR_MS,
  issue,
  knowledge,
  NOW_MS,
  other,
  owner,
  suite,
  uuid,
} from './builders.ts'

const CALL = { server: 'fs', tool: 'read_file', arguments: { path: 'a' } }

function desk(): {
  readonly chains: PresentedChains
  readonly known: { now: CapabilityKnowledge }
  readonly fallen: unknown[]
  readonly unchecked: unknown[]
} {
  const known = { now: knowledge() }
  const fallen: unknown[] = []
  const unchecked: unknown[] = []
  const chains = new PresentedChains({
    knowledge: () => known.now,
    onFallen: (did, each) => fallen.push({ did, ...each }),
    onUnchecked: (error) => unchecked.push(error),
  })
  return { chains, known, fallen, unchecked }
}

test(
  'only what covers the very call counts, and only for whoever showed it',
  { tags: ['CAP-10'] },
  () => {
    const { chains } = desk()
    const chain = delegated()
    chains.add(agent.did, verifyChain(chain, knowledge()))
    const ids = chain.links.map(({ id }) => id)
    expect(chains.covering(agent.did, CALL)).toEqual([{ label: 'self', ids }])
    expect(chains.covering(agent.did, { server: 'fs' })).toEqual([{ label: 'self', ids }])
    expect(chains.covering(agent.did, { server: 'db' })).toEqual([])
    expect(chains.covering(agent.did, { ...CALL, arguments: { path: 'b' } })).toEqual([])
    expect(chains.covering(agent.did, { ...CALL, tool: 'write_file' })).toEqual([])
    expect(chains.covering(broker.did, CALL)).toEqual([])
  },
)

test.for<[string, Partial<CapabilityKnowledge>, string]>([
  ['a link is revoked', { isRevoked: ({ issuer }) => issuer === broker.did }, 'capability-revoked'],
  ['the time is over', { nowMs: NOW_MS + HOUR_MS }, 'capability-expired'],
  [
    'somebody in the middle is no member',
    { logOf: (did) => (did === broker.did ? undefined : knowledge().logOf(did)) },
    'capability-key-log-unknown',
  ],
  ['the root is named no more', { labelOf: () => undefined }, 'capability-root-unknown'],
])(
  'a chain falls when %s: at the next question, or at once where everything is looked at',
  { tags: ['CAP-7', 'CAP-14'] },
  ([, changes, code]) => {
    const chain = delegated()
    const fell = { did: agent.did, id: chain.last.id, server: 'fs', code }
    const asked = desk()
    asked.chains.add(agent.did, verifyChain(chain, knowledge()))
    expect(asked.chains.covering(agent.did, CALL)).toHaveLength(1)
    asked.known.now = knowledge(changes)
    expect(asked.chains.covering(agent.did, CALL)).toEqual([])
    expect(asked.fallen).toEqual([{ ...fell, used: true }])

    const looked = desk()
    looked.chains.add(agent.did, verifyChain(chain, knowledge()))
    looked.known.now = knowledge(changes)
    looked.chains.recheck()
    expect(looked.fallen).toEqual([{ ...fell, used: false }])
    // It does not come back by itself.
    looked.known.now = knowledge()
    expect(looked.chains.covering(agent.did, CALL)).toEqual([])
  },
)

test(
  'an issuer that renews other keys leaves what it issued in force, and one that replaces those does not',
  { tags: ['CAP-6', 'CAP-7'] },
  () => {
    for (const [replace, count] of [
      [['node'], 1],
      [['assertion'], 0],
    ] as const) {
      const { chains, known } = desk()
      chains.add(agent.did, verifyChain(delegated(), knowledge()))
      const rotated = appendRotation({
        suite,
        identity: broker,
        nowMs: NOW_MS,
        replace: [...replace],
      })
      const logOf: CapabilityKnowledge['logOf'] = (did) =>
        did === broker.did ? rotated.log : knowledge().logOf(did)
      known.now = knowledge({ logOf })
      expect(chains.covering(agent.did, CALL)).toHaveLength(count)
    }
  },
)

test(
  'a member shows so many and no more, which takes nothing from another, until it has left',
  { tags: ['CAP-12', 'THR-50'] },
  () => {
    const { chains } = desk()
    const shown = Array.from({ length: CHAINS_PER_MEMBER_MAX }, () =>
      verifyChain(issue(owner, agent), knowledge()),
    )
    for (const each of shown) chains.add(agent.did, each)
    // The same once more is no other.
    for (const each of shown) chains.add(agent.did, each)
    expect(chains.covering(agent.did, CALL)).toHaveLength(CHAINS_PER_MEMBER_MAX)
    const exhausted = expect.objectContaining({ code: 'presentation-exhausted' })
    expect(() => chains.add(agent.did, verifyChain(issue(owner, agent), knowledge()))).toThrow(
      exhausted,
    )
    chains.add(other.did, verifyChain(issue(owner, other), knowledge()))
    chains.forget(agent.did)
    expect(chains.covering(agent.did, CALL)).toEqual([])
    expect(chains.covering(other.did, CALL)).toHaveLength(1)
    chains.add(agent.did, verifyChain(issue(owner, agent), knowledge()))
    expect(chains.describe().map(({ did }) => did)).toEqual([other.did, agent.did])
  },
)

test(
  'another chain under the same id, which its issuer has chosen, hides nothing of the first',
  { tags: ['CAP-14', 'THR-48'] },
  () => {
    const { chains, known, fallen } = desk()
    const id = uuid()
    const one = issue(broker, agent, { parent: issue(owner, broker), id })
    const another = issue(broker, agent, {
      parent: issue(owner, broker, { server: 'db' }),
      server: 'db',
      id,
    })
    expect(chains.add(agent.did, verifyChain(one, knowledge()))).toBe(true)
    expect(chains.covering(agent.did, CALL)).toHaveLength(1)
    expect(chains.add(agent.did, verifyChain(another, knowledge()))).toBe(true)
    expect(chains.describe()).toEqual([{ did: agent.did, ids: [id, id] }])
    known.now = knowledge({ isRevoked: (link) => link.id === one.first.id })
    chains.recheck()
    expect(fallen).toEqual([
      { did: agent.did, id, server: 'fs', code: 'capability-revoked', used: true },
    ])
    expect(chains.covering(agent.did, { server: 'db' })).toHaveLength(1)
  },
)

test(
  'of so many members the one that was heard of first is forgotten',
  { tags: ['CAP-12', 'THR-50'] },
  () => {
    const { chains } = desk()
    const one = verifyChain(issue(owner, agent), knowledge())
    for (let at = 0; at <= 1_024; at += 1) chains.add(`did:${at}`, one)
    expect(chains.describe()).toHaveLength(1_024)
    expect(chains.covering('did:0', CALL)).toEqual([])
    expect(chains.covering('did:1024', CALL)).toHaveLength(1)
  },
)

test(
  'a chain that cannot be judged falls, and those behind it are judged all the same',
  { tags: ['CAP-17', 'CAP-14'] },
  () => {
    const { chains, known, fallen, unchecked } = desk()
    const broken = issue(owner, other)
    const revoked = issue(owner, broker)
    const good = issue(owner, agent)
    chains.add(other.did, verifyChain(broken, knowledge()))
    chains.add(broker.did, verifyChain(revoked, knowledge()))
    chains.add(agent.did, verifyChain(good, knowledge()))
    expect(chains.covering(other.did, CALL)).toHaveLength(1)
    const disk = new Error('disk I/O error')
    known.now = {
      ...knowledge(),
      isRevoked: ({ id }) => {
        if (id === broken.last.id) throw disk
        return id === revoked.last.id
      },
    }
    chains.recheck()
    expect(unchecked).toEqual([disk])
    expect(fallen).toMatchObject([
      { did: other.did, id: broken.last.id, code: 'capability-unchecked', used: true },
      { did: broker.did, id: revoked.last.id, code: 'capability-revoked', used: false },
    ])
    expect(chains.covering(agent.did, CALL)).toHaveLength(1)
    expect(chains.covering(other.did, CALL)).toEqual([])
  },
)
