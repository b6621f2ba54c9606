import { nodeSuite } from '@warren/crypto'
import {
  type HandshakeError,
  PAYLOAD_BYTES_MAX,
  prologue,
  SECURE_HANDSHAKE_PROTOCOL,
  type SecureHandshake,
} from '@warren/handshake'
import { fromString } from 'uint8arrays/from-string'
import { describe, expect, test } from 'vitest'
import { attack, flipped, hostile, refusalOf, victim } from './support/handshake-victim.ts'

/* An attacker on the wire, who has no key, and a peer that breaks the rules of Noise itself. */

type Change = (message: Uint8Array) => Uint8Array

interface Refusal {
  readonly by: 'initiator' | 'responder'
  readonly error: HandshakeError
}

/** Runs one handshake between two honest sides, with one message changed on its way; says who refused first. */
function run(
  changes: { readonly A?: Change; readonly B?: Change; readonly C?: Change },
  sides: { initiator?: SecureHandshake; responder?: SecureHandshake } = {},
): Refusal | undefined {
  const { initiator = victim('initiator'), responder = victim('responder') } = sides
  const changed = (label: keyof typeof changes, message: Uint8Array): Uint8Array =>
    changes[label]?.(message) ?? message
  let carried: Uint8Array = new Uint8Array(0)
  const steps = [
    { by: 'initiator', work: () => (carried = changed('A', initiator.write())) },
    { by: 'responder', work: () => responder.read(carried) },
    { by: 'responder', work: () => (carried = changed('B', responder.write())) },
    { by: 'initiator', work: () => initiator.read(carried) },
    { by: 'initiator', work: () => (carried = changed('C', initiator.write())) },
    { by: 'responder', work: () => responder.read(carried) },
  ] as const
  for (const { by, work } of steps) {
    const error = refusalOf(work)
    if (error !== undefined) return { by, error }
  }
  return undefined
}

function refusal(by: 'initiator' | 'responder', code: string, step: string): object {
  return { by, error: { code, step } }
}

/** Every field of every message, with its tag where it has one. `to` counts from the end of the message when it is negative or zero. */
const FIELDS = [
  { label: 'A', field: 'e', from: 0, to: 32, by: 'initiator', step: 'B.ekem1' },
  { label: 'A', field: 'the seed of e1', from: 1184, to: 1216, by: 'initiator', step: 'B.ekem1' },
  { label: 'B', field: 'e', from: 0, to: 32, by: 'initiator', step: 'B.ekem1' },
  { label: 'B', field: 'ekem1', from: 32, to: 1120, by: 'initiator', step: 'B.ekem1' },
  { label: 'B', field: 'the tag of ekem1', from: 1120, to: 1136, by: 'initiator', step: 'B.ekem1' },
  { label: 'B', field: 's', from: 1136, to: 1168, by: 'initiator', step: 'B.s' },
  { label: 'B', field: 'the tag of s', from: 1168, to: 1184, by: 'initiator', step: 'B.s' },
  { label: 'B', field: 'the payload', from: 1184, to: -16, by: 'initiator', step: 'B.payload' },
  {
    label: 'B',
    field: 'the tag of the payload',
    from: -16,
    to: 0,
    by: 'initiator',
    step: 'B.payload',
  },
  { label: 'C', field: 's', from: 0, to: 32, by: 'responder', step: 'C.s' },
  { label: 'C', field: 'the tag of s', from: 32, to: 48, by: 'responder', step: 'C.s' },
  { label: 'C', field: 'the payload', from: 48, to: -16, by: 'responder', step: 'C.payload' },
  {
    label: 'C',
    field: 'the tag of the payload',
    from: -16,
    to: 0,
    by: 'responder',
    step: 'C.payload',
  },
] as const

