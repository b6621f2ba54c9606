import { nodeSuite } from '@warren/crypto'
import type { Role } from '@warren/handshake'
import { fromString } from 'uint8arrays/from-string'
import { describe, expect, test } from 'vitest'
import type { ReferenceField, ReferenceFields } from '../vectors/reference-payload.ts'
import {
  type Attack,
  attack,
  flipped,
  hostile,
  payloadOf,
  refusalOf,
  victim,
} from './support/handshake-victim.ts'

/*
 * The peer is a stranger who knows the mesh and holds keys of its own: every byte is sealed as it
 * should be, and one thing in the payload is wrong.
 */

const PAYLOAD_BYTES = 3928
/** Where the values of a payload with one muxer of 12 characters stand; between them are tags and lengths. */
const VALUES = [
  {
    field: 'the identity key type',
    from: 2,
    to: 6,
    code: 'identity-key-malformed',
    at: 'identity_key',
  },
  { field: 'the Ed25519 key', from: 6, to: 38, code: 'signature-invalid', at: 'identity_sig' },
  { field: 'identity_sig', from: 40, to: 104, code: 'signature-invalid', at: 'identity_sig' },
  { field: 'session_sig', from: 124, to: 188, code: 'signature-invalid', at: 'session_sig' },
  { field: 'mldsa_sig', from: 192, to: 2612, code: 'signature-invalid', at: 'mldsa_sig' },
  { field: 'mldsa_key', from: 2616, to: PAYLOAD_BYTES, code: 'signature-invalid', at: 'mldsa_sig' },
] as const
const MUXER = { from: 109, to: 121 }

const victims: readonly { readonly role: Role; readonly label: 'B' | 'C' }[] = [
  { role: 'initiator', label: 'B' },
  { role: 'responder', label: 'C' },
]

interface Mistake {
  readonly name: string
  /** `own` is the letter of the hostile side, `other` the victim's. */
  readonly how: (own: 'I' | 'R', other: 'I' | 'R') => Attack
  readonly code: string
  readonly at: string
}

const stranger = nodeSuite.randomBytes(32)

const WRONGLY_SIGNED: readonly Mistake[] = [
  {
    name: 'session_sig in the role of the other side',
    how: (_, other) => ({ payload: { sessionRole: other } }),
    code: 'signature-invalid',
    at: 'session_sig',
  },
  {
    name: 'mldsa_sig in the role of the other side',
    how: (_, other) => ({ payload: { mlDsaRole: other } }),
    code: 'signature-invalid',
    at: 'mldsa_sig',
  },
  {
    name: 'both transcript signatures in the role of the other side',
    how: (_, other) => ({ payload: { sessionRole: other, mlDsaRole: other } }),
    code: 'signature-invalid',
    at: 'session_sig',
  },
  {
    name: 'signatures over the transcript of another run',
    how: () => ({ payload: { h: nodeSuite.randomBytes(32) } }),
    code: 'signature-invalid',
    at: 'session_sig',
  },
  {
    name: 'mldsa_sig without the context',
    how: () => ({ payload: { mlDsaContext: '' } }),
    code: 'signature-invalid',
    at: 'mldsa_sig',
  },
  {
    name: 'identity_sig by another key',
    how: () => ({ payload: { identitySigner: stranger } }),
    code: 'signature-invalid',
    at: 'identity_sig',
  },
  {
    name: 'identity_sig over another static key',
    how: () => ({ payload: { staticPublicKey: nodeSuite.randomBytes(32) } }),
    code: 'signature-invalid',
    at: 'identity_sig',
  },
  {
    name: 'session_sig by another key',
    how: () => ({ payload: { sessionSigner: stranger } }),
    code: 'signature-invalid',
    at: 'session_sig',
  },
  {
    name: 'mldsa_sig by another key',
    how: () => ({ payload: { mlDsaSigner: stranger } }),
    code: 'signature-invalid',
    at: 'mldsa_sig',
  },
]

const NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'identity_key'],
  [2, 'identity_sig'],
  [1025, 'session_sig'],
  [1026, 'mldsa_sig'],
  [1027, 'mldsa_key'],
])

/** The same change to whichever list has the field; the muxer of the extensions has the number 2 too and is left alone. */
function changing(
  number: number,
  change: (field: ReferenceField) => readonly ReferenceField[],
): Attack {
  const changed = (fields: readonly ReferenceField[]): readonly ReferenceField[] =>
    fields.flatMap((field) => (field.number === number ? change(field) : [field]))
  return {
    fields: ({ outer, extensions = [] }) =>
      number < 1025
        ? { outer: changed(outer), extensions }
        : { outer, extensions: changed(extensions) },
  }
}

const MISENCODED: readonly Mistake[] = [
  ...[...NAMES].flatMap(([number, name]) => [
    {
      name: `${name} missing`,
      how: () => changing(number, () => []),
      code: 'signature-missing',
      at: name,
    },
    {
      name: `${name} twice`,
      how: () => changing(number, (field) => [field, field]),
      code: 'payload-malformed',
      at: number < 1025 ? 'payload' : 'extensions',
    },
    ...[-1, 1].map((more) => ({
      name: `${name} ${more < 0 ? 'a byte short' : 'a byte long'}`,
      how: () => changing(number, ({ value }) => [{ number, value: resized(value, more) }]),
      code: number === 1 ? 'identity-key-malformed' : 'payload-malformed',
      at: name,
    })),
  ]),
  {
    name: 'an empty payload',
    how: () => ({ bytes: () => new Uint8Array(0) }),
    code: 'signature-missing',
    at: 'identity_key',
  },
  {
    name: 'no extensions',
    how: () => ({ fields: ({ outer }: ReferenceFields) => ({ outer, extensions: undefined }) }),
    code: 'signature-missing',
    at: 'extensions',
  },
  {
    name: 'an unknown field',
    how: () => adding('outer', { number: 3, value: new Uint8Array(1) }),
    code: 'payload-malformed',
    at: 'payload',
  },
  {
    name: 'an unknown extension',
    how: () => adding('extensions', { number: 1028, value: new Uint8Array(1) }),
    code: 'payload-malformed',
    at: 'extensions',
  },
  {
    name: 'a length that is longer than it need be',
    how: () => ({ bytes: (payload) => Uint8Array.from([0x0a, 0xa4, 0, ...payload.subarray(2)]) }),
    code: 'payload-malformed',
    at: 'payload',
  },
  {
    name: 'a field that ends behind the payload',
    how: () => ({ bytes: (payload) => payload.subarray(0, -1) }),
    code: 'payload-malformed',
    at: 'payload',
  },
  {
    name: 'a muxer that this side has not',
    how: () => muxers('/mplex/6.7.0'),
    code: 'stream-muxer-none-common',
    at: 'stream_muxers',
  },
  {
    name: 'no muxer',
    how: () => muxers(),
    code: 'stream-muxer-none-common',
    at: 'stream_muxers',
  },
  {
    name: 'an empty muxer',
    how: () => muxers('/yamux/1.0.0', ''),
    code: 'payload-malformed',
    at: 'stream_muxers',
  },
  {
    name: 'a muxer with a space',
    how: () => muxers('/yamux/1.0.0', '/a b'),
    code: 'payload-malformed',
    at: 'stream_muxers',
  },
  {
    name: 'a muxer of 129 characters',
    how: () => muxers('/yamux/1.0.0', 'm'.repeat(129)),
    code: 'payload-malformed',
    at: 'stream_muxers',
  },
  {
    name: 'nine muxers',
    how: () => muxers('/yamux/1.0.0', ...Array.from({ length: 8 }, (_, index) => `/m/${index}`)),
    code: 'payload-malformed',
    at: 'extensions',
  },
]

function resized(value: Uint8Array, more: number): Uint8Array {
  const copy = new Uint8Array(value.length + more)
  copy.set(value.subarray(0, copy.length))
  return copy
}

