import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonicalJson, type JsonObject } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { createIdentity, type Identity, multihashOf, peerIdOf } from '@warren/identity'
import {
  adminSigner,
  type AdminSigner,
  createCharter,
  createJoinRequest,
  type FreshnessState,
  invitationHash,
  issueMembership,
  parseInvitation,
  publicPair,
  randomUuid,
  RecordSet,
  type RevocationTarget,
  signByAdmins,
  standingOf,
  writeCheckpoint,
  writeEnroller,
  writeQuarantine,
  writeRevocation,
} from '@warren/membership'
import { openStore } from '@warren/storage'
import { describe, expect, onTestFinished, test } from 'vitest'
import { JoinDesk } from '../src/join-desk.ts'
import type { Submission } from '../src/records/record-desk.ts'
import { channelOf } from './channel.ts'

const NOW_MS = Date.UTC(2026, 10, 24)
const HOUR_MS = 3_600_000

const someone = (): Identity => createIdentity({ suite, nowMs: NOW_MS - HOUR_MS })
const admins = [someone(), someone()].map(adminSigner)
const witnesses = [someone(), someone(), someone()].map(adminSigner)
const inviter = someone()
const guest = someone()
const charter = createCharter({
  suite,
  name: 'test',
  admins,
  k: 2,
  witnesses: witnesses.map(publicPair),
  nowMs: NOW_MS - HOUR_MS,
})
const { meshId } = charter
const WISH = { roles: ['operator'], enclave: 'main', expiresMs: NOW_MS + HOUR_MS }
const CREDENTIAL = randomUuid(suite)

function signed(document: JsonObject, signers: readonly AdminSigner[] = admins): string {
  return canonicalJson(signByAdmins({ suite, document, signers, createdMs: NOW_MS }))
}

function credential(uuid: string): string {
  return signed(
    writeEnroller({
      meshId,
      uuid,
      claimedMs: NOW_MS - HOUR_MS,
      notAfterMs: NOW_MS + 24 * HOUR_MS,
      enroller: publicPair(adminSigner(inviter)),
      enclave: 'main',
      roles: ['operator'],
      quota: 5,
    }),
  )
}

const membership = issueMembership({
  suite,
  charter,
  admins,
  member: inviter.log,
  enclave: 'main',
  roles: [],
  notBeforeMs: NOW_MS - HOUR_MS,
  notAfterMs: NOW_MS + 24 * HOUR_MS,
  nowMs: NOW_MS - HOUR_MS,
}).text

/** The inviter kept out for half an hour. */
function quarantine(): string {
  const [admin] = admins
  if (admin === undefined) throw new Error('two admins')
  const document = writeQuarantine({
    meshId,
    uuid: randomUuid(suite),
    issuer: admin.did,
    claimedMs: NOW_MS,
    notAfterMs: NOW_MS + HOUR_MS / 2,
    did: inviter.did,
    reason: 'odd traffic',
  })
  return signed(document, [admin])
}

function revoked(target: RevocationTarget): string {
  return signed(
    writeRevocation({
      meshId,
      uuid: randomUuid(suite),
      claimedMs: NOW_MS,
      targets: [target],
      class: 'compromised',
      reason: 'stolen',
      since: [],
    }),
  )
}

/** The first word of a witness. */
function checkpoint(witness: AdminSigner): string {
  const document = writeCheckpoint({
    meshId,
    witness: witness.did,
    claimedMs: NOW_MS,
    epoch: 1,
    prev: undefined,
    size: 0,
    added: [],
    removalRoot: '0'.repeat(64),
    removalCount: 0,
    adminHead: meshId,
  })
  return signed(document, [witness])
}

const BEGUN = witnesses.slice(0, 2).map(checkpoint)

interface DoorShape {
  readonly texts?: readonly string[]
  readonly grantsMax?: number
}

/** The desk of a member whose credential lets it admit others, and what it knows. */
class Door {
  set: RecordSet
  state: FreshnessState = 'fresh'
  nowMs = NOW_MS
  isDiskFull = false
  readonly desk: JoinDesk
  readonly #standing: (secretHash: Uint8Array) => string

