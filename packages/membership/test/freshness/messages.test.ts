import {
  type AdminSigner,
  BEACON_LENGTH_MAX,
  type Beacon,
  CHALLENGE_LENGTH_MAX,
  decodeBeacon,
  decodeChallenge,
  decodeResponse,
  encodeChallenge,
  Freshness,
  type FreshResponse,
  nonceText,
  panelOf,
  RESPONSE_LENGTH_MAX,
  witnessContext,
  writeBeacon,
} from '@warren/membership'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { signResponse } from '../../src/freshness/fresh-response.ts'
import { edited, type Loose, mesh, NOW_MS, refusalCode, suite } from '../builders.ts'
import { signed, witnessedMesh, withAll } from '../record-builders.ts'
import { BOOT_MS, ROOT } from './freshness-builders.ts'

const plant = witnessedMesh()
const { meshId } = plant.charter
const context = witnessContext(plant.empty)
const [first, second, third] = plant.witnesses
const NONCE = new Uint8Array(32).fill(7)
const open = (): boolean => true

function beaconText(
  changes: Partial<Parameters<typeof writeBeacon>[0]> = {},
  by: readonly AdminSigner[] = [first!],
): string {
  const document = writeBeacon({
    meshId,
    witness: first!.did,
    seq: 1,
    timeMs: NOW_MS,
    nextByMs: 60_000,
    removalRoot: ROOT,
    removalCount: 1,
    memberRoot: ROOT,
    memberCount: 1,
    checkpoint: undefined,
    ...changes,
  })
  return signed(document, by)
}

const BEACON = decodeBeacon(context, beaconText())

function responseText(
  changes: { witness?: AdminSigner; beacon?: Beacon; timeMs?: number } = {},
): string {
  return signResponse({
    suite,
    meshId,
    witness: first!,
    nonce: NONCE,
    beacon: BEACON,
    timeMs: NOW_MS + 1_234,
    ...changes,
  })
}

function decoded(text: string, beside = BEACON.text): FreshResponse {
  return decodeResponse(context, { text, beaconText: beside, isAwaited: open })
}

test('a beacon that its witness alone has signed says what it says', { tags: ['FRS-1'] }, () => {
  expect(BEACON).toMatchObject({ witness: first!.did, seq: 1, timeMs: NOW_MS, removalRoot: ROOT })
  expect(BEACON.text.length).toBeLessThan(BEACON_LENGTH_MAX)
})

test.for<{ name: string; text: () => string; code: string }>([
  { name: 'too long', text: () => 'x'.repeat(BEACON_LENGTH_MAX + 1), code: 'record-too-large' },
  {
    name: 'not JSON, at its longest',
    text: () => 'x'.repeat(BEACON_LENGTH_MAX),
    code: 'record-malformed',
  },
  { name: 'not canonical', text: () => ` ${beaconText()}`, code: 'record-malformed' },
  {
    name: 'with a member more',
    text: () => edited(beaconText(), (record) => Object.assign(record, { extra: 1 })),
    code: 'record-malformed',
  },
  {
    name: 'of another mesh',
    text: () => beaconText({ meshId: mesh().charter.meshId }),
    code: 'record-foreign',
  },
  {
    name: 'unsigned',
    text: () => edited(beaconText(), (record) => delete (record as Partial<Loose>).proof),
    code: 'record-unproved',
  },
  {
    name: 'with one proof of the two',
    text: () => edited(beaconText(), (record) => record.proof.pop()),
    code: 'record-unproved',
  },
  {
    name: 'changed after it was signed',
    text: () => edited(beaconText(), (record) => Object.assign(record, { seq: 2 })),
    code: 'record-unproved',
  },
  {
    name: 'signed by another witness',
    text: () => beaconText({}, [second!]),
    code: 'record-malformed',
  },
  {
    name: 'signed by two, which is longer than one can be',
    text: () => beaconText({}, [first!, second!]),
    code: 'record-too-large',
  },
  {
    name: 'signed by an admin',
    text: () => beaconText({}, [plant.admins[0]!]),
    code: 'signer-unknown',
  },
])('a beacon $name is refused', { tags: ['FRS-1'] }, ({ text, code }) => {
  expect(refusalCode(() => decodeBeacon(context, text()))).toBe(code)
})

test('a challenge carries its nonce and nothing else', { tags: ['FRS-1'] }, () => {
  const text = encodeChallenge(meshId, NONCE)
  expect(text.length).toBeLessThan(CHALLENGE_LENGTH_MAX)
  expect(decodeChallenge(meshId, text)).toEqual(NONCE)
  const other = mesh().charter.meshId
  expect(refusalCode(() => decodeChallenge(other, text))).toBe('record-foreign')
  const long = 'x'.repeat(CHALLENGE_LENGTH_MAX + 1)
  expect(refusalCode(() => decodeChallenge(meshId, long))).toBe('record-too-large')
  for (const bytes of [31, 33]) {
    const nonce = `u${Buffer.alloc(bytes, 7).toString('base64url')}`
    const wrong = edited(text, (record) => Object.assign(record, { nonce }))
    expect(refusalCode(() => decodeChallenge(meshId, wrong))).toBe('record-malformed')
    expect(() => nonceText(new Uint8Array(bytes))).toThrow('32 bytes')
  }
})

