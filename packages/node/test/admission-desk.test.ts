import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto'
import { appendRotation, contentId, createIdentity, type Identity } from '@warren/identity'
import { canonicalJson } from '@warren/core'
import {
  adminSigner,
  type AdminSigner,
  createCharter,
  createHello,
  issueMembership,
  publicPair,
  signByAdmins,
  writeAdminChange,
  writeReadmission,
  writeRevocation,
} from '@warren/membership'
import { openStore } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import type { AdmissionDesk } from '../src/admission-desk.ts'
import type { RecordDesk } from '../src/records/record-desk.ts'
import { channelOf } from './channel.ts'
import { knowledge } from './knowledge.ts'

const NOW_MS = Date.UTC(2026, 10, 24)
const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

function meshWithMember(): {
  readonly hello: (identity: Identity) => Uint8Array
  readonly desk: (wallMs: number) => AdmissionDesk
  readonly member: Identity
  /** The hello of the member with a change of admins beside it that follows this one. */
  readonly supported: (prev: string, by?: AdminSigner) => Uint8Array
  readonly meshId: string
  /** The hello of the member as it came back, after a revocation, with the keys of another state of its log. */
  readonly returned: (shown: Identity, admitted: Identity) => Uint8Array
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
  const meshId = charter.meshId
  const signers = [adminSigner(admin)]
  const claimedMs = NOW_MS - DAY_MS
  const signed = (document: Parameters<typeof signByAdmins>[0]['document']): string =>
    canonicalJson(signByAdmins({ suite, document, signers, createdMs: NOW_MS }))
  const uuid = 'urn:uuid:00000000-0000-4000-8000-000000000001'
  const { did } = member
  const gone = writeRevocation({
    meshId,
    uuid,
    claimedMs,
    targets: [{ did, maxGen: 1 }],
    class: 'lost',
    reason: 'lost',
    since: [],
  })
  const returned = (shown: Identity, admitted: Identity): Uint8Array => {
    const back = issueMembership({
      suite,
      charter,
      admins: signers,
      member: admitted.log,
      enclave: 'main',
      roles: ['member'],
      gen: 2,
      notBeforeMs: claimedMs,
      notAfterMs: NOW_MS + DAY_MS,
      nowMs: NOW_MS,
    })
    const ref = contentId(suite, gone)
    const word = writeReadmission({ meshId, uuid, claimedMs, did, gen: 2, keys: back.keys, ref })
    const supporting = [membership.text, signed(gone), signed(word)]
    return createHello({ meshId, log: shown.log.text, membership: back.text, supporting })
  }
  const supported = (prev: string, by = adminSigner(admin)): Uint8Array => {
    const change = writeAdminChange({
      meshId,
      claimedMs,
      prev,
      approvers: [by.did],
      add: [],
      remove: [],
      rotate: [],
      addWitnesses: [publicPair(adminSigner(member))],
      removeWitnesses: [],
      k: 1,
      kAdmin: 1,
      kWitness: 1,
      since: [],
    })
    const text = canonicalJson(
      signByAdmins({ suite, document: change, signers: [by], createdMs: NOW_MS }),
    )
    return createHello({
      meshId,
      log: member.log.text,
      membership: membership.text,
      supporting: [text],
    })
  }
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
    meshId,
    supported,
    returned,
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

test.for([
  { name: 'a node that lacks what lies between', prev: `zQm${'1'.repeat(44)}` },
  { name: 'a node that knows what they follow', prev: undefined },
])(
  'a member is admitted that shows newer changes of admins than it needs, by $name',
  { tags: ['NODE-17'] },
  async ({ prev }) => {
    const { member, meshId, supported, desk } = meshWithMember()
    const hello = supported(prev ?? meshId)
    expect(await desk(NOW_MS).judge(hello, channelOf(member))).toMatchObject({ admitted: true })
  },
)

test('nobody is admitted that shows a forged change of admins', { tags: ['NODE-17'] }, async () => {
  const { member, meshId, supported, desk } = meshWithMember()
  const text = new TextDecoder().decode(supported(meshId))
  const forged = new TextEncoder().encode(
    text.replace(/(supporting.*proofValue\\":\\"z)...../u, '$111111'),
  )
  await expect(desk(NOW_MS).judge(forged, channelOf(member))).rejects.toThrow(
    expect.objectContaining({ code: 'record-unproved' }),
  )
})

test('a membership that has run out is one no more', { tags: ['NODE-6'] }, async () => {
  const { member, hello, desk } = meshWithMember()
  await expect(
    desk(NOW_MS + 3 * DAY_MS).judge(hello(member), channelOf(member)),
  ).rejects.toMatchObject({
    code: 'membership-expired',
  })
})

test(
  'who came back after a revocation is not admitted with the keys that it had before',
  { tags: ['REC-5', 'THR-27'] },
  async () => {
    const { member, returned, desk } = meshWithMember()
    const rotated = appendRotation({
      suite,
      identity: member,
      nowMs: NOW_MS - MINUTE_MS,
      replace: ['node', 'mlDsa'],
    })
    // Whoever has the old keys has the log up to the revocation, and everybody can show the new membership.
    const replayed = desk(NOW_MS).judge(returned(member, rotated), channelOf(member))
    await expect(replayed).rejects.toMatchObject({ code: 'key-revoked' })
    const honest = desk(NOW_MS).judge(returned(rotated, rotated), channelOf(rotated))
    await expect(honest).resolves.toMatchObject({ admitted: true })
  },
)
