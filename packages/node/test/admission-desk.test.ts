import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto'
import { appendRotation, createIdentity, type Identity, peerIdOf } from '@warren/identity'
import { adminSigner, createCharter, createHello, issueMembership } from '@warren/membership'
import type { Channel } from '@warren/network'
import { openStore } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import type { AdmissionDesk } from '../src/admission-desk.ts'
import type { RecordDesk } from '../src/records/record-desk.ts'
import { knowledge } from './knowledge.ts'

const NOW_MS = Date.UTC(2026, 10, 24)
const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

function channelOf(identity: Identity): Channel {
  return {
    peerId: peerIdOf(identity.nodeSigner.publicKey),
    ed25519Key: identity.nodeSigner.publicKey,
    mlDsa44Key: identity.mlDsaSigner.publicKey,
    handshakeHash: new Uint8Array(32),
    suite: 'Noise_XXhfs_25519+MLKEM768_ChaChaPoly_SHA256',
    remoteAddress: '/ip4/127.0.0.1/tcp/1',
    direction: 'inbound',
  }
}

function meshWithMember(): {
  readonly hello: (identity: Identity) => Uint8Array
  readonly desk: (wallMs: number) => AdmissionDesk
  readonly member: Identity
} {
  const admin = createIdentity({ suite, nowMs: NOW_MS - DAY_MS })
  const member = createIdentity({ suite, nowMs: NOW_MS - DAY_MS })
  const charter = createCharter({
    suite,
    name: 'test',
    admins: [adminSigner(admin)],
    k: 1,
    nowMs: NOW_MS - DAY_MS,
  })
  const membership = issueMembership({
    suite,
    charter,
    admins: [adminSigner(admin)],
    member: member.log,
    enclave: 'main',
    roles: ['member'],
    notBeforeMs: NOW_MS - DAY_MS,
    notAfterMs: NOW_MS + DAY_MS,
    nowMs: NOW_MS - DAY_MS,
  })
  const directory = mkdtempSync(join(tmpdir(), 'warren-desk-'))
  const store = openStore(join(directory, 'warren.db'))
  const desks: RecordDesk[] = []
  onTestFinished(async () => {
    await Promise.all(desks.map((records) => records.stop()))
    store.close()
    rmSync(directory, { recursive: true })
  })
  return {
    member,
    hello: ({ log }) =>
      createHello({ meshId: charter.meshId, log: log.text, membership: membership.text }),
    desk: (wallMs) => {
      const clock = { wallMs: () => wallMs, monotonicMs: () => 0 }
      const made = knowledge({ clock, charter, log: member.log, membership, store })
      desks.push(made.records)
      return made.admission
    },
  }
}

test.for([
  { name: 'the same process', steps: 1, backMs: 0 },
  { name: 'a restart', steps: 2, backMs: 0 },
  { name: 'a restart with the clock back by half a day', steps: 2, backMs: DAY_MS / 2 },
  { name: 'two restarts with the clock back by half a day', steps: 3, backMs: DAY_MS / 2 },
])(
  'a log once seen is not rolled back after $name',
  { tags: ['NODE-6', 'THR-9'] },
  async ({ steps, backMs }) => {
    const { member, hello, desk } = meshWithMember()
    const rotated = appendRotation({
      suite,
      identity: member,
      nowMs: NOW_MS - MINUTE_MS,
      replace: ['assertion'],
    })
    let current = desk(NOW_MS)
    await expect(current.judge(hello(rotated), channelOf(rotated))).resolves.toMatchObject({
      admitted: true,
    })
    for (let step = 1; step < steps; step += 1) {
      current = desk(NOW_MS - backMs)
      await expect(current.judge(hello(rotated), channelOf(rotated))).resolves.toMatchObject({
        admitted: true,
      })
      current = desk(NOW_MS - backMs)
    }
    await expect(current.judge(hello(member), channelOf(member))).rejects.toMatchObject({
      code: 'log-rollback',
    })
  },
)

test('a membership that has run out is one no more', { tags: ['NODE-6'] }, async () => {
  const { member, hello, desk } = meshWithMember()
  await expect(
    desk(NOW_MS + 3 * DAY_MS).judge(hello(member), channelOf(member)),
  ).rejects.toMatchObject({
    code: 'membership-expired',
  })
})
