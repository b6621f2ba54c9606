import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonicalJson, type JsonObject } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { createIdentity, type Did, type Identity, peerIdOf } from '@warren/identity'
import {
  adminSigner,
  createCharter,
  type FreshnessJudgement,
  type FreshnessState,
  issueMembership,
  publicPair,
  randomUuid,
  signByAdmins,
  writeBeacon,
  writeCheckpoint,
  writeRevocation,
} from '@warren/membership'
import type { DiversityStatus, RecordLink } from '@warren/network'
import { openStore, type Store } from '@warren/storage'
import { describe, expect, onTestFinished, test } from 'vitest'
import { describeView } from '../../src/control/describe-view.ts'
import type { NodeEvent } from '../../src/node-event.ts'
import type { MeshKnowledge } from '../../src/records/mesh-knowledge.ts'
import { knowledge } from '../knowledge.ts'

const NOW_MS = Date.UTC(2026, 10, 24)
const DAY_MS = 86_400_000
const ROOT = '0'.repeat(64)

const made = (): Identity => createIdentity({ suite, nowMs: NOW_MS - DAY_MS })
const admins = [adminSigner(made())]
const own = made()
const witnesses = [own, made(), made(), made()]
const others = witnesses.slice(1)
const charter = createCharter({
  suite,
  name: 'test',
  admins,
  k: 1,
  witnesses: witnesses.map((witness) => publicPair(adminSigner(witness))),
  nowMs: NOW_MS - DAY_MS,
})

function membershipOf({ log }: Identity, name: string): string {
  return grant(log, name).text
}

function grant(member: Identity['log'], name: string) {
  return issueMembership({
    suite,
    charter,
    admins,
    member,
    name,
    enclave: 'hall',
    roles: ['member'],
    notBeforeMs: NOW_MS - DAY_MS,
    notAfterMs: NOW_MS + DAY_MS,
    nowMs: NOW_MS - DAY_MS,
  })
}

const MEMBERSHIPS = others.map((witness, index) => membershipOf(witness, `w${index}`))

interface Node extends MeshKnowledge {
  readonly store: Store
  readonly events: readonly NodeEvent[]
  /** The same node, started again. */
  restarted(): Node
}

/** A node that is a witness, and knows that the three others are members. */
async function witnessNode(): Promise<Node> {
  const directory = mkdtempSync(join(tmpdir(), 'warren-view-'))
  const store = openStore(join(directory, 'warren.db'))
  const running: MeshKnowledge[] = []
  onTestFinished(async () => {
    for (const each of running) await each.records.stop()
    store.close()
    rmSync(directory, { recursive: true })
  })
  const start = (): Node => {
    const events: NodeEvent[] = []
    const report = (event: NodeEvent): void => void events.push(event)
    const clock = { wallMs: () => NOW_MS, monotonicMs: () => 0 }
    const membership = grant(own.log, 'own')
    const known = knowledge({ clock, charter, log: own.log, membership, store, report })
    running.push(known)
    return { ...known, store, events, restarted: start }
  }
  const node = start()
  await node.records.submit(MEMBERSHIPS)
  return node
}

function signed(document: ReturnType<typeof writeBeacon>, by: Identity): string {
  const signers = [adminSigner(by)]
  return canonicalJson(signByAdmins({ suite, document, signers, createdMs: NOW_MS }))
}

function beacon(by: Identity, seq: number, removalCount: number): string {
  const members = { memberRoot: ROOT, memberCount: 0 }
  const time = { timeMs: NOW_MS, nextByMs: 60_000 }
  const statement = { ...time, ...members, removalRoot: ROOT, checkpoint: undefined }
  const { meshId } = charter
  return signed(writeBeacon({ meshId, witness: by.did, seq, removalCount, ...statement }), by)
}

function checkpoint(by: Identity, epoch: number, removalCount: number): string {
  const statement = { claimedMs: NOW_MS, prev: undefined, size: 0, added: [], removalRoot: ROOT }
  const { meshId } = charter
  const document = writeCheckpoint({
    meshId,
    witness: by.did,
    epoch,
    removalCount,
    adminHead: meshId,
    ...statement,
  })
  return signed(document, by)
}

function revocation(did: Did): string {
  const document = writeRevocation({
    meshId: charter.meshId,
    uuid: randomUuid(suite),
    claimedMs: NOW_MS,
    targets: [{ did, maxGen: 1 }],
    class: 'lost',
    reason: 'left in a train',
    since: [],
  })
  return canonicalJson(signByAdmins({ suite, document, signers: admins, createdMs: NOW_MS }))
}

/** A neighbour that says something, on a connection of its own. */
async function hear({ records }: Node, id: string, message: object): Promise<void> {
  const link: RecordLink = {
    id,
    did: `did:test:${id}`,
    peerId: id,
    direction: 'inbound',
    send: () => true,
    settle: () => {},
    cut: () => {},
  }
  records.connected(link)
  await records.message(link, Buffer.from(JSON.stringify(message)))
}

