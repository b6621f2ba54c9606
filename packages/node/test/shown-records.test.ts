import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonicalJson, type JsonObject } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { createIdentity, type Identity } from '@warren/identity'
import {
  adminSigner,
  type AdminSigner,
  createCharter,
  createHello,
  type Membership,
  type MembershipGrant,
  issueMembership,
  publicPair,
  randomUuid,
  signByAdmins,
  writeAdminChange,
  writeEnroller,
  writeRevocation,
} from '@warren/membership'
import { openStore } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { channelOf } from './channel.ts'
import { knowledge } from './knowledge.ts'
import type { MeshKnowledge } from '../src/records/mesh-knowledge.ts'

/* What a hello brings beside itself, and what of it stays. */

const NOW_MS = Date.UTC(2026, 10, 24)
const DAY_MS = 86_400_000

const made = (): Identity => createIdentity({ suite, nowMs: NOW_MS - DAY_MS })
const [self, admin, late, thief, stranger, alice] = [
  made(),
  made(),
  made(),
  made(),
  made(),
  made(),
] as const
const admins = [adminSigner(admin)]
const charter = createCharter({ suite, name: 'test', admins, k: 1, nowMs: NOW_MS - DAY_MS })
const { meshId } = charter
const BEGUN = { meshId, claimedMs: NOW_MS - DAY_MS }

function signed(document: JsonObject, signers: readonly AdminSigner[] = admins): string {
  return canonicalJson(signByAdmins({ suite, document, signers, createdMs: NOW_MS }))
}

function grant(who: Identity, changes: Partial<MembershipGrant> = {}): Membership {
  return issueMembership({
    suite,
    charter,
    admins,
    member: who.log,
    enclave: 'main',
    roles: [],
    notBeforeMs: NOW_MS - DAY_MS,
    notAfterMs: NOW_MS + DAY_MS,
    nowMs: NOW_MS,
    ...changes,
  })
}

/** A membership in the name of somebody else than the mesh. */
function grantBy(enroller: Identity, who: Identity, seconds = 0): string {
  const { proof: _proof, ...document } = JSON.parse(
    grant(who, { notBeforeMs: NOW_MS - DAY_MS + seconds * 1000 }).text,
  ) as JsonObject
  return signed({ ...document, issuer: enroller.did }, [adminSigner(enroller)])
}

const credential = signed(
  writeEnroller({
    ...BEGUN,
    uuid: randomUuid(suite),
    enroller: publicPair(adminSigner(thief)),
    enclave: 'main',
    roles: [],
    quota: 100,
    notAfterMs: NOW_MS - DAY_MS / 2,
  }),
)
const gone = signed(
  writeRevocation({
    ...BEGUN,
    uuid: randomUuid(suite),
    targets: [{ enroller: thief.did }, { did: thief.did, maxGen: 1 }],
    class: 'compromised',
    reason: 'stolen',
    since: [],
  }),
)

/** What a node knows, and nobody else has told it yet. */
async function knowing(...texts: readonly string[]): Promise<MeshKnowledge> {
  const directory = mkdtempSync(join(tmpdir(), 'warren-shown-'))
  const store = openStore(join(directory, 'warren.db'))
  const clock = { wallMs: () => NOW_MS, monotonicMs: () => 0 }
  const mesh = knowledge({ clock, charter, log: self.log, membership: grant(self), store })
  onTestFinished(async () => {
    await mesh.records.stop()
    store.close()
    rmSync(directory, { recursive: true })
  })
  const { refused } = await mesh.records.submit([grant(self).text, ...texts])
  expect(refused).toEqual([])
  return mesh
}

function helloOf(who: Identity, membership: string, supporting: readonly string[]): Uint8Array {
  return createHello({ meshId, log: who.log.text, membership, supporting })
}

const flood = Array.from({ length: 15 }, (_, at) => grantBy(thief, alice, at))
const COULD: readonly { what: string; membership: string; code: string }[] = [
  { what: 'shows none', membership: 'x', code: 'membership-malformed' },
  { what: 'signs its own', membership: grantBy(thief, stranger), code: 'membership-revoked' },
  { what: 'shows that of a member', membership: grant(alice).text, code: 'membership-of-another' },
]

test.for(COULD)(
  'a stranger with the keys of a former enroller that $what leaves no record behind',
  { tags: ['REC-26', 'THR-59'] },
  async ({ membership, code }) => {
    const { records, admission } = await knowing(credential, gone, grant(alice).text)
    const before = records.set
    const hello = helloOf(stranger, membership, flood)
    await expect(admission.judge(hello, channelOf(stranger))).rejects.toMatchObject({ code })
    expect(records.set).toBe(before)
  },
)

test(
  'whoever shows the log and the membership of a member, and not its keys, leaves no record behind',
  { tags: ['REC-26', 'THR-59'] },
  async () => {
    const { records, admission } = await knowing(credential)
    const before = records.set
    const hello = helloOf(alice, grant(alice).text, flood)
    await expect(admission.judge(hello, channelOf(stranger))).rejects.toMatchObject({
      code: 'key-mismatch',
    })
    expect(records.set).toBe(before)
  },
)

test(
  'a member that was revoked leaves no record behind',
  { tags: ['REC-26', 'THR-59'] },
  async () => {
    const { records, admission } = await knowing(gone)
    const before = records.set
    const hello = helloOf(thief, grant(thief).text, [credential, ...flood])
    await expect(admission.judge(hello, channelOf(thief))).rejects.toMatchObject({
      code: 'membership-revoked',
    })
    expect(records.set).toBe(before)
  },
)

test(
  'whoever is a member by records that are not known yet is admitted by them, and they stay',
  { tags: ['REC-26', 'NODE-17'] },
  async () => {
    const { records, admission } = await knowing()
    const change = signed(
      writeAdminChange({
        ...BEGUN,
        prev: meshId,
        approvers: [admin.did],
        add: [publicPair(adminSigner(late))],
        remove: [admin.did],
        rotate: [],
        addWitnesses: [],
        removeWitnesses: [],
        k: 1,
        kAdmin: 1,
        kWitness: 0,
        since: [],
      }),
      [adminSigner(admin), adminSigner(late)],
    )
    const { proof: _proof, ...document } = JSON.parse(grant(alice).text) as JsonObject
    const own = signed(document, [adminSigner(late)])
    const hello = helloOf(alice, own, [change])
    await expect(admission.judge(hello, channelOf(alice))).resolves.toEqual({
      admitted: true,
      did: alice.did,
    })
    expect([...records.set.records()].map(({ text }) => text)).toEqual(
      expect.arrayContaining([change, own]),
    )
    expect(admission.memberOf(alice.did)).toMatchObject({ did: alice.did, enclave: 'main' })
  },
)
