import { nodeSuite as suite } from '@warren/crypto'
import { appendRotation, createIdentity, encodeMultikey, type Identity } from '@warren/identity'
import type { GateAnswer } from '@warren/mcp'
import type { RevocationTarget } from '@warren/membership'
import type { CallStream } from '@warren/network'
import { createPolicyEngine, FactDeclarations, FactLayer } from '@warren/policy'
import { beforeEach, expect, test, vi } from 'vitest'
import { nodeFactPorts } from '../../src/policy/fact-ports.ts'
import { PolicyGate } from '../../src/policy-gate.ts'
import { TestDesk } from '../approval/test-desk.ts'
import { TestBehaviour } from '../behaviour/test-behaviour.ts'
import {
  type ComingBack,
  comingBack,
  connect,
  DAY_MS,
  type EnforcedNode,
  grant,
  keyTargets,
  nodeFor,
  NOW_MS,
  peerIdsOf,
  revocationOf,
  rotated,
  time,
} from './enforced-mesh.ts'

/** What is remembered of a standing is worth so long. */
const HALF_SECOND_MS = 500
const SERVERS = [
  { transport: 'stdio', name: 'files', command: process.execPath, args: [] },
] as const

beforeEach(() => {
  time.nowMs = NOW_MS
})

/** A session of a server of that node, for which a process runs there. */
async function session(from: EnforcedNode, to: EnforcedNode): Promise<CallStream> {
  const stream = await from.network.openCall(to.did, AbortSignal.timeout(5_000))
  const header = { v: 1, kind: 'session', server: 'files', session: 'a'.repeat(22) }
  await stream.write(Buffer.from(`${JSON.stringify(header)}\n`))
  await stream.bytes[Symbol.asyncIterator]().next()
  return stream
}

function channelKeysOf({ nodeSigner, mlDsaSigner }: Identity): readonly string[] {
  return [
    encodeMultikey({ type: 'ed25519', bytes: nodeSigner.publicKey }),
    encodeMultikey({ type: 'mldsa44', bytes: mlDsaSigner.publicKey }),
  ]
}

/** What the gate of a node that is open to all its callers says to one with these keys. */
async function askedWith(
  { mesh }: EnforcedNode,
  caller: { readonly did: string; readonly keys: readonly string[] },
): Promise<GateAnswer> {
  const text = '@id("open") permit (principal, action, resource);'
  const engine = createPolicyEngine({ policies: [{ name: 'open.cedar', text }] })
  const layer = new FactLayer(FactDeclarations.read({}), nodeFactPorts())
  const gate = new PolicyGate(
    { engine, layer, limits: undefined, digest: 'open' },
    {
      clock: { wallMs: () => time.nowMs, monotonicMs: () => 0 },
      report: () => {},
      approvals: new TestDesk().desk,
      behaviour: new TestBehaviour().desk,
      audit: { decided: ({ answer }) => Promise.resolve(answer) },
      self: 'did:webvh:self',
      standingOf: (did, view, keys) => mesh.standings.inView(did, view, keys),
      freshnessFor: (server) => mesh.freshness.viewFor(server),
    },
  )
  const params = { name: 'read_file', arguments: {} }
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params } as const
  return gate.decide({ caller, server: 'files', message, bytes: 0 })
}

/** Dials in vain: for its keys, or where the log with the newer ones has been met, for the older one that it shows. */
async function refused(
  from: EnforcedNode,
  to: EnforcedNode,
  peerCode: 'key-revoked' | 'log-rollback',
): Promise<void> {
  await expect(connect(from, to)).rejects.toMatchObject({
    code: 'admission-refused-by-peer',
    peerCode,
  })
}

