import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CapabilityChain, createPresentation, issueRevocation } from '@warren/capability'
import { canonicalJson } from '@warren/core'
import { type Identity, issueCredential } from '@warren/identity'
import { afterEach, expect, test, vi } from 'vitest'
import { CapabilityDesk } from '../../src/capability/capability-desk.ts'
import type { NodeEvent } from '../../src/node-event.ts'
import {
  agent,
  asserting,
  authenticating,
  broker,
  delegated,
  everybody,
  HOUR_MS,
  issue,
  NOW_MS,
  other,
  owner,
  suite,
  uuid,
} from './builders.ts'

const SESSION = 'ab'.repeat(32)
const CALL = { server: 'fs', tool: 'read_file', arguments: { path: 'a' } }

const directories: string[] = []

afterEach(() => {
  vi.useRealTimers()
  for (const each of directories.splice(0)) rmSync(each, { recursive: true })
})

interface Owner {
  readonly directory: string
  readonly desk: CapabilityDesk
  readonly connected: Set<string>
  readonly members: Set<string>
  readonly ended: unknown[]
  readonly events: NodeEvent[]
  /** Of whom was asked whether they are members. */
  readonly asked: string[]
  /** What the desk judges by. */
  readonly time: { now: () => number }
}

function ownerNode(
  issuers: Readonly<Record<string, string>> = {},
  endServer: () => Promise<void> = () => Promise.resolve(),
): Owner {
  const directory = mkdtempSync(join(tmpdir(), 'warren-capability-'))
  directories.push(directory)
  const members = new Set<string>(everybody.map(({ did }) => did))
  const connected = new Set(members)
  const ended: unknown[] = []
  const time = { now: () => NOW_MS }
  const events: NodeEvent[] = []
  const asked: string[] = []
  const desk = new CapabilityDesk({
    directory,
    holder: authenticating(owner),
    issuers,
    keyLogs: {
      objection: (did) => {
        asked.push(did)
        return members.has(did) ? undefined : 'not-a-member'
      },
      isCurrent: () => true,
      shownLog: () => undefined,
      storedLog: (did) => everybody.find((each) => each.did === did)?.log.text,
    },
    fateOf: () => 'here',
    timeMs: () => time.now(),
    network: () => ({
      members: () => [...connected],
      peers: () => [],
      on: () => () => {},
      openCall: () => Promise.reject(new Error('nobody is called')),
    }),
    provider: () => ({
      endServer: (scope) => {
        ended.push(scope)
        return endServer()
      },
    }),
    report: (event) => events.push(event),
  })
  return { directory, desk, connected, members, ended, events, asked, time }
}

const TERMS = { challenge: SESSION, domain: owner.did }

function shown(chain: CapabilityChain, by: Identity, terms = TERMS): string {
  return createPresentation(chain, terms, { suite, holder: authenticating(by), nowMs: NOW_MS })
}

function caller({ did }: Identity, callSession: string | undefined = SESSION) {
  return callSession === undefined ? { did } : { did, callSession }
}

function revocation(by: Identity, capability: string, node = owner.did): string {
  const revoked = { capability, node, untilMs: NOW_MS + HOUR_MS }
  return issueRevocation({ suite, issuer: asserting(by), id: uuid(), nowMs: NOW_MS, revoked })
}

test(
  'what a holder shows on its session is remembered for it',
  { tags: ['CAP-8', 'CAP-1'] },
  async () => {
    const { desk } = ownerNode({ ops: other.did })
    await desk.take(shown(delegated(), agent), caller(agent))
    await desk.take(shown(issue(other, agent), agent), caller(agent))
    expect(desk.covering(agent.did, CALL).map(({ label }) => label)).toEqual(['self', 'ops'])
  },
)

test(
  'what was recorded is worth nothing on another session, to another member, or without a session',
  { tags: ['CAP-8', 'THR-49'] },
  async () => {
    const { desk } = ownerNode()
    const text = shown(delegated(), agent)
    for (const [from, code] of [
      [caller(agent, 'cd'.repeat(32)), 'presentation-unproved'],
      [caller(other), 'presentation-foreign'],
      [caller(broker), 'presentation-foreign'],
      [{ did: agent.did }, 'presentation-foreign'],
      [{ did: owner.did }, 'presentation-foreign'],
    ] as const) {
      await expect(desk.take(text, from)).rejects.toMatchObject({ code })
    }
    await expect(
      desk.take(shown(delegated(), agent, { ...TERMS, domain: other.did }), caller(agent)),
    ).rejects.toMatchObject({
      code: 'presentation-unproved',
    })
    for (const { did } of everybody) expect(desk.covering(did, CALL)).toEqual([])
  },
)

test('a root of its own gives a member nothing', { tags: ['CAP-1', 'THR-48'] }, async () => {
  const { desk } = ownerNode()
  const own = shown(issue(broker, agent), agent)
  await expect(desk.take(own, caller(agent))).rejects.toMatchObject({
    code: 'capability-root-unknown',
  })
})

