import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { nodeSuite as suite } from '@warren/crypto'
import { createIdentity, encodeMultikey } from '@warren/identity'
import { type GateQuestion, type MeshStream, Provider } from '@warren/mcp'
import { adminSigner, createCharter, createHello, issueMembership } from '@warren/membership'
import { createNetwork, type Network } from '@warren/network'
import { openStore } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { CallDesk } from '../src/call-desk.ts'
import { localStreamPair } from '../src/local-stream.ts'
import { MeshCatalog } from '../src/mesh-catalog.ts'
import { MeshStreams } from '../src/mesh-streams.ts'
import { systemClock as clock } from '../src/system-clock.ts'
import { channelOf } from './channel.ts'
import { knowledge } from './knowledge.ts'

const MEMBER = 'did:webvh:QmTwoKeys:warren.internal'
const logger = { log: (): void => {} }

function freshIdentity() {
  return { ed25519: suite.ed25519.signer(), mlDsa44: suite.mlDsa44.signer() }
}

/** A node with keys of its own that everybody admits as the member that it says it is. */
async function networkOf(did: string, privateIdentity = freshIdentity()): Promise<Network> {
  const network = createNetwork({
    suite,
    clock,
    privateIdentity,
    meshId: 'zQmTestMesh',
    listen: ['/ip4/127.0.0.1/tcp/0'],
    staticPeers: [],
    discovery: { enabled: false },
    admission: {
      hello: () => Buffer.from(did),
      judge: (hello) => Promise.resolve({ admitted: true, did: Buffer.from(hello).toString() }),
    },
    logger,
  })
  await network.start()
  onTestFinished(() => network.stop())
  return network
}

/** A call desk with real parts around it. */
async function desk(): Promise<{
  readonly network: Network
  readonly provider: Provider
  readonly owner: string
  /** A member whom the desk has met. */
  readonly member: string
  readonly asked: readonly GateQuestion[]
}> {
  const owner = createIdentity({ suite, nowMs: clock.wallMs() })
  const other = createIdentity({ suite, nowMs: clock.wallMs() })
  const admins = [adminSigner(owner)]
  const charter = createCharter({ suite, name: 'test', admins, k: 1, nowMs: clock.wallMs() })
  const directory = mkdtempSync(join(tmpdir(), 'warren-calls-'))
  const store = openStore(join(directory, 'warren.db'))
  const network = await networkOf(owner.did)
  const asked: GateQuestion[] = []
  const provider = new Provider({
    servers: [{ transport: 'stdio', name: 'files', command: process.execPath, args: [] }],
    gate: {
      decide: (question) => {
        asked.push(question)
        return Promise.resolve({ allowed: true, rule: 'test' })
      },
    },
    clock,
    logger,
  })
  const report = (): void => {}
  const streams = new MeshStreams({
    self: { did: owner.did },
    network,
    provider,
    freshness: () => 'unwitnessed',
  })
  const { aliases } = store
  const catalog = new MeshCatalog({
    streams,
    random: suite,
    logger,
    report,
    aliases,
    messageLimits: { messageBytesMax: 65_536, depthMax: 64, keysMax: 1_000 },
  })
  const [membership, shown] = [owner, other].map(({ log }) =>
    issueMembership({
      suite,
      charter,
      admins,
      member: log,
      enclave: 'main',
      roles: ['member'],
      notBeforeMs: clock.wallMs(),
      notAfterMs: clock.wallMs() + 60_000,
      nowMs: clock.wallMs(),
    }),
  )
  if (membership === undefined || shown === undefined) throw new Error('two memberships')
  const { admission, records } = knowledge({ clock, charter, log: owner.log, membership, store })
  const { meshId } = charter
  const hello = createHello({ meshId, log: other.log.text, membership: shown.text })
  await admission.judge(hello, channelOf(other))
  const calls = new CallDesk({
    network,
    provider,
    admission,
    catalog,
    report,
    clock,
  })
  onTestFinished(async () => {
    calls.stop()
    await catalog.stop()
    await provider.stop()
    await network.stop()
    await records.stop()
    store.close()
    rmSync(directory, { recursive: true })
  })
  return { network, provider, owner: owner.did, member: other.did, asked }
}

async function sessionOf(provider: Provider, did: string): Promise<MeshStream> {
  const [near, far] = localStreamPair()
  void provider.serve(far, { did })
  const header = { v: 1, kind: 'session', server: 'files', session: 'a'.repeat(22) }
  await near.write(Buffer.from(`${JSON.stringify(header)}\n`))
  await near.bytes[Symbol.asyncIterator]().next()
  return near
}

function lostPeer(network: Network): Promise<string> {
  return new Promise((resolve) => {
    network.on('lost', ({ peerId }) => resolve(peerId))
  })
}

test(
  'a member with two peers keeps its sessions until the last of them is gone',
  { tags: ['NET-26', 'MCP-15'] },
  async () => {
    const { network, provider } = await desk()
    const [first, second] = await Promise.all([networkOf(MEMBER), networkOf(MEMBER)])
    for (const node of [first, second]) {
      await network.dial(node.addresses()[0] ?? '', AbortSignal.timeout(5_000))
    }
    const session = await sessionOf(provider, MEMBER)
    const lost = lostPeer(network)
    await second.stop()
    expect(await lost).toBe(second.peerId)
    expect(provider.status().sessions).toBe(1)
    expect(session.signal.aborted).toBe(false)

    const ended = once(session.signal, 'abort')
    await first.stop()
    await ended
    expect(session.signal.reason).toMatchObject({ code: 'caller-dropped' })
  },
)

test(
  'the gate hears which peer, with which keys, and which call session brought a message',
  { tags: ['MCP-64'] },
  async () => {
    const { network, owner, member, asked } = await desk()
    const identity = freshIdentity()
    const caller = await networkOf(member, identity)
    await caller.dial(network.addresses()[0] ?? '', AbortSignal.timeout(5_000))
    const call = await caller.openCall(owner, AbortSignal.timeout(5_000))
    await call.end(Buffer.from(`${JSON.stringify({ v: 1, kind: 'servers' })}\n`))
    await Array.fromAsync(call.bytes)
    const callSession = Buffer.from(call.transcriptHash).toString('hex')
    const keys = [
      encodeMultikey({ type: 'ed25519', bytes: identity.ed25519.publicKey }),
      encodeMultikey({ type: 'mldsa44', bytes: identity.mlDsa44.publicKey }),
    ]
    const found = asked.filter((question) => question.caller.callSession === callSession)
    expect(found.map((question) => question.caller)).toEqual([
      { did: member, peerId: caller.peerId, keys, callSession },
    ])
  },
)