test.for<[string, (records: ComingBack) => readonly (readonly string[])[]]>([
  ['the revocation first, each by itself', ({ gone, word, back }) => [[gone], [word], [back]]],
  ['all in one message', ({ gone, word, back }) => [[gone, word, back]]],
  ['all in one message, the new membership first', ({ gone, word, back }) => [[back, word, gone]]],
  ['the revocation last', ({ gone, word, back }) => [[word, back], [gone]]],
])(
  'a connection on stolen keys ends with the return of their member: %s',
  { tags: ['REC-5', 'NODE-14', 'NODE-46', 'THR-64'] },
  async ([, inOrder]) => {
    const here = await nodeFor(undefined, undefined, SERVERS)
    const thief = await nodeFor()
    await connect(thief, here)
    const theirs = await session(thief, here)
    expect(here.provider.status().sessions).toBe(1)
    const again = rotated(thief.identity)
    const records = comingBack(again)
    for (const texts of inOrder(records)) await here.mesh.records.submit(texts)

    expect(here.mesh.standings.of(thief.did)).toMatchObject({
      status: 'member',
      membership: { gen: 2, roles: ['engineer'] },
    })
    expect(here.network.members()).toEqual([])
    await here.enforcement.settled()
    expect(here.provider.status()).toMatchObject({ sessions: 0, streams: 0 })
    await vi.waitFor(() => expect(theirs.signal.aborted).toBe(true))
    await refused(thief, here, 'key-revoked')

    const honest = await nodeFor(again, records.membership)
    await honest.mesh.records.submit([records.gone, records.word])
    await connect(honest, here)
    expect(peerIdsOf(here)).toEqual([honest.network.peerId])
  },
)

/** A thief on the keys that a member had, and the member on the ones that it has now; both are connected. */
async function bothConnected(): Promise<{
  readonly here: EnforcedNode
  readonly thief: EnforcedNode
  readonly honest: EnforcedNode
}> {
  const here = await nodeFor(undefined, undefined, SERVERS)
  const thief = await nodeFor()
  await connect(thief, here)
  const again = rotated(thief.identity)
  const honest = await nodeFor(again, grant(again, { fromMs: NOW_MS - DAY_MS / 2 }))
  await connect(honest, here)
  expect(peerIdsOf(here)).toEqual([thief.network.peerId, honest.network.peerId])
  return { here, thief, honest }
}

test.for<[string, (targets: readonly RevocationTarget[]) => readonly RevocationTarget[]]>([
  ['both', (targets) => targets],
  ['the Ed25519 key alone', ([ed25519]) => (ed25519 === undefined ? [] : [ed25519])],
  ['the ML-DSA key alone', ([, mlDsa44]) => (mlDsa44 === undefined ? [] : [mlDsa44])],
])(
  'a connection on keys that were replaced and then revoked ends alone: %s',
  { tags: ['REC-6', 'NODE-14', 'NODE-46', 'THR-64'] },
  async ([, which]) => {
    const { here, thief, honest } = await bothConnected()
    const theirs = await session(thief, here)
    await here.mesh.records.submit([revocationOf(which(keyTargets(thief.identity)))])

    expect(peerIdsOf(here)).toEqual([honest.network.peerId])
    await here.enforcement.settled()
    expect(here.provider.status()).toMatchObject({ sessions: 0, streams: 0 })
    await vi.waitFor(() => expect(theirs.signal.aborted).toBe(true))
    await refused(thief, here, 'log-rollback')
    expect(here.events).toContainEqual(
      expect.objectContaining({ event: 'cut-off', did: thief.did, code: 'key-revoked' }),
    )
    // The member is one as before, on the connection that it had.
    await session(honest, here)
    expect(here.provider.status().sessions).toBe(1)
    expect(peerIdsOf(here)).toEqual([honest.network.peerId])
  },
)

test(
  'the revocation of keys that nobody here has shown cuts nobody off',
  { tags: ['REC-6', 'NODE-46'] },
  async () => {
    const { here, thief, honest } = await bothConnected()
    const other = await nodeFor()
    await here.mesh.records.submit([revocationOf(keyTargets(other.identity))])
    expect(peerIdsOf(here)).toEqual([thief.network.peerId, honest.network.peerId])
  },
)