test('whoever has just gone is not remembered', { tags: ['CAP-12'] }, async () => {
  const { desk, connected } = ownerNode()
  connected.delete(agent.did)
  const late = desk.take(shown(delegated(), agent), caller(agent))
  await expect(late).rejects.toMatchObject({ code: 'presentation-foreign' })
  expect(desk.covering(agent.did, CALL)).toEqual([])
})

test(
  'a link that its issuer takes back ends the calls by it on that server, and is refused afterwards',
  { tags: ['CAP-13', 'CAP-14'] },
  async () => {
    const { desk, ended, events } = ownerNode()
    const chain = delegated()
    await desk.take(shown(chain, agent), caller(agent))
    expect(desk.covering(agent.did, CALL)).toHaveLength(1)
    // Carried by anybody.
    await desk.take(revocation(broker, chain.last.id), caller(other))
    expect(ended).toEqual([{ did: agent.did, server: 'fs' }])
    expect(events).toContainEqual(
      expect.objectContaining({ event: 'capability-fallen', code: 'capability-revoked' }),
    )
    expect(desk.covering(agent.did, CALL)).toEqual([])
    await expect(desk.take(shown(chain, agent), caller(agent))).rejects.toMatchObject({
      code: 'capability-revoked',
    })
  },
)

test(
  'a revocation that is brought again is acknowledged, told once, and has no chain judged again',
  { tags: ['CAP-20', 'THR-50'] },
  async () => {
    const { directory, desk, events, asked } = ownerNode()
    await desk.take(shown(delegated(), agent), caller(agent))
    const told = (): number => events.filter(({ event }) => event === 'capability-revoked').length
    const looks = (): number => asked.filter((did) => did === broker.did).length
    const before = looks()
    const text = revocation(other, uuid())
    // At once, while the first is being written down, and afterwards; by its issuer and by another member.
    await Promise.all([other, broker, other].map(async (by) => desk.take(text, caller(by))))
    expect(told()).toBe(1)
    const once = looks()
    expect(once).toBeGreaterThan(before)
    for (let count = 0; count < 20; count += 1) {
      await desk.take(text, caller(count % 2 === 0 ? other : broker))
    }
    expect([told(), looks()]).toEqual([1, once])
    expect(await desk.refresh()).toMatchObject({ revoked: [{ by: other.did }] })
    await desk.take(revocation(other, uuid()), caller(other))
    expect(told()).toBe(2)
    expect(readdirSync(join(directory, 'capabilities/revoked'))).toHaveLength(2)
  },
)

test(
  'nobody takes back what somebody else has issued, or for another node, or as no member',
  { tags: ['CAP-13', 'THR-48'] },
  async () => {
    const { desk, members, ended } = ownerNode()
    const chain = delegated()
    await desk.take(shown(chain, agent), caller(agent))
    await desk.take(revocation(other, chain.last.id), caller(other))
    await desk.take(revocation(broker, chain.first.id), caller(broker))
    expect(desk.covering(agent.did, CALL)).toHaveLength(1)
    const forged = revocation(other, chain.last.id).replaceAll(other.did, broker.did)
    await expect(desk.take(forged, caller(other))).rejects.toMatchObject({
      code: 'capability-revocation-unproved',
    })
    await expect(
      desk.take(revocation(broker, chain.last.id, other.did), caller(broker)),
    ).rejects.toMatchObject({
      code: 'capability-foreign-node',
    })
    expect(ended).toEqual([])
    members.delete(other.did)
    await expect(desk.take(revocation(other, uuid()), caller(other))).rejects.toMatchObject({
      code: 'capability-key-log-unknown',
    })
  },
)

test(
  'a chain falls with the membership of whoever passed it on, in flight too',
  { tags: ['CAP-7', 'CAP-14'] },
  async () => {
    const { desk, members, ended } = ownerNode()
    await desk.take(shown(delegated(), agent), caller(agent))
    expect(desk.covering(agent.did, CALL)).toHaveLength(1)
    members.delete(broker.did)
    desk.recheck()
    expect(ended).toEqual([{ did: agent.did, server: 'fs' }])
    expect(desk.covering(agent.did, CALL)).toEqual([])
  },
)

test.for([
  ['nothing', ''],
  ['no JSON', 'x'],
  ['something else', '{"type":["VerifiableCredential"]}'],
  ['a word of a revocation', '["WarrenCapabilityRevocation"]'],
] as const)('%s is refused with a code', { tags: ['CAP-5', 'THR-50'] }, async ([, text]) => {
  const { desk } = ownerNode()
  await expect(desk.take(text, caller(agent))).rejects.toMatchObject({
    name: 'CapabilityError',
    code: expect.stringContaining('malformed'),
  })
})

