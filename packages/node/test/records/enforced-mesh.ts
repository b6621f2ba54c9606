import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonicalJson } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import {
  appendRotation,
  contentId,
  createIdentity,
  type Did,
  type Identity,
  multihashOf,
} from '@warren/identity'
import { Provider, type ServerDefinition } from '@warren/mcp'
import {
  adminSigner,
  createCharter,
  issueMembership,
  type Membership,
  memberKeys,
  randomUuid,
  type RevocationTarget,
  signByAdmins,
  writeQuarantine,
  writeReadmission,
  writeRevocation,
} from '@warren/membership'
import { createNetwork, type Network } from '@warren/network'
import { openStore, type Store } from '@warren/storage'
import { expect, onTestFinished, vi } from 'vitest'
import { CallDesk } from '../../src/call-desk.ts'
import { MeshCatalog } from '../../src/mesh-catalog.ts'
import { MeshStreams } from '../../src/mesh-streams.ts'
import type { NodeEvent } from '../../src/node-event.ts'
import { Enforcement } from '../../src/records/enforcement.ts'
import type { MeshKnowledge } from '../../src/records/mesh-knowledge.ts'
import { knowledge } from '../knowledge.ts'

export const NOW_MS: number = Date.UTC(2026, 10, 24)
export const DAY_MS = 86_400_000
const logger = { log: (): void => {} }

/** What every node goes by. */
export const time: { nowMs: number } = { nowMs: NOW_MS }
const clock = { wallMs: () => time.nowMs, monotonicMs: () => performance.now() }

const made = (): Identity => createIdentity({ suite, nowMs: NOW_MS - DAY_MS })
const admin = adminSigner(made())
const admins = [admin]
const charter = createCharter({ suite, name: 'test', admins, k: 1, nowMs: NOW_MS - DAY_MS })
export const { meshId } = charter

/** A node of real parts. */
export interface EnforcedNode {
  readonly did: Did
  readonly identity: Identity
  readonly network: Network
  readonly mesh: MeshKnowledge
  readonly store: Store
  readonly catalog: MeshCatalog
  readonly provider: Provider
  readonly enforcement: Enforcement
  readonly events: readonly NodeEvent[]
}

export interface GrantWish {
  readonly gen?: number
  readonly roles?: readonly string[]
  readonly enclave?: string
  readonly fromMs?: number
  readonly days?: number
}

/** A membership of this state of an identity, signed by the admins. */
export function grant({ log }: Identity, wish: GrantWish = {}): Membership {
  const { gen = 1, roles = ['member'], enclave = 'main', fromMs = NOW_MS - DAY_MS, days = 9 } = wish
  return issueMembership({
    suite,
    charter,
    admins,
    member: log,
    enclave,
    roles,
    gen,
    notBeforeMs: fromMs,
    notAfterMs: NOW_MS + days * DAY_MS,
    nowMs: NOW_MS,
  })
}

/** A member after it has replaced all its keys. */
export function rotated(identity: Identity): Identity {
  return appendRotation({
    suite,
    identity,
    nowMs: NOW_MS - 60_000,
    replace: ['node', 'assertion', 'mlDsa'],
  })
}

/** What the admins have signed. */
export function signed(document: Parameters<typeof signByAdmins>[0]['document']): string {
  return canonicalJson(signByAdmins({ suite, document, signers: admins, createdMs: NOW_MS }))
}

export function revocationOf(targets: readonly RevocationTarget[]): string {
  return signed(revocation(targets))
}

function revocation(targets: readonly RevocationTarget[]): ReturnType<typeof writeRevocation> {
  return writeRevocation({
    meshId,
    uuid: randomUuid(suite),
    claimedMs: NOW_MS,
    targets,
    class: 'compromised',
    reason: 'left in a train',
    since: [],
  })
}

