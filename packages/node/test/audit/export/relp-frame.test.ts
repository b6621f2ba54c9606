import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  encodeRelpFrame,
  type RelpFrame,
  RelpFrameReader,
} from '../../../src/audit/export/relp-frame.ts'

const REFUSED = expect.objectContaining({ name: 'ExportError', code: 'receiver-refused' })

function read(...chunks: readonly string[]): readonly RelpFrame[] {
  const reader = new RelpFrameReader()
  return chunks.flatMap((chunk) => reader.push(Buffer.from(chunk)))
}

test('a frame without data has no second space', { tags: ['AEX-10'] }, () => {
  const bytes = [
    encodeRelpFrame(3, 'close', Buffer.from('')),
    encodeRelpFrame(1, 'syslog', Buffer.from('é')),
  ]
  expect(Buffer.concat(bytes).toString()).toBe('3 close 0\n1 syslog 2 é\n')
})

test('frames come out whole, however their bytes arrive', { tags: ['AEX-10'] }, () => {
  const text = '1 rsp 93 200 OK\n' + 'x'.repeat(86) + '\n2 rsp 6 200 OK\n0 serverclose 0\n'
  const whole = [
    { txnr: 1, command: 'rsp', data: `200 OK\n${'x'.repeat(86)}` },
    { txnr: 2, command: 'rsp', data: '200 OK' },
    { txnr: 0, command: 'serverclose', data: '' },
  ]
  expect(read(text)).toEqual(whole)
  expect(read(...text.split(''))).toEqual(whole)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: text.length }), (at) => {
      expect(read(text.slice(0, at), text.slice(at))).toEqual(whole)
    }),
  )
})

test.for([
  'HTTP/1.1 400 Bad Request\r\n',
  '1 rsp 5 200 OK\n',
  '1 rsp -1 x\n',
  '1 rsp 0 \n',
  '1 rsp 3\n',
  '1 rsp 65537 ',
  'x'.repeat(64),
  '1234567890 rsp 0\n',
])('%j is no frame', { tags: ['AEX-10'] }, (text) => {
  expect(() => read(text)).toThrow(REFUSED)
})

test('data of 65,536 bytes is the most, and a header of 63', { tags: ['AEX-10'] }, () => {
  expect(read(`1 rsp 65536 ${'x'.repeat(65_536)}\n`)[0]?.data).toHaveLength(65_536)
  expect(read('x'.repeat(63))).toEqual([])
})
