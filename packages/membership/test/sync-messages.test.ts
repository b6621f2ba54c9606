import { type RecordSet, RecordSync, type SyncEffect } from '@warren/membership'
import { expect, test } from 'vitest'
import { suite } from './builders.ts'
import { witnessedMesh } from './record-builders.ts'

const LINK = 'a-b'

function connected(set: RecordSet): {
  readonly sync: RecordSync
  readonly effects: readonly SyncEffect[]
} {
  const sync = new RecordSync({ set, random: suite, nowMs: 0 })
  return { sync, effects: sync.handle({ type: 'connected', link: LINK, did: 'b' }, 0) }
}

test.for([
  { witnesses: 0, types: ['heads'] },
  { witnesses: 1, types: ['heads', 'seqs'] },
])('a mesh of $witnesses witnesses greets with $types', ({ witnesses, types }) => {
  const { effects } = connected(witnessedMesh({ witnesses }).empty)
  const said = effects.flatMap((effect): readonly unknown[] =>
    effect.type === 'send' ? [JSON.parse(new TextDecoder().decode(effect.bytes))] : [],
  )
  expect(said).toEqual(types.map((type) => expect.objectContaining({ type })))
})

const message = (text: string): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ answer: 'none', texts: [text], type: 'records' }))

test.for([
  // An encoding of no character, a character cut short, an encoding longer than needed, half a surrogate pair.
  { bytes: [0xff], code: 'sync-malformed' },
  { bytes: [0xe2, 0x82], code: 'sync-malformed' },
  { bytes: [0xc0, 0xaf], code: 'sync-malformed' },
  { bytes: [0xed, 0xa0, 0x80], code: 'sync-malformed' },
  // The character that decoders put in the place of such bytes, written as it should be: a text, if no record.
  { bytes: [0xef, 0xbf, 0xbd], code: 'record-malformed' },
])('a message with the bytes $bytes in it ends the connection with $code', ({ bytes, code }) => {
  const whole = message('x')
  const at = whole.indexOf('x'.charCodeAt(0), whole.indexOf('['.charCodeAt(0)))
  const altered = Uint8Array.of(...whole.slice(0, at), ...bytes, ...whole.slice(at + 1))
  const { sync } = connected(witnessedMesh({ witnesses: 0 }).empty)
  expect(sync.handle({ type: 'message', link: LINK, bytes: altered }, 0)).toContainEqual({
    type: 'cut',
    link: LINK,
    code,
  })
})