describe('a bit flipped on the wire', () => {
  test.for(FIELDS)(
    'in $field of $label stops the $by at $step',
    { tags: ['HS-2'] },
    ({ label, from, to, by, step }) => {
      const lengths = { A: 1216, B: 5128, C: 3992 }
      const start = from < 0 ? lengths[label] + from : from
      const end = to <= 0 ? lengths[label] + to : to
      for (const index of [start, (start + end) >> 1, end - 1]) {
        for (const bit of [0, 7]) {
          const refused = run({
            [label]: (message: Uint8Array) => {
              expect(message).toHaveLength(lengths[label])
              return flipped(message, index, bit)
            },
          })
          expect(refused, `bit ${bit} of byte ${index}`).toMatchObject(
            refusal(by, 'decryption-failed', step),
          )
        }
      }
    },
  )

  test('in a coefficient of e1 stops one side or the other at B.ekem1', { tags: ['HS-2'] }, () => {
    for (let index = 32; index < 1184; index += 96) {
      for (const bit of [0, 3, 7]) {
        const refused = run({ A: (message) => flipped(message, index, bit) })
        // A coefficient that is no longer below q is seen by the responder, any other by the initiator.
        const code = refused?.by === 'responder' ? 'kem-failed' : 'decryption-failed'
        expect(refused, `bit ${bit} of byte ${index}`).toMatchObject({
          error: { code, step: 'B.ekem1' },
        })
      }
    }
  })

  test('that makes e1 no key at all stops the responder', { tags: ['HS-2'] }, () => {
    const A: Change = (message) => message.slice().fill(0xff, 32, 35)
    expect(run({ A })).toMatchObject(refusal('responder', 'kem-failed', 'B.ekem1'))
  })
})

describe('a message from somewhere else', () => {
  test('B of another run stops the initiator at B.ekem1', { tags: ['HS-2'] }, () => {
    let recorded: Uint8Array = new Uint8Array(0)
    expect(run({ B: (message) => (recorded = message) })).toBeUndefined()
    expect(run({ B: () => recorded })).toMatchObject(
      refusal('initiator', 'decryption-failed', 'B.ekem1'),
    )
  })

  test('A and C of another run stop the responder at C.s', { tags: ['HS-2'] }, () => {
    const recorded: Uint8Array[] = []
    const record: Change = (message) => {
      recorded.push(message)
      return message
    }
    expect(run({ A: record, C: record })).toBeUndefined()
    const [a = record, c = record] = recorded.map((message) => () => message)
    expect(run({ C: c })).toMatchObject(refusal('responder', 'decryption-failed', 'C.s'))
    const responder = victim('responder')
    responder.read(a(new Uint8Array(0)))
    responder.write()
    expect(refusalOf(() => responder.read(c(new Uint8Array(0))))).toMatchObject({
      code: 'decryption-failed',
      step: 'C.s',
    })
  })

  test('a message sent back to its writer stops it', { tags: ['HS-2'] }, () => {
    const initiator = victim('initiator')
    const a = initiator.write()
    expect(refusalOf(() => initiator.read(a))).toMatchObject({
      code: 'decryption-failed',
      step: 'B.ekem1',
    })
    const responder = victim('responder')
    responder.read(a)
    const b = responder.write()
    expect(refusalOf(() => responder.read(b))).toMatchObject({
      code: 'decryption-failed',
      step: 'C.s',
    })
  })
})

describe('two sides that do not mean the same', () => {
  const meshId = 'zQmMesh'
  const encrypters = [SECURE_HANDSHAKE_PROTOCOL]
  test.for([
    { name: 'another mesh', input: { meshId: 'zQmMesi', encrypters } },
    { name: 'one more encrypter', input: { meshId, encrypters: [...encrypters, '/noise'] } },
    { name: 'another encrypter', input: { meshId, encrypters: ['/noise'] } },
    { name: 'an encrypter in front', input: { meshId, encrypters: ['/noise', ...encrypters] } },
    {
      name: 'the same text cut elsewhere',
      input: { meshId: `${meshId}/`, encrypters: [SECURE_HANDSHAKE_PROTOCOL.slice(1)] },
    },
  ])('$name: the initiator stops at B.ekem1', { tags: ['HS-3'] }, ({ input }) => {
    for (const role of ['initiator', 'responder'] as const) {
      const refused = run({}, { [role]: victim(role, { prologue: prologue(input) }) })
      expect(refused).toMatchObject(refusal('initiator', 'decryption-failed', 'B.ekem1'))
    }
  })

  test.for([
    {
      name: 'the suite by its old name',
      noise: { protocolName: 'Noise_XXhfs_25519+ML-KEM-768_ChaChaPoly_SHA256' },
    },
    {
      name: 'the KEM secret mixed in before its ciphertext',
      noise: { ciphertextAfterMixKey: true },
    },
    { name: 'no prologue', noise: { prologue: new Uint8Array(0) } },
  ])('$name: the initiator stops at B.ekem1', { tags: ['HS-3'] }, ({ noise }) => {
    expect(attack('initiator', { noise })).toMatchObject({
      code: 'decryption-failed',
      step: 'B.ekem1',
    })
  })
})

