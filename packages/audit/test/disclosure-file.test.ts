import { type DisclosureFile, formatDisclosure, parseDisclosure } from '@warren/audit'
import { expect, test } from 'vitest'
import { DISCLOSURE_LENGTH_MAX } from '../src/disclosure-file.ts'

const FILE: DisclosureFile = {
  node: 'did:webvh:QmNode:warren.internal',
  seq: 7,
  path: '/path',
  text: String.raw`"\ud800"`,
  salt: 'A'.repeat(43),
}
const WRITTEN = formatDisclosure(FILE)

function changed(change: object): string {
  return JSON.stringify({ ...JSON.parse(WRITTEN), ...change })
}

test('a disclosure is read as it was written', { tags: ['ACM-11'] }, () => {
  expect(parseDisclosure(WRITTEN)).toEqual(FILE)
  expect(parseDisclosure(changed({ seq: 0 }))).toEqual({ ...FILE, seq: 0 })
  const long = 'x'.repeat(DISCLOSURE_LENGTH_MAX - changed({ text: '' }).length)
  expect(parseDisclosure(changed({ text: long })).text === long).toBe(true)
})

test.for([
  ['nothing', ''],
  ['no JSON', WRITTEN.slice(1)],
  ['a list', '[]'],
  ['another form', changed({ format: 'warren-audit-disclosure/v2' })],
  ['no form', changed({ format: undefined })],
  ['no place', changed({ seq: undefined })],
  ['a place before the first', changed({ seq: -1 })],
  ['half a place', changed({ seq: 1.5 })],
  ['a place as a text', changed({ seq: '7' })],
  ['no node', changed({ node: undefined })],
  ['a path that is none', changed({ path: ['path'] })],
  ['a value that is no text', changed({ text: { value: 1 } })],
  ['no salt', changed({ salt: undefined })],
  ['one more member', changed({ note: '' })],
  ['two more members', changed({ note: '', other: '' })],
  ['more than there can be', changed({ text: 'x'.repeat(DISCLOSURE_LENGTH_MAX) })],
] as const)('%s is no disclosure', { tags: ['ACM-11'] }, ([, text]) => {
  expect(() => parseDisclosure(text)).toThrow(
    expect.objectContaining({ name: 'AuditError', code: 'disclosure-malformed' }),
  )
})