test(
  'a response speaks for its witness, its nonce and its beacon',
  { tags: ['FRS-1', 'FRS-2'] },
  () => {
    const text = responseText()
    expect(text.length).toBeLessThan(RESPONSE_LENGTH_MAX)
    expect(decoded(text)).toEqual({
      nonce: nonceText(NONCE),
      witness: first!.did,
      timeMs: NOW_MS + 1_234,
      beacon: BEACON,
    })
    expect(decoded(responseText({ timeMs: NOW_MS })).timeMs).toBe(NOW_MS)
  },
)

test.for<{ name: string; text: () => string; beside?: () => string; code: string }>([
  { name: 'too long', text: () => 'x'.repeat(RESPONSE_LENGTH_MAX + 1), code: 'record-too-large' },
  {
    name: 'with another nonce than was signed',
    text: () =>
      edited(responseText(), (record) =>
        Object.assign(record, { nonce: nonceText(new Uint8Array(32).fill(8)) }),
      ),
    code: 'record-unproved',
  },
  {
    name: 'beside another beacon',
    text: () => responseText(),
    beside: () => beaconText({ seq: 2 }),
    code: 'record-malformed',
  },
  {
    name: 'with the beacon of another witness',
    text: () => responseText({ witness: second! }),
    code: 'record-malformed',
  },
  {
    name: 'beside a beacon that is not signed',
    text: () => responseText(),
    beside: () => edited(BEACON.text, (record) => record.proof.pop()),
    code: 'record-unproved',
  },
  {
    name: 'from before its beacon',
    text: () => responseText({ timeMs: NOW_MS - 1 }),
    code: 'record-malformed',
  },
  {
    name: 'in the name of another',
    text: () => edited(responseText(), (record) => Object.assign(record, { witness: second!.did })),
    code: 'record-unproved',
  },
  { name: 'that is a beacon', text: () => BEACON.text, code: 'record-malformed' },
])('a response $name is refused', { tags: ['FRS-1'] }, ({ text, beside, code }) => {
  expect(refusalCode(() => decoded(text(), beside?.()))).toBe(code)
})

test('whether anybody asked is looked at before any signature', { tags: ['FRS-2'] }, () => {
  const text = edited(responseText(), (record) => record.proof.pop())
  const question = { text, beaconText: '', isAwaited: (): boolean => false }
  expect(refusalCode(() => decodeResponse(context, question))).toBe('nonce-unknown')
})

test('whatever comes, the refusal has a code', { tags: ['FRS-1'] }, () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      for (const attempt of [
        (): unknown => decodeBeacon(context, text),
        (): unknown => decodeChallenge(meshId, text),
        (): unknown => decoded(text),
      ]) {
        expect(refusalCode(attempt)).toMatch(/^record-/)
      }
    }),
  )
})

test(
  'two beacons under one number are a fork proof that every set takes up',
  { tags: ['FRS-9', 'REC-11'] },
  () => {
    const one = decodeBeacon(context, beaconText({ witness: third!.did }, [third!]))
    const other = decodeBeacon(
      context,
      beaconText({ witness: third!.did, removalCount: 2 }, [third!]),
    )
    const proofs = [
      [one, other],
      [other, one],
    ].map(([left, right]) => {
      const booted = Freshness.boot({
        panel: panelOf(plant.empty, () => true),
        bounds: [left!],
        nowMs: BOOT_MS,
      })
      const { outcome, forkProof, freshness } = booted.observeBeacon(right!, BOOT_MS)
      expect(outcome).toEqual({ status: 'refused', code: 'beacon-forked' })
      const next = decodeBeacon(context, beaconText({ witness: third!.did, seq: 2 }, [third!]))
      expect(freshness.observeBeacon(next, BOOT_MS).outcome).toEqual({
        status: 'refused',
        code: 'witness-forked',
      })
      return forkProof!
    })
    expect(proofs[0]).toBe(proofs[1])
    const set = withAll(plant.empty, proofs[0]!)
    expect(panelOf(set, () => true).forked).toEqual(new Set([third!.did]))
  },
)

test('the same beacon signed once more is the same beacon', { tags: ['FRS-9'] }, () => {
  const panel = panelOf(plant.empty, () => true)
  const booted = Freshness.boot({ panel, bounds: [BEACON], nowMs: BOOT_MS })
  const { outcome, forkProof } = booted.observeBeacon(decodeBeacon(context, beaconText()), BOOT_MS)
  expect(outcome).toEqual({ status: 'known' })
  expect(forkProof).toBeUndefined()
})