const beaconsOf = (...texts: readonly string[]): object => ({ texts, type: 'beacons' })

function alarms({ events }: Node): readonly NodeEvent[] {
  return events.filter(({ event }) => event === 'witness-forked')
}

function witnessOf(did: string | undefined): Identity {
  const found = others.find((each) => each.did === did)
  if (found === undefined) throw new Error('one of the others is pinned')
  return found
}

describe('the pinned witness', { tags: ['NODE-40'] }, () => {
  test('is one of the others, and the same after a restart', async () => {
    const node = await witnessNode()
    const pinned = node.peers.pinned()
    expect(others.map(({ did }) => did)).toContain(pinned?.did)
    expect(node.peers.pinned()?.did).toBe(pinned?.did)
    for (const again of [node.restarted(), node.restarted()]) {
      await again.records.submit(MEMBERSHIPS)
      expect(again.peers.pinned()?.did).toBe(pinned?.did)
    }
  })

  test('is not the same one for all nodes', async () => {
    const dids = new Set<string | undefined>()
    for (let round = 0; round < 24; round += 1) {
      dids.add((await witnessNode()).peers.pinned()?.did)
    }
    expect(dids.size).toBeGreaterThan(1)
  })

  test('is another one once it is a member no more', async () => {
    const node = await witnessNode()
    const first = witnessOf(node.peers.pinned()?.did)
    await node.records.submit([revocation(first.did)])
    expect(node.peers.pinned()?.did).not.toBe(first.did)
    expect(node.peers.member(first.did)).toBeUndefined()
  })

  test('is another one once it has contradicted itself', async () => {
    const node = await witnessNode()
    const first = witnessOf(node.peers.pinned()?.did)
    await hear(node, 'left', beaconsOf(beacon(first, 7, 0)))
    expect(node.peers.pinned()?.did).toBe(first.did)
    await hear(node, 'right', beaconsOf(beacon(first, 7, 1)))
    expect(node.peers.pinned()?.did).not.toBe(first.did)
    expect(node.peers.member(first.did)).toEqual({ enclave: 'hall', isWitness: false })
  })

  test('is nobody where no other is a member', async () => {
    const node = await witnessNode()
    await node.records.submit(others.map(({ did }) => revocation(did)))
    expect(node.peers.pinned()).toBeUndefined()
  })

  test('has the peers of its membership, and the one that was reached', async () => {
    const node = await witnessNode()
    const pinned = witnessOf(node.peers.pinned()?.did)
    const peerId = peerIdOf(pinned.nodeSigner.publicKey)
    const rotated = peerIdOf(suite.ed25519.signer().publicKey)
    const addresses = [`/ip4/192.0.2.7/tcp/1/p2p/${rotated}`, `/ip4/192.0.2.8/tcp/1/p2p/${peerId}`]
    node.store.peers.remember({ did: pinned.did, log: '{}', addresses, seenMs: NOW_MS })
    expect(node.peers.pinned()?.peers).toEqual([
      { peerId, addresses: addresses.slice(1) },
      { peerId: rotated, addresses: addresses.slice(0, 1) },
    ])
    expect(node.peers.didOf(peerId)).toBe(pinned.did)
    expect(node.peers.didOf(rotated)).toBeUndefined()
  })
})

describe('a peer that a membership of somebody else names too', { tags: ['NET-41'] }, () => {
  /** Granted by an admin, or by whoever grants for them, with the keys of another. */
  const stranger = made()
  const [victim] = others
  if (victim === undefined) throw new Error('there are three')
  const peerId = peerIdOf(victim.nodeSigner.publicKey)
  const document = JSON.parse(membershipOf(victim, 'twin')) as JsonObject
  const { proof: _, credentialSubject, ...rest } = document
  const subject = { ...(credentialSubject as JsonObject), id: stranger.did }
  const twin = canonicalJson(
    signByAdmins({
      suite,
      document: { ...rest, id: randomUuid(suite), credentialSubject: subject },
      signers: admins,
      createdMs: NOW_MS,
    }),
  )

  test('stays the witness whose it is', async () => {
    const node = await witnessNode()
    expect(await node.records.submit([twin])).toMatchObject({ refused: [], durable: true })
    expect(node.peers.member(stranger.did)).toEqual({ enclave: 'hall', isWitness: false })
    expect(node.peers.didOf(peerId)).toBe(victim.did)
  })

  test('is nobody else when the other is taken away', async () => {
    const node = await witnessNode()
    await node.records.submit([twin, revocation(stranger.did)])
    expect(node.peers.didOf(peerId)).toBe(victim.did)
    await node.records.submit([revocation(victim.did)])
    expect(node.peers.didOf(peerId)).toBeUndefined()
  })
})

