import { expect, test } from 'vitest'
import { approvalLines, grantedRows, waitingLine, waitingRows } from '../src/approval-lines.ts'

const CALL = {
  id: 'ab'.repeat(16),
  since: '2026-11-28T00:00:00.000Z',
  leftSeconds: 299,
  caller: 'did:webvh:QmAlice:warren.internal',
  roles: ['member'],
  enclave: 'main',
  server: 'fs',
  tool: 'write',
  rules: ['writes'],
  hash: 'h'.repeat(43),
  policy: 'p'.repeat(43),
  secrets: 0,
  arguments: { path: 'a', text: 'line\nbreak' },
  more: {},
  beside: {},
  facts: {},
}
const HOSTILE = '\u001b[2J\u202ereversed\u0007\u200b\u{e0041}\r'
/** Whatever a terminal obeys, or shows in another order than it stands. */
const ACTING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

test('a call is shown with everything that is approved', { tags: ['APR-10'] }, () => {
  const text = approvalLines(CALL).join('\n')
  for (const part of [
    CALL.id,
    CALL.hash,
    CALL.policy,
    CALL.caller,
    'fs/write',
    'writes',
    'line\\nbreak',
  ]) {
    expect(text).toContain(part)
  }
  expect(text).not.toMatch(/not ASCII|secrets|also|beside/)
})

test('nothing in a call acts on a terminal', { tags: ['APR-10'] }, () => {
  const hostile = {
    ...CALL,
    tool: HOSTILE,
    roles: [HOSTILE],
    arguments: { [HOSTILE]: HOSTILE },
    more: { [HOSTILE]: HOSTILE },
    beside: { [HOSTILE]: HOSTILE },
    facts: { [HOSTILE]: { real: HOSTILE } },
    excerpt: HOSTILE,
    argumentsLength: 99,
  }
  const lines = [...approvalLines(hostile), waitingLine(hostile)]
  for (const line of lines) expect(line.replaceAll(' ', '')).not.toMatch(ACTING)
})

test('an argument cannot pass for another line of what is shown', { tags: ['APR-10'] }, () => {
  const forged = { ...CALL, arguments: { text: '"\n}\nhash       forged' } }
  const lines = approvalLines(forged)
  expect(lines.filter((line) => line.startsWith('hash '))).toEqual([`hash       ${CALL.hash}`])
})

test('letters of other scripts are named', { tags: ['APR-10'] }, () => {
  const lines = approvalLines({ ...CALL, arguments: { path: '\u0430dmin' } })
  expect(lines).toContain('not ASCII  U+430')
  const many = String.fromCodePoint(...Array.from({ length: 20 }, (_, index) => 0x430 + index))
  expect(approvalLines({ ...CALL, arguments: { path: many } }).join()).toContain(', and 4 others')
})

test(
  'parameters beside the arguments, and how many secrets there are, are shown',
  { tags: ['APR-10'] },
  () => {
    const text = approvalLines({ ...CALL, more: { task: { ttl: 1 } }, secrets: 2 }).join('\n')
    expect(text).toContain('"ttl": 1')
    expect(text).toContain('2 of these look like secrets')
  },
)

test(
  'what stands in _meta and beside the parameters is shown, with letters of other scripts',
  { tags: ['APR-15'] },
  () => {
    const call = { ...CALL, more: { _meta: { trace: 'x' } }, beside: { 'x-extra': '\u0430' } }
    const lines = approvalLines(call)
    expect(lines.join('\n')).toContain('"trace": "x"')
    expect(lines.find((line) => line.startsWith('beside '))).toBe('beside     {')
    expect(lines.join('\n')).toContain('"x-extra"')
    expect(lines).toContain('not ASCII  U+430')
  },
)

test('in a list a long argument is cut, and says how long it is', { tags: ['APR-10'] }, () => {
  const [, row] = waitingRows([{ ...CALL, excerpt: 'x'.repeat(512), argumentsLength: 60_000 }])
  expect(row).toContain(`${'x'.repeat(60)}… (60000 characters)`)
  const [, short] = waitingRows([{ ...CALL, excerpt: 'x'.repeat(60), argumentsLength: 60 }])
  expect(short).toContain('x'.repeat(60))
})

test('an approval for more calls is shown with what is left of it', { tags: ['APR-12'] }, () => {
  const [, row] = grantedRows([{ ...CALL, timesLeft: 2, leftSeconds: 59 }])
  expect(row).toEqual(['abababababab', '2 times', '59 s', 'fs/write', CALL.caller])
})
