import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonicalJson } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { createIdentity, type Did, type Identity } from '@warren/identity'
import { Provider } from '@warren/mcp'
import {
  adminSigner,
  createCharter,
  issueMembership,
  type Membership,
  randomUuid,
  signByAdmins,
  writeRevocation,
} from '@warren/membership'
import { createNetwork, type Network } from '@warren/network'
import { openStore } from '@warren/storage'
import { expect, onTestFinished, test, vi } from 'vitest'
import { MeshCatalog } from '../../src/mesh-catalog.ts'
import { MeshStreams } from '../../src/mesh-streams.ts'
import { Enforcement } from '../../src/records/enforcement.ts'
import type { MeshKnowledge } from '../../src/records/mesh-knowledge.ts'
import { knowledge } from '../knowledge.ts'

const NOW_MS = Date.UTC(2026, 10, 24)
const DAY_MS = 86_400_000
const logger = { log: (): void => {} }

let nowMs = NOW_MS
const clock = { wallMs: () => nowMs, monotonicMs: () => performance.now() }
const made = (): Identity => createIdentity({ suite, nowMs: NOW_MS })
const admins = [adminSigner(made())]
const charter = createCharter({ suite, name: 'test', admins, k: 1, nowMs: NOW_MS })

function grant({ log }: Identity, days: number): Membership {
  return issueMembership({
    suite,
    charter,
    admins,
    member: log,
    enclave: 'main',
    roles: ['member'],
    notBeforeMs: NOW_MS,
    notAfterMs: NOW_MS + days * DAY_MS,
    nowMs: NOW_MS,
  })
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

interface Node {
  readonly did: Did
  readonly identity: Identity
  readonly network: Network
  readonly mesh: MeshKnowledge
  readonly enforcement: Enforcement
}

/** A node of real parts whose membership ends after some days. */
async function nodeFor(days: number): Promise<Node> {
  const identity = made()
  const directory = mkdtempSync(join(tmpdir(), 'warren-enforce-'))
  const store = openStore(join(directory, 'warren.db'))
  const membership = grant(identity, days)
  const mesh = knowledge({ clock, charter, log: identity.log, membership, store })
  const network = createNetwork({
    suite,
    clock,
    privateIdentity: { ed25519: identity.nodeSigner, mlDsa44: identity.mlDsaSigner },
    meshId: charter.meshId,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    staticPeers: [],
    discovery: { enabled: false },
    admission: mesh.admission,
    logger,
  })
  const gate = { decide: () => Promise.resolve({ allowed: true, rule: 'test' } as const) }
  const provider = new Provider({ servers: [], gate, clock, logger })
  const self = { did: identity.did }
  const catalog = new MeshCatalog({
    streams: new MeshStreams({ self, network, provider, freshness: () => 'unwitnessed' }),
    random: suite,
    logger,
    report: () => {},
    aliases: store.aliases,
    messageLimits: { messageBytesMax: 65_536, depthMax: 64, keysMax: 1_000 },
  })
  const { admission } = mesh
  const enforcement = new Enforcement({
    self: identity.did,
    network,
    provider,
    catalog,
    admission,
    report: () => {},
    clock,
  })
  await network.start()
  onTestFinished(async () => {
    await catalog.stop()
    await provider.stop()
    await network.stop()
    await mesh.records.stop()
    await enforcement.settled()
    store.close()
    rmSync(directory, { recursive: true })
  })
  return { did: identity.did, identity, network, mesh, enforcement }
}

/** Dials anew, once the connection before is seen to have ended; both sides know when it is done. */
async function dial(from: Node, to: Node): Promise<void> {
  await vi.waitFor(() => expect(from.network.members()).toEqual([]))
  await from.network.dial(to.network.addresses()[0] ?? '', AbortSignal.timeout(5_000))
  await vi.waitFor(() => expect(to.network.members()).toContain(from.did))
}

test(
  'a member whose time has run out is cut off, and brings its new membership itself',
  { tags: ['NODE-7'] },
  async () => {
    nowMs = NOW_MS
    const [here, brief] = [await nodeFor(9), await nodeFor(1)]
    await dial(brief, here)
    nowMs = NOW_MS + 2 * DAY_MS
    here.enforcement.enforce('all')
    expect(here.network.members()).toEqual([])
    await expect(dial(brief, here)).rejects.toMatchObject({ peerCode: 'membership-expired' })
    brief.mesh.records.offer([grant(brief.identity, 9).text])
    await dial(brief, here)
    expect(here.network.members()).toEqual([brief.did])
  },
)

test('a member that is revoked is neither let in nor dialled', { tags: ['NODE-14'] }, async () => {
  nowMs = NOW_MS
  const [here, gone] = [await nodeFor(9), await nodeFor(9)]
  await dial(gone, here)
  await here.mesh.records.submit([revocation(gone.did)])
  here.enforcement.enforce([gone.did])
  expect(here.network.members()).toEqual([])
  await expect(dial(gone, here)).rejects.toMatchObject({ code: 'peer-lost' })
  await expect(dial(here, gone)).rejects.toMatchObject({ code: 'peer-expelled' })
})