function adding(list: 'outer' | 'extensions', field: ReferenceField): Attack {
  return { fields: (fields) => ({ ...fields, [list]: [...(fields[list] ?? []), field] }) }
}

function muxers(...streamMuxers: string[]): Attack {
  return { payload: { streamMuxers } }
}

describe.for(victims)('in message $label', ({ role, label }) => {
  const [own, other] = label === 'B' ? (['R', 'I'] as const) : (['I', 'R'] as const)

  test('the reference peer that breaks no rule is taken', { tags: ['HS-10'] }, () => {
    expect(attack(role, {})).toBeUndefined()
    const most = ['/yamux/1.0.0', 'm'.repeat(128), '/3', '/4', '/5', '/6', '/7', '/8']
    expect(attack(role, muxers(...most))).toBeUndefined()
  })

  test.for([...WRONGLY_SIGNED, ...MISENCODED])(
    '$name is refused with $code at $at',
    { tags: ['HS-10'] },
    ({ how, code, at }) => {
      expect(attack(role, how(own, other))).toMatchObject({ code, step: `${label}.${at}` })
    },
  )

  test.for(VALUES)(
    'a bit flipped in $field is refused with $code at $at',
    { tags: ['HS-10'] },
    ({ from, to, code, at }) => {
      for (const index of [from, (from + to) >> 1, to - 1]) {
        for (const bit of [0, 7]) {
          const refusal = attack(role, { bytes: (payload) => flipped(payload, index, bit) })
          expect(refusal, `bit ${bit} of byte ${index}`).toMatchObject({
            code,
            step: `${label}.${at}`,
          })
        }
      }
    },
  )

  test('a bit flipped in the muxer is refused at stream_muxers', { tags: ['HS-10'] }, () => {
    for (let index = MUXER.from; index < MUXER.to; index += 1) {
      const another = attack(role, { bytes: (payload) => flipped(payload, index, 0) })
      expect(another, `byte ${index}`).toMatchObject({
        code: 'stream-muxer-none-common',
        step: `${label}.stream_muxers`,
      })
    }
    expect(attack(role, { bytes: (payload) => flipped(payload, MUXER.from, 7) })).toMatchObject({
      code: 'payload-malformed',
      step: `${label}.stream_muxers`,
    })
  })

  test('a bit flipped in any tag or length is refused', { tags: ['HS-10'] }, () => {
    const framing = Array.from({ length: PAYLOAD_BYTES }, (_, index) => index).filter(
      (index) => ![...VALUES, MUXER].some(({ from, to }) => index >= from && index < to),
    )
    expect(framing).toHaveLength(20)
    for (const index of framing) {
      for (const bit of [0, 3, 7]) {
        const refusal = attack(role, { bytes: (payload) => flipped(payload, index, bit) })
        expect(refusal?.code, `bit ${bit} of byte ${index}`).toMatch(
          /^(?:payload-malformed|signature-missing|identity-key-malformed)$/,
        )
        expect(refusal?.step).toMatch(
          new RegExp(
            `^${label}\\.(?:payload|extensions|identity_key|identity_sig|\\w+_sig|mldsa_key|stream_muxers)$`,
          ),
        )
      }
    }
  })
})

test(
  'somebody else than was dialled is refused before anything is verified',
  { tags: ['HS-10'] },
  () => {
    const side = victim('initiator', { expectedEd25519Key: nodeSuite.randomBytes(32) })
    const responder = hostile({ coins: nodeSuite.randomBytes(32) })
    responder.readA(side.write())
    const message = responder.writeB((h) =>
      payloadOf('R', h, { payload: { identitySigner: stranger } }),
    )
    expect(refusalOf(() => side.read(message))).toMatchObject({
      code: 'identity-key-unexpected',
      step: 'B.identity_key',
    })
  },
)

test('message A carries no payload', { tags: ['HS-10'] }, () => {
  const message = Uint8Array.from([...victim('initiator').write(), ...fromString('x')])
  expect(refusalOf(() => victim('responder').read(message))).toMatchObject({
    code: 'payload-malformed',
    step: 'A.payload',
  })
})