  static of(...texts: readonly string[]): Door {
    return new Door({ texts: [membership, credential(CREDENTIAL), ...texts] })
  }

  constructor({ texts = [], grantsMax }: DoorShape) {
    const directory = mkdtempSync(join(tmpdir(), 'warren-door-'))
    const store = openStore(join(directory, 'warren.db'))
    onTestFinished(() => {
      store.close()
      rmSync(directory, { recursive: true })
    })
    this.set = RecordSet.empty(suite, charter, grantsMax === undefined ? {} : { grantsMax })
    this.learn(...texts)
    this.#standing = (secretHash) => store.invitations.standing({ secretHash, nowMs: NOW_MS })
    this.desk = new JoinDesk({
      suite,
      clock: { wallMs: () => this.nowMs, monotonicMs: () => 0 },
      records: this,
      freshness: { judge: () => ({ state: this.state }) },
      admin: undefined,
      signer: adminSigner(inviter),
      self: {
        did: inviter.did,
        peerId: peerIdOf(inviter.nodeSigner.publicKey),
        mlDsa44Key: inviter.mlDsaSigner.publicKey,
        log: inviter.log.text,
      },
      invitations: store.invitations,
      report: () => {},
    })
  }

  submit(texts: readonly string[]): Promise<Pick<Submission, 'refused' | 'durable'>> {
    const { set, refused } = this.set.accept(texts)
    this.set = set
    return Promise.resolve({
      refused: refused.map(({ error }) => error),
      durable: !this.isDiskFull,
    })
  }

  learn(...texts: readonly string[]): void {
    const { set, refused } = this.set.accept(texts)
    for (const { error } of refused) throw error
    this.set = set
  }

  invite(): string {
    return this.desk.invite({ ...WISH, addresses: ['/ip4/192.0.2.1/tcp/1'] })
  }

  answer(text: string, secret?: Uint8Array): Promise<Uint8Array> {
    const invitation = parseInvitation(text)
    const request = createJoinRequest({
      suite,
      invitation: secret === undefined ? invitation : { ...invitation, secret },
      identity: guest,
      name: 'guest',
      channel: channelOf(inviter),
      nowMs: NOW_MS,
    })
    return this.desk.answer(request, channelOf(guest))
  }

  standing(text: string): string {
    return this.#standing(invitationHash(suite, parseInvitation(text).secret))
  }

  get guest(): string {
    return standingOf(this.set, guest.did, this.nowMs).status
  }
}

const { mlDsa44Key } = channelOf(inviter)
const keyHash = `z${multihashOf(suite, publicPair(adminSigner(inviter)).mlDsa44.multikey)}`
const COULD: readonly { what: string; target: RevocationTarget }[] = [
  { what: 'the enroller', target: { enroller: inviter.did } },
  { what: 'the member', target: { did: inviter.did, maxGen: 1 } },
  { what: 'a key of it', target: { keyHash } },
  { what: 'the credential', target: { credential: CREDENTIAL } },
]

describe('a node whose credential was taken away', () => {
  test.for(COULD)(
    'by $what uses up no invitation and admits nobody',
    { tags: ['REC-24', 'MEM-7'] },
    async ({ target }) => {
      const door = Door.of(...BEGUN)
      const text = door.invite()
      door.learn(revoked(target))
      const before = door.set
      await expect(door.answer(text)).rejects.toMatchObject({ code: 'inviter-revoked' })
      expect([door.standing(text), door.guest]).toEqual(['open', 'unknown'])
      expect(door.set).toBe(before)
      expect(() => door.invite()).toThrow(expect.objectContaining({ code: 'inviter-revoked' }))
    },
  )

  test(
    'admits by another that it has, and by what was taken from others',
    {
      tags: ['REC-24'],
    },
    async () => {
      const door = Door.of(...BEGUN, credential(randomUuid(suite)))
      door.learn(
        revoked({ credential: CREDENTIAL }),
        revoked({ enroller: admins[0]?.did ?? guest.did }),
      )
      const text = door.invite()
      await door.answer(text)
      expect([door.standing(text), door.guest]).toEqual(['used', 'member'])
    },
  )
})