/** What keeps a member out for half a day. */
export function quarantineOf(did: Did): string {
  return signed(
    writeQuarantine({
      meshId,
      uuid: randomUuid(suite),
      claimedMs: NOW_MS,
      issuer: admin.did,
      did,
      notAfterMs: NOW_MS + DAY_MS / 2,
      reason: 'odd',
    }),
  )
}

/** By hash, the keys that this state of an identity has. */
export function keyTargets({ log }: Identity): readonly RevocationTarget[] {
  return memberKeys(log).map((key) => ({ keyHash: `z${multihashOf(suite, key)}` }))
}

export interface ComingBack {
  readonly gone: string
  readonly word: string
  readonly back: string
  readonly membership: Membership
}

/** The three records by which somebody is revoked and comes back with the keys of `again`. */
export function comingBack(
  again: Identity,
  wish: GrantWish & { readonly targets?: readonly RevocationTarget[] } = {},
): ComingBack {
  const { did } = again
  const gone = revocation(wish.targets ?? [{ did, maxGen: 1 }])
  const back = grant(again, { roles: ['engineer'], ...wish, gen: 2 })
  const word = writeReadmission({
    meshId,
    uuid: randomUuid(suite),
    claimedMs: NOW_MS,
    did,
    gen: 2,
    keys: back.keys,
    ref: contentId(suite, gone),
  })
  return { gone: signed(gone), word: signed(word), back: back.text, membership: back }
}

/** A started node, which enforces what it learns; records go on to its neighbours. */
export async function nodeFor(
  identity: Identity = made(),
  membership: Membership = grant(identity),
  servers: readonly ServerDefinition[] = [],
): Promise<EnforcedNode> {
  const directory = mkdtempSync(join(tmpdir(), 'warren-enforce-'))
  const store = openStore(join(directory, 'warren.db'))
  const { did, log } = identity
  const events: NodeEvent[] = []
  const report = (event: NodeEvent): void => {
    events.push(event)
  }
  const mesh = knowledge({
    clock,
    charter,
    log,
    membership,
    store,
    report,
    onChanged: (dids, arrivedMs) => enforcement.enforce(dids, arrivedMs),
  })
  const { admission, records } = mesh
  const network = createNetwork({
    suite,
    clock,
    privateIdentity: { ed25519: identity.nodeSigner, mlDsa44: identity.mlDsaSigner },
    meshId,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    staticPeers: [],
    discovery: { enabled: false },
    admission,
    records,
    logger,
  })
  const gate = { decide: () => Promise.resolve({ allowed: true, rule: 'test' } as const) }
  const provider = new Provider({ servers, gate, clock, logger })
  const catalog = new MeshCatalog({
    streams: new MeshStreams({ self: { did }, network, provider, freshness: () => 'unwitnessed' }),
    random: suite,
    logger,
    report,
    aliases: store.aliases,
    messageLimits: { messageBytesMax: 65_536, depthMax: 64, keysMax: 1_000 },
  })
  const parts = { network, provider, catalog, admission, report, clock }
  const enforcement = new Enforcement({ self: did, ...parts })
  const calls = new CallDesk(parts)
  await network.start()
  records.start()
  records.offer([membership.text])
  onTestFinished(async () => {
    enforcement.stop()
    calls.stop()
    await catalog.stop()
    await provider.stop()
    await network.stop()
    await records.stop()
    await enforcement.settled()
    store.close()
    rmSync(directory, { recursive: true })
  })
  return { did, identity, network, mesh, store, catalog, provider, enforcement, events }
}

/** Dials; both sides know when it is done. */
export async function connect(from: EnforcedNode, to: EnforcedNode): Promise<void> {
  await from.network.dial(to.network.addresses()[0] ?? '', AbortSignal.timeout(5_000))
  await vi.waitFor(() => expect(peerIdsOf(to)).toContain(from.network.peerId))
}

/** The peers to which a node has a connection that may be used. */
export function peerIdsOf({ network }: EnforcedNode): readonly string[] {
  return network.peers().map(({ peerId }) => peerId)
}
