import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto'
import { createIdentity } from '@warren/identity'
import { adminSigner, createCharter, issueMembership } from '@warren/membership'
import { createNetwork, type Network } from '@warren/network'
import { openStore } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import type { AdmissionDesk } from '../src/admission-desk.ts'
import { dropExpired } from '../src/drop-expired.ts'
import { knowledge } from './knowledge.ts'

const NOW_MS = Date.UTC(2026, 10, 24)
const DAY_MS = 86_400_000

interface Member {
  readonly did: string
  readonly network: Network
  readonly admission: AdmissionDesk
}

/** A charter, and what makes members of it, whose memberships end after some days. */
function mesh(clock: { wallMs(): number; monotonicMs(): number }): {
  readonly skewMs: number
  readonly member: (days: number) => Promise<Member>
} {
  const admin = createIdentity({ suite, nowMs: NOW_MS })
  const admins = [adminSigner(admin)]
  const charter = createCharter({ suite, name: 'test', admins, k: 1, nowMs: NOW_MS })
  const member = async (days: number): Promise<Member> => {
    const identity = createIdentity({ suite, nowMs: NOW_MS })
    const membership = issueMembership({
      suite,
      charter,
      admins,
      member: identity.log,
      enclave: 'main',
      roles: ['member'],
      notBeforeMs: NOW_MS,
      notAfterMs: NOW_MS + days * DAY_MS,
      nowMs: NOW_MS,
    })
    const directory = mkdtempSync(join(tmpdir(), 'warren-drop-'))
    const store = openStore(join(directory, 'warren.db'))
    const { log } = identity
    const { admission, records } = knowledge({ clock, charter, log, membership, store })
    const network = createNetwork({
      suite,
      clock,
      privateIdentity: { ed25519: identity.nodeSigner, mlDsa44: identity.mlDsaSigner },
      meshId: charter.meshId,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      staticPeers: [],
      discovery: { enabled: false },
      admission,
      logger: { log: () => {} },
    })
    await network.start()
    onTestFinished(async () => {
      await network.stop()
      await records.stop()
      store.close()
      rmSync(directory, { recursive: true })
    })
    return { did: identity.did, network, admission }
  }
  return { skewMs: charter.freshness.skewMs, member }
}

test.for([
  { name: 'to the last millisecond', pastMs: -1, isKept: true },
  { name: 'not one longer', pastMs: 0, isKept: false },
])(
  'a connected member stays until its membership and the skew have run out: $name',
  { tags: ['NODE-7', 'THR-23'] },
  async ({ pastMs, isKept }) => {
    let nowMs = NOW_MS + DAY_MS / 2
    const clock = { wallMs: () => nowMs, monotonicMs: () => performance.now() }
    const { member, skewMs } = mesh(clock)
    const [here, brief, lasting] = [await member(9), await member(1), await member(9)]
    for (const { network } of [brief, lasting]) {
      await here.network.dial(network.addresses()[0] ?? '', AbortSignal.timeout(5_000))
    }
    nowMs = NOW_MS + DAY_MS + skewMs + pastMs
    dropExpired(here.network, here.admission)
    const left = here.network.peers().map(({ did }) => did)
    expect(left).toEqual(isKept ? [brief.did, lasting.did] : [lasting.did])
  },
)