describe('two statements of one witness under one number', { tags: ['NODE-42', 'THR-28'] }, () => {
  test('beacons, from two neighbours: an alarm with its name', async () => {
    const node = await witnessNode()
    const [liar] = others
    if (liar === undefined) throw new Error('there are three')
    await hear(node, 'left', beaconsOf(beacon(liar, 7, 0)))
    await hear(node, 'again', beaconsOf(beacon(liar, 7, 0), beacon(liar, 8, 0)))
    expect(alarms(node)).toEqual([])
    expect(describeView(node, undefined)['warnings']).toHaveLength(1)
    await hear(node, 'right', beaconsOf(beacon(liar, 8, 1)))
    const message = expect.stringContaining(`the witness w0 (${liar.did}) has said two`)
    const alarm = { event: 'witness-forked', level: 'error', did: liar.did, message }
    expect(alarms(node)).toEqual([alarm])
    expect(describeView(node, undefined)['warnings']).toContainEqual(message)
    await hear(node, 'third', beaconsOf(beacon(liar, 8, 2)))
    expect(alarms(node)).toHaveLength(1)
  })

  test('checkpoints, one of a neighbour and one by gossip: the same', async () => {
    const node = await witnessNode()
    const liar = witnessOf(others[1]?.did)
    const records = { answer: 'none', type: 'records' }
    await hear(node, 'left', { ...records, texts: [checkpoint(liar, 1, 0)] })
    expect(alarms(node)).toEqual([])
    const other = { ...records, texts: [checkpoint(liar, 1, 1)] }
    await node.records.judgeGossip(Buffer.from(canonicalJson(other)))
    expect(alarms(node)).toMatchObject([{ did: liar.did }])
  })

  test('the alarm is there again after a restart', async () => {
    const node = await witnessNode()
    const liar = witnessOf(others[2]?.did)
    await hear(node, 'left', beaconsOf(beacon(liar, 7, 0)))
    await hear(node, 'right', beaconsOf(beacon(liar, 7, 1)))
    await node.records.stop()
    expect(alarms(node.restarted())).toMatchObject([{ did: liar.did }])
  })
})

const VIEW: DiversityStatus = {
  connections: 9,
  chosen: 5,
  enclaves: 1,
  networks: 2,
  witnesses: 1,
  wanted: { connections: 8, groups: 3 },
  pinned: undefined,
  missed: [],
}

function inState(
  node: Node,
  state: FreshnessState,
  change: Partial<FreshnessJudgement> = {},
): Pick<MeshKnowledge, 'records' | 'freshness'> {
  const { freshness } = node
  const judged = { ...freshness.judge(), state, ageMs: 91_000, ...change }
  return { records: node.records, freshness: Object.assign(freshness, { judge: () => judged }) }
}

describe('the status', () => {
  test('says whom the node sees', { tags: ['NODE-41'] }, async () => {
    const node = await witnessNode()
    const pinned = { did: others[0]?.did ?? '', isConnected: true }
    expect(describeView(inState(node, 'fresh'), { ...VIEW, pinned })).toEqual({
      chosenPeers: 5,
      chosenEnclaves: 1,
      chosenNetworks: 2,
      connectedWitnesses: 1,
      pinnedWitness: `w0 (${pinned.did})`,
      pinnedWitnessConnected: true,
      warnings: [],
    })
    expect(describeView(inState(node, 'fresh'), VIEW)).toMatchObject({
      pinnedWitness: null,
      pinnedWitnessConnected: null,
    })
  })

  test('warns of what is missed', { tags: ['NODE-41'] }, async () => {
    const node = await witnessNode()
    const pinned = { did: others[0]?.did ?? '', isConnected: false }
    const missed = ['pinned', 'connections', 'groups'] as const
    const said = describeView(inState(node, 'fresh'), { ...VIEW, pinned, missed })
    expect(said['warnings']).toEqual([
      expect.stringMatching(/keeps, w0 \(did:.*\), is not connected$/),
      expect.stringContaining('only 5 of 8 connections'),
      expect.stringContaining('in 1 enclaves and 2 networks; 3 of either are wanted'),
    ])
  })

  test.for([
    { state: 'fresh', warnings: 0 },
    { state: 'unwitnessed', warnings: 0 },
    { state: 'aging', warnings: 1 },
    { state: 'deny-new', warnings: 1 },
    { state: 'stop', warnings: 1 },
  ] as const)('$state: $warnings warnings', { tags: ['NODE-43'] }, async ({ state, warnings }) => {
    const said = describeView(inState(await witnessNode(), state), VIEW)['warnings']
    const sentence = expect.stringContaining('no new beacon has come for 91 seconds')
    expect(said).toEqual(Array.from({ length: warnings }, () => sentence))
  })

  test.for([
    { why: 'boot', words: 'no witness has been heard' },
    { why: 'witnesses', words: 'fewer witnesses count than it takes' },
  ] as const)('without an age for $why: $words', { tags: ['NODE-43'] }, async ({ why, words }) => {
    const node = inState(await witnessNode(), 'deny-new', { why, ageMs: undefined })
    expect(describeView(node, VIEW)['warnings']).toEqual([expect.stringContaining(words)])
  })
})