describe('a node that has a credential', () => {
  test(
    'and is quarantined uses up no invitation and admits nobody, until that has ended',
    { tags: ['REC-24', 'MEM-7'] },
    async () => {
      const door = Door.of(...BEGUN)
      const text = door.invite()
      door.learn(quarantine())
      const before = door.set
      await expect(door.answer(text)).rejects.toMatchObject({ code: 'inviter-not-a-member' })
      expect([door.standing(text), door.guest]).toEqual(['open', 'unknown'])
      expect(door.set).toBe(before)
      expect(() => door.invite()).toThrow(expect.objectContaining({ code: 'inviter-not-a-member' }))
      door.nowMs = NOW_MS + HOUR_MS / 2 - 1
      await expect(door.answer(text)).rejects.toMatchObject({ code: 'inviter-not-a-member' })
      door.nowMs += 1
      await door.answer(text)
      expect([door.standing(text), door.guest]).toEqual(['used', 'member'])
    },
  )

  test('and no membership admits nobody', { tags: ['REC-24'] }, async () => {
    const door = Door.of(...BEGUN)
    const text = door.invite()
    const gone = new Door({ texts: [credential(CREDENTIAL), ...BEGUN] })
    expect(() => gone.invite()).toThrow(expect.objectContaining({ code: 'inviter-not-a-member' }))
    door.set = gone.set
    await expect(door.answer(text)).rejects.toMatchObject({ code: 'inviter-not-a-member' })
    expect(door.standing(text)).toBe('open')
  })
})

describe('a mesh', () => {
  const texts = [membership, credential(CREDENTIAL)]

  test(
    'that is full lets nobody in, and the invitation stays unused',
    { tags: ['REC-27', 'MEM-7'] },
    async () => {
      const door = new Door({ texts, grantsMax: 2 })
      const text = door.invite()
      await expect(door.answer(text)).rejects.toMatchObject({ code: 'records-full' })
      expect([door.standing(text), door.guest]).toEqual(['open', 'unknown'])
    },
  )

  test('with room for one more lets one more in', { tags: ['REC-27'] }, async () => {
    const door = new Door({ texts, grantsMax: 3 })
    const text = door.invite()
    await door.answer(text)
    expect([door.standing(text), door.guest]).toEqual(['used', 'member'])
  })

  test(
    'tells nobody that it is in whose membership could not be written down',
    { tags: ['REC-27'] },
    async () => {
      const door = new Door({ texts })
      door.isDiskFull = true
      const text = door.invite()
      await expect(door.answer(text)).rejects.toMatchObject({ code: 'join-not-durable' })
      // It is in force here, so that nobody else may have it as well.
      expect([door.standing(text), door.guest]).toEqual(['used', 'member'])
    },
  )
})

describe('a node that does not hear of the witnesses', () => {
  test(
    'uses up no invitation and admits nobody, until it does again',
    { tags: ['REC-24', 'MEM-7'] },
    async () => {
      const door = Door.of(...BEGUN)
      const text = door.invite()
      door.state = 'stop'
      await expect(door.answer(text)).rejects.toMatchObject({ code: 'inviter-stale' })
      expect([door.standing(text), door.guest]).toEqual(['open', 'unknown'])
      door.state = 'deny-new'
      await door.answer(text)
      expect([door.standing(text), door.guest]).toEqual(['used', 'member'])
    },
  )

  test(
    'admits in a mesh of which fewer witnesses than it takes have ever said anything',
    { tags: ['REC-24'] },
    async () => {
      const door = Door.of(...BEGUN.slice(0, 1))
      door.state = 'stop'
      await door.answer(door.invite())
      expect(door.guest).toBe('member')
    },
  )
})

test(
  'a secret that was never given out gets the same answer as ever',
  { tags: ['MEM-13', 'REC-24'] },
  async () => {
    const door = Door.of(...BEGUN)
    const text = door.invite()
    door.learn(revoked({ enroller: inviter.did }))
    door.state = 'stop'
    const guessed = new Uint8Array(mlDsa44Key.subarray(0, 32))
    await expect(door.answer(text, guessed)).rejects.toMatchObject({ code: 'invitation-unknown' })
  },
)