test(
  'a key that a member has put into its log since it was let in is worth nothing once it is revoked',
  { tags: ['REC-6', 'NODE-46'] },
  async () => {
    const here = await nodeFor()
    const before = createIdentity({ suite, nowMs: NOW_MS - DAY_MS })
    const nowMs = NOW_MS - 60_000
    const after = appendRotation({ suite, identity: before, nowMs, replace: ['mlDsa'] })
    const member = await nodeFor(after, grant(before))
    await connect(member, here)
    const [, mlDsa44] = keyTargets(after)
    if (mlDsa44 === undefined) throw new Error('it has an ML-DSA key')
    await here.mesh.records.submit([revocationOf([mlDsa44])])
    expect(here.network.members()).toEqual([])
    await refused(member, here, 'key-revoked')
  },
)

test(
  'former keys are worth nothing from the moment at which the membership with the new ones counts, and not before',
  { tags: ['REC-5', 'NODE-46', 'THR-64'] },
  async () => {
    const here = await nodeFor()
    const thief = await nodeFor()
    await connect(thief, here)
    const fromMs = NOW_MS + DAY_MS
    const again = rotated(thief.identity)
    // What lets it come back rests on a revocation of something else: until the new membership counts, the old one does.
    const targets = keyTargets(createIdentity({ suite, nowMs: NOW_MS }))
    const { gone, word, back } = comingBack(again, { fromMs, targets })
    await here.mesh.records.submit([word, back, gone])
    const { skewMs } = here.mesh.records.set.charter.freshness
    const { did } = thief
    const keys = channelKeysOf(thief.identity)

    time.nowMs = fromMs - skewMs - HALF_SECOND_MS
    here.enforcement.enforce('all')
    expect(here.network.members()).toEqual([did])
    expect(await askedWith(here, { did, keys })).toMatchObject({ allowed: true })
    time.nowMs = fromMs - skewMs
    expect(await askedWith(here, { did, keys })).toMatchObject({ code: 'caller-not-admitted' })
    expect(await askedWith(here, { did, keys: channelKeysOf(again) })).toMatchObject({
      allowed: true,
    })
    expect(here.network.members()).toEqual([did])
    here.enforcement.enforce('all')
    expect(here.network.members()).toEqual([])
  },
)

test(
  'who has rotated away from a revoked key is a member to every node, whatever log of it that one has met',
  { tags: ['REC-6', 'NODE-47'] },
  async () => {
    const [here, late, member] = [await nodeFor(), await nodeFor(), await nodeFor()]
    await connect(member, here)
    const again = rotated(member.identity)
    const renewed = grant(again, { roles: ['engineer'], fromMs: NOW_MS - DAY_MS / 2 })
    const records = [renewed.text, revocationOf(keyTargets(member.identity))]
    for (const node of [here, late]) {
      await node.mesh.records.submit(records)
      expect(node.mesh.standings.of(member.did)).toMatchObject({
        status: 'member',
        membership: { roles: ['engineer'] },
      })
    }
    expect(here.network.members()).toEqual([])
    for (const node of [here, late]) await refused(member, node, 'key-revoked')
    const honest = await nodeFor(again, renewed)
    for (const node of [here, late]) {
      await connect(honest, node)
      await refused(member, node, 'log-rollback')
    }
  },
)

test(
  'a listener that fails keeps no member from being cut off, nor a record from being written down',
  { tags: ['NODE-13'] },
  async () => {
    const here = await nodeFor()
    const gone = await nodeFor(undefined, undefined, SERVERS)
    await connect(gone, here)
    await vi.waitFor(() => expect(here.catalog.servers()).toHaveLength(1))
    const heard: number[] = []
    here.catalog.onChange(() => {
      throw new Error('the host has gone')
    })
    here.catalog.onChange(() => heard.push(here.catalog.servers().length))
    const revoked = revocationOf([{ did: gone.did, maxGen: 1 }])
    const submission = await here.mesh.records.submit([revoked])
    expect(submission).toMatchObject({ refused: [], durable: true })
    expect(here.network.members()).toEqual([])
    expect(heard).toEqual([0])
    expect(here.events).toContainEqual(
      expect.objectContaining({ event: 'defect', message: 'Error: the host has gone' }),
    )
    await here.enforcement.settled()
  },
)