/** X25519 keys with which every agreement is all zero: 0, 1, p - 1, p, p + 1 and the two of order 8. */
const LOW_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
].map((key) => fromString(key, 'hex'))

describe('an agreement that would be all zero', () => {
  test.for(LOW_ORDER)('stops at its token, with %s', { tags: ['HS-11'] }, (key) => {
    const code = 'key-agreement-failed'
    const overwritten: Change = (message) => {
      const copy = message.slice()
      copy.set(key)
      return copy
    }
    expect(run({ A: overwritten })).toMatchObject(refusal('responder', code, 'B.ee'))
    expect(run({ B: overwritten })).toMatchObject(refusal('initiator', code, 'B.ee'))
    const noise = { staticPublicKey: key }
    expect(attack('initiator', { noise })).toMatchObject({ code, step: 'B.es' })
    expect(attack('responder', { noise })).toMatchObject({ code, step: 'C.se' })
  })
})

describe('a message of a wrong length', () => {
  const resized =
    (length: number): Change =>
    (message) => {
      const copy = new Uint8Array(length)
      copy.set(message.subarray(0, length))
      return copy
    }

  test.for([
    { label: 'A', min: 1216, by: 'responder', inside: 'payload-malformed at A.payload' },
    { label: 'B', min: 1200, by: 'initiator', inside: 'decryption-failed at B.payload' },
    { label: 'C', min: 64, by: 'responder', inside: 'decryption-failed at C.payload' },
  ] as const)(
    'is refused before anything else, on both edges of $label',
    { tags: ['HS-12'] },
    ({ label, min, by, inside }) => {
      const outside = refusal(by, 'message-length', `${label}.length`)
      for (const length of [0, 1, min - 1, min + PAYLOAD_BYTES_MAX + 1, 70_000]) {
        expect(run({ [label]: resized(length) }), `${length}`).toMatchObject(outside)
      }
      const refused = run({ [label]: resized(min + PAYLOAD_BYTES_MAX) })
      expect(`${refused?.error.code} at ${refused?.error.step}`).toBe(inside)
    },
  )

  test('with an empty payload is as short as a message can be', { tags: ['HS-12'] }, () => {
    expect(run({ A: resized(1216) })).toBeUndefined()
    expect(run({ B: resized(1200) })).toMatchObject(
      refusal('initiator', 'decryption-failed', 'B.payload'),
    )
    expect(run({ C: resized(64) })).toMatchObject(
      refusal('responder', 'decryption-failed', 'C.payload'),
    )
  })
})

test(
  'after any of these the side is spent, and the other learns nothing',
  { tags: ['HS-4'] },
  () => {
    const initiator = victim('initiator')
    const responder = victim('responder')
    run({ B: (message) => flipped(message, -1) }, { initiator, responder })
    for (const use of [
      () => initiator.write(),
      () => initiator.read(new Uint8Array(5128)),
      () => initiator.result(),
    ]) {
      expect(refusalOf(use)).toMatchObject({ code: 'spent', step: 'turn' })
    }
    expect(refusalOf(() => responder.result())).toMatchObject({ code: 'out-of-turn', step: 'turn' })
  },
)

test('a call out of turn ends the handshake', { tags: ['HS-4'] }, () => {
  const uses: readonly ((side: SecureHandshake) => unknown)[] = [
    (side) => side.write(),
    (side) => side.result(),
  ]
  for (const use of uses) {
    const responder = victim('responder')
    expect(refusalOf(() => use(responder))).toMatchObject({ code: 'out-of-turn', step: 'turn' })
    const a = hostile({ kemSeed: nodeSuite.randomBytes(64) }).writeA()
    expect(refusalOf(() => responder.read(a))).toMatchObject({ code: 'spent', step: 'turn' })
  }
})
