import { expect, test } from 'vitest'
import { gossipName } from '../src/gossip-name.ts'

const from = Uint8Array.of(0, 8, 1)
const seqno = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 9)

test('copies of a message have its name, whatever else they carry', { tags: ['NET-23'] }, () => {
  const data = Buffer.from('revoked')
  const altered = { from: from.slice(), seqno: seqno.slice(), data }
  expect(gossipName(altered)).toBe(gossipName({ from, seqno }))
})

test.for([
  { what: 'of somebody else', message: { from: Uint8Array.of(0, 8, 2), seqno } },
  { what: 'the next of the same node', message: { from, seqno: seqno.map((byte) => byte + 1) } },
  { what: 'of nobody', message: { seqno } },
  { what: 'without a number', message: { from } },
  {
    what: 'with a byte of its number moved',
    message: { from: Uint8Array.of(9, ...from), seqno: seqno.subarray(0, 7) },
  },
])('a message $what has another name', { tags: ['NET-23'] }, ({ message }) => {
  expect(gossipName(message)).not.toBe(gossipName({ from, seqno }))
})
