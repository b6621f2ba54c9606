import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto'
import { createIdentity, type Identity } from '@warren/identity'
import {
  adminSigner,
  createCharter,
  createHello,
  issueMembership,
  publicPair,
} from '@warren/membership'
import { createPolicyEngine, FactDeclarations, FactLayer } from '@warren/policy'
import { openStore } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { answerAboutRecords } from '../../src/control/answer-about-records.ts'
import { nodeFactPorts } from '../../src/policy/fact-ports.ts'
import { PolicyGate } from '../../src/policy-gate.ts'
import type { MeshKnowledge } from '../../src/records/mesh-knowledge.ts'
import { channelOf } from '../channel.ts'
import { knowledge } from '../knowledge.ts'
import { TestDesk } from '../approval/test-desk.ts'
import { TestBehaviour } from '../behaviour/test-behaviour.ts'

const NOW_MS = Date.UTC(2026, 10, 24)
const DAY_MS = 86_400_000
const OPEN = '@id("open") permit (principal, action, resource);'

interface Setting {
  readonly member: Identity
  readonly node: MeshKnowledge
  readonly hello: Uint8Array
}

/** A node that has just started, and a member that it has not met; witnesses, where there are any, have not answered. */
function justStarted(witnessCount: number): Setting {
  const made = (): Identity => createIdentity({ suite, nowMs: NOW_MS - DAY_MS })
  const [admin, own, member] = [made(), made(), made()]
  const witnesses = Array.from({ length: witnessCount }, () => publicPair(adminSigner(made())))
  const admins = [adminSigner(admin)]
  const charter = createCharter({ suite, name: 'test', admins, k: 1, witnesses, nowMs: NOW_MS })
  const [membership, shown] = [own, member].map((each) =>
    issueMembership({
      suite,
      charter,
      admins,
      member: each.log,
      enclave: 'main',
      roles: ['member'],
      notBeforeMs: NOW_MS,
      notAfterMs: NOW_MS + DAY_MS,
      nowMs: NOW_MS,
    }),
  )
  if (membership === undefined || shown === undefined) throw new Error('two memberships')
  const directory = mkdtempSync(join(tmpdir(), 'warren-stale-'))
  const store = openStore(join(directory, 'warren.db'))
  const clock = { wallMs: () => NOW_MS, monotonicMs: () => 0 }
  const node = knowledge({ clock, charter, log: own.log, membership, store })
  onTestFinished(async () => {
    await node.records.stop()
    store.close()
    rmSync(directory, { recursive: true })
  })
  const { meshId } = charter
  const hello = createHello({ meshId, log: member.log.text, membership: shown.text })
  return { member, node, hello }
}

function gateOf({ standings, freshness }: MeshKnowledge): PolicyGate {
  const engine = createPolicyEngine({ policies: [{ name: 'open.cedar', text: OPEN }] })
  return new PolicyGate(
    {
      engine,
      layer: new FactLayer(FactDeclarations.read({}), nodeFactPorts()),
      limits: undefined,
      digest: 'open',
    },
    {
      clock: { wallMs: () => NOW_MS, monotonicMs: () => 0 },
      report: () => {},
      approvals: new TestDesk().desk,
      behaviour: new TestBehaviour().desk,
      audit: { decided: ({ answer }) => Promise.resolve(answer) },
      self: 'did:webvh:self',
      standingOf: (did, view) => standings.inView(did, view),
      freshnessFor: (server) => freshness.viewFor(server),
    },
  )
}

const MESSAGE = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} } as const

test(
  'a node whose knowledge is stale admits a member, and serves it nothing',
  { tags: ['FRS-19', 'NODE-12'] },
  async () => {
    const { member, node, hello } = justStarted(3)
    await expect(node.admission.judge(hello, channelOf(member))).resolves.toEqual({
      admitted: true,
      did: member.did,
    })
    expect(node.standings.inView(member.did, node.freshness.viewFor('fs'))).toMatchObject({
      status: 'stale',
      why: 'boot',
      standing: { status: 'member' },
    })
    const question = { caller: { did: member.did }, server: 'fs', message: MESSAGE, bytes: 0 }
    await expect(gateOf(node).decide(question)).resolves.toMatchObject({ code: 'knowledge-stale' })
    const stranger = { ...question, caller: { did: 'did:webvh:nobody' } }
    await expect(gateOf(node).decide(stranger)).resolves.toMatchObject({
      code: 'caller-not-admitted',
    })
  },
)

test('where nobody is a witness the same member is served', { tags: ['FRS-19'] }, async () => {
  const { member, node, hello } = justStarted(0)
  await node.admission.judge(hello, channelOf(member))
  const question = { caller: { did: member.did }, server: 'fs', message: MESSAGE, bytes: 0 }
  await expect(gateOf(node).decide(question)).resolves.toMatchObject({ allowed: true })
})

test.for([
  { witnesses: 3, state: 'stop' },
  { witnesses: 0, state: 'unwitnessed' },
])(
  'what is said of members goes with how fresh it is: $state',
  { tags: ['CLI-14'] },
  async ({ witnesses, state }) => {
    const { member, node, hello } = justStarted(witnesses)
    await node.admission.judge(hello, channelOf(member))
    const who = member.did
    for (const request of [{ do: 'members' }, { do: 'why', who }] as const) {
      await expect(answerAboutRecords(node, request)).resolves.toMatchObject({
        freshness: { state },
      })
    }
  },
)