test(
  'no revocation is taken that could not be read at the next start',
  { tags: ['CAP-5', 'CAP-13', 'THR-50'] },
  async () => {
    const { desk } = ownerNode()
    const issuer = asserting(broker)
    const claim = {
      id: uuid(),
      type: 'WarrenCapabilityRevocation',
      context: '\u6f22'.repeat(5_400),
      subject: { id: uuid(), node: owner.did },
      validFromMs: NOW_MS,
      validUntilMs: NOW_MS + HOUR_MS,
    }
    const text = canonicalJson(issueCredential({ suite, issuer, nowMs: NOW_MS, claim }))
    await expect(desk.take(text, caller(broker))).rejects.toMatchObject({
      code: 'capability-revocation-malformed',
    })
    expect(await desk.refresh()).toMatchObject({ revoked: [] })
  },
)

test(
  'a file that cannot be read is told of as an error, and takes nothing else away',
  { tags: ['CAP-13', 'THR-50'] },
  async () => {
    const { directory, desk, events } = ownerNode()
    const chain = delegated()
    await desk.take(revocation(broker, chain.last.id), caller(broker))
    const file = join(directory, 'capabilities/revoked/00.json')
    writeFileSync(file, 'x'.repeat(40_000), { mode: 0o600 })
    await desk.start()
    desk.stop()
    expect(events.filter(({ event }) => event === 'capability-file-unreadable')).toEqual([
      expect.objectContaining({ level: 'error', message: expect.stringContaining(file) }),
    ])
    await expect(desk.take(shown(chain, agent), caller(agent))).rejects.toMatchObject({
      code: 'capability-revoked',
    })
  },
)

test(
  'an error while everything is looked at is told, and the next round comes',
  { tags: ['CAP-14', 'CAP-17'] },
  async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const { desk, events, ended, members } = ownerNode()
    await desk.take(shown(delegated(), agent), caller(agent))
    expect(desk.covering(agent.did, CALL)).toHaveLength(1)
    await desk.start()
    const has = members.has.bind(members)
    members.has = () => {
      throw new Error('the store is shut')
    }
    vi.advanceTimersByTime(10_000)
    expect(events).toContainEqual({
      event: 'capability-unchecked',
      level: 'error',
      code: 'capability-unchecked',
      message: expect.stringContaining('the store is shut'),
    })
    const end = { did: agent.did, server: 'fs' }
    expect(ended).toEqual([end])
    members.has = has
    await desk.take(shown(delegated(), agent), caller(agent))
    expect(desk.covering(agent.did, CALL)).toHaveLength(1)
    members.delete(broker.did)
    vi.advanceTimersByTime(10_000)
    desk.stop()
    expect(ended).toEqual([end, end])
  },
)

test(
  'where nothing can be judged by, all that was shown falls, calls by it end, and it is told; nothing is thrown',
  { tags: ['CAP-17', 'CAP-14'] },
  async () => {
    const { desk, ended, events, time } = ownerNode({ ops: other.did })
    await desk.take(shown(delegated(), agent), caller(agent))
    expect(desk.covering(agent.did, CALL)).toHaveLength(1)
    time.now = () => {
      throw new Error('disk I/O error')
    }
    desk.recheck()
    expect(ended).toEqual([{ did: agent.did, server: 'fs' }])
    expect(events.slice(-2)).toMatchObject([
      { event: 'capability-unchecked', level: 'error', code: 'capability-unchecked' },
      { event: 'capability-fallen', code: 'capability-unchecked', did: agent.did },
    ])
    time.now = () => NOW_MS
    expect(desk.covering(agent.did, CALL)).toEqual([])
    // It is no verdict on the chain: shown again, it counts again.
    await desk.take(shown(delegated(), agent), caller(agent))
    expect(desk.covering(agent.did, CALL)).toHaveLength(1)
  },
)

test.for<[string, () => Promise<void>]>([
  [
    'throws',
    () => {
      throw new Error('broken')
    },
  ],
  ['rejects', () => Promise.reject(new Error('broken'))],
])(
  'what %s while the calls by a fallen chain are ended is told, and the others fall as well',
  { tags: ['CAP-17'] },
  async ([, endServer]) => {
    const { desk, members, ended, events } = ownerNode({ ops: other.did }, endServer)
    await desk.take(shown(delegated(), agent), caller(agent))
    await desk.take(shown(issue(other, agent), agent), caller(agent))
    expect(desk.covering(agent.did, CALL)).toHaveLength(2)
    members.delete(broker.did)
    members.delete(other.did)
    desk.recheck()
    await Promise.resolve()
    await Promise.resolve()
    expect(ended).toHaveLength(2)
    expect(events.filter(({ event }) => event === 'capability-fallen')).toHaveLength(2)
    expect(events.filter(({ event }) => event === 'defect')).toHaveLength(2)
  },
)
