import {
  decodeEntry,
  encodeEntry,
  type Entry,
  ENTRY_BYTES_MAX,
  FILES_MAX,
  formatMicros,
  isMicros,
  NAMES_MAX,
  parseMicros,
  UNFINISHED_MAX,
} from '@warren/audit'
import { canonicalJson, type JsonObject } from '@warren/core'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { expect, test } from 'vitest'
import {
  AT_US,
  CALLER,
  decision,
  DIGEST,
  everyKind,
  head,
  refusal,
  request,
  response,
} from './builders.ts'

function bytesOf(value: unknown): Uint8Array {
  return fromString(canonicalJson(value as JsonObject), 'utf8')
}

test.for(everyKind())(
  'an entry of kind $kind comes back as it was, from bytes that are canonical JSON on one line',
  { tags: ['AUD-1'] },
  (entry) => {
    const bytes = encodeEntry(entry)
    expect(decodeEntry(bytes)).toEqual(entry)
    expect(bytes).toEqual(bytesOf(entry))
    expect(bytes).not.toContain(0x0a)
  },
)

test.for(everyKind())(
  'an entry of kind $kind has its members and no others',
  { tags: ['AUD-2'] },
  (entry) => {
    expect(() => decodeEntry(bytesOf({ ...entry, extra: 1 }))).toThrow(refusal('entry-malformed'))
    for (const name of Object.keys(entry)) {
      for (const wrong of [null, {}, -1, 1.5, 'é', true, [null]]) {
        const changed = bytesOf({ ...entry, [name]: wrong })
        if (isTolerated(entry, name, wrong)) continue
        expect(() => decodeEntry(changed), `${name}: ${JSON.stringify(wrong)}`).toThrow(
          refusal('entry-malformed'),
        )
      }
    }
  },
)

/** Text may be any text, a flag either, an id of JSON-RPC a fraction. */
function isTolerated(entry: Entry, name: string, wrong: unknown): boolean {
  const freeText = [
    'enclave',
    'server',
    'tool',
    'method',
    'rule',
    'rpcId',
    'sentence',
    'what',
    'version',
    'reason',
    'target',
    'client',
  ]
  if (wrong === 'é') return freeText.includes(name) && !(entry.kind === 'retention')
  if (wrong === true) return ['allowed', 'sent', 'isError', 'island'].includes(name)
  return name === 'rpcId' && typeof wrong === 'number'
}

test('a member that an entry must have cannot be left out', { tags: ['AUD-2'] }, () => {
  const optional = new Set(['tool', 'rpcId', 'rule'])
  for (const name of Object.keys(decision())) {
    const { [name as 'tool']: _gone, ...rest } = decision()
    const decode = (): unknown => decodeEntry(bytesOf(rest))
    if (optional.has(name)) expect(decode).not.toThrow()
    else expect(decode, name).toThrow(refusal('entry-malformed'))
  }
})

test(
  'a kind that is not known, also by the name of something inherited, is refused',
  { tags: ['AUD-2'] },
  () => {
    for (const kind of ['witness', 'constructor', '__proto__', '', 7, null]) {
      expect(() => decodeEntry(bytesOf({ ...head(), kind }))).toThrow(refusal('entry-malformed'))
    }
  },
)

test.for([
  ['a member twice', (text: string) => text.replace('"v":1', '"v":1,"v":1')],
  ['another order', (text: string) => text.replace(/^\{("allowed":true),(.*)\}$/, '{$2,$1}')],
  ['white space', (text: string) => text.replace(':', ': ')],
  ['another escape', (text: string) => text.replace('pump', '\\u0070ump')],
  ['another number', (text: string) => text.replace('"bytes":321', '"bytes":321.0')],
  ['a line break behind', (text: string) => `${text}\n`],
] as const)('an entry with %s is not canonical', { tags: ['AUD-1'] }, ([, change]) => {
  const text = toString(encodeEntry(decision()))
  expect(change(text)).not.toBe(text)
  expect(() => decodeEntry(fromString(change(text)))).toThrow(refusal('entry-not-canonical'))
})

test('an order that is wrong further down is not canonical either', { tags: ['AUD-1'] }, () => {
  const text = toString(encodeEntry(decision()))
  const swapped = text.replace(/\{("digest":"A+"),("keep":"hash")\}/, '{$2,$1}')
  expect(swapped).not.toBe(text)
  expect(() => decodeEntry(fromString(swapped))).toThrow(refusal('entry-not-canonical'))
})

test('bytes that are no UTF-8, and lone surrogates, are refused', { tags: ['AUD-1'] }, () => {
  const bytes = encodeEntry(decision({ server: 'p?mp' }))
  const broken = bytes.map((byte) => (byte === 0x3f ? 0xff : byte))
  expect(() => decodeEntry(broken)).toThrow(refusal('entry-not-canonical'))
  const escaped = toString(bytes).replace('p?mp', '\\ud800')
  expect(() => decodeEntry(fromString(escaped))).toThrow(refusal('entry-malformed'))
  expect(() => encodeEntry(decision({ server: '\ud800' }))).toThrow(refusal('entry-malformed'))
  // The character that stands for what is broken may stand there in its own right.
  const honest = decision({ server: '\uFFFD' })
  expect(decodeEntry(encodeEntry(honest))).toEqual(honest)
})

test('control characters are escaped, so that an entry stays one line', { tags: ['AUD-1'] }, () => {
  const controls = Array.from({ length: 32 }, (_, unit) => String.fromCharCode(unit)).join('')
  const bytes = encodeEntry(decision({ tool: `${controls}\u2028\u007f` }))
  expect(bytes.filter((byte) => byte < 0x20)).toHaveLength(0)
  expect(decodeEntry(bytes)).toEqual(decision({ tool: `${controls}\u2028\u007f` }))
})

test('an entry has at most 65,535 bytes', { tags: ['AUD-3'] }, () => {
  const spaces = (length: number): Uint8Array => new Uint8Array(length).fill(0x20)
  // Spaces are no entry, but that is looked at once the length is right.
  expect(() => decodeEntry(spaces(ENTRY_BYTES_MAX))).toThrow(refusal('entry-malformed'))
  expect(() => decodeEntry(spaces(ENTRY_BYTES_MAX + 1))).toThrow(refusal('entry-too-large'))
  expect(ENTRY_BYTES_MAX).toBe(65_535)
})

test(
  'the longest entry of every kind fits, whatever its characters are',
  { tags: ['AUD-3'] },
  () => {
    // Six bytes for one character is the worst that JSON can do.
    const worst = (length: number): string => '\u0001'.repeat(length)
    const long = 'x'.repeat(256)
    const fields = Array.from({ length: 32 }, () => ({
      path: worst(128),
      digest: DIGEST,
      secrets: Number.MAX_SAFE_INTEGER,
    }))
    const top = Number.MAX_SAFE_INTEGER
    const all = head({
      seq: top,
      monoUs: top,
      beacon: long,
      meshAt: '2026-11-28T00:20:11.000000Z',
      island: true,
    })
    const names = Array.from({ length: NAMES_MAX }, () => long)
    const entries: Entry[] = [
      decision({
        ...all,
        caller: long,
        actingFor: long,
        peerId: long,
        session: 'f'.repeat(128),
        roles: Array.from({ length: 64 }, () => worst(64)),
        enclave: worst(64),
        server: worst(256),
        tool: worst(512),
        method: worst(128),
        rpcId: worst(256),
        code: 'c'.repeat(64),
        rule: worst(256),
        args: { keep: 'fields', digest: DIGEST, fields },
        bytes: top,
      }),
      { ...all, kind: 'record', id: long, type: 'r'.repeat(64), about: names, by: names },
      request({
        ...all,
        client: worst(64),
        enclave: worst(64),
        session: 'f'.repeat(128),
        server: worst(256),
        tool: worst(512),
        method: worst(128),
        rpcId: worst(256),
        code: 'c'.repeat(64),
        bytes: top,
      }),
      {
        ...all,
        kind: 'unfinished',
        decisions: Array.from({ length: UNFINISHED_MAX }, () => top),
        requests: Array.from({ length: UNFINISHED_MAX }, () => top),
      },
      {
        ...all,
        kind: 'policy',
        to: DIGEST,
        files: Array.from({ length: FILES_MAX }, () => ({ name: worst(64), digest: DIGEST })),
      },
      { ...all, kind: 'alert', code: 'c', severity: 'warn', about: CALLER, sentence: worst(1024) },
    ]
    for (const entry of entries) expect(decodeEntry(encodeEntry(entry))).toEqual(entry)
  },
)

test(
  'of what goes to another node, and comes from there, no more than a digest is kept',
  { tags: ['AUN-11', 'AUD-2'] },
  () => {
    const digests = [
      { keep: 'all', digest: DIGEST },
      { keep: 'fields', digest: DIGEST, fields: [] },
    ] as const
    for (const digest of digests) {
      expect(() => encodeEntry(request({ args: digest }))).toThrow(refusal('entry-malformed'))
      expect(() => encodeEntry(response({ result: digest }))).toThrow(refusal('entry-malformed'))
    }
    const none = request({ args: { keep: 'nothing' } })
    expect(decodeEntry(encodeEntry(none))).toEqual(none)
  },
)

test(
  'a client name has at most 64 characters, and a provider is a DID',
  { tags: ['AUD-2'] },
  () => {
    const longest = request({ client: 'c'.repeat(64) })
    expect(decodeEntry(encodeEntry(longest))).toEqual(longest)
    for (const wrong of [{ client: 'c'.repeat(65) }, { provider: 'somebody' }]) {
      expect(() => encodeEntry(request(wrong))).toThrow(refusal('entry-malformed'))
    }
  },
)

test.for([
  ['tool', 512],
  ['server', 256],
  ['enclave', 64],
  ['method', 128],
  ['rpcId', 256],
] as const)('%s has at most %i characters', { tags: ['AUD-2'] }, ([name, lengthMax]) => {
  const entry = (length: number): Entry => decision({ [name]: 'x'.repeat(length) })
  expect(decodeEntry(encodeEntry(entry(lengthMax)))).toEqual(entry(lengthMax))
  expect(() => encodeEntry(entry(lengthMax + 1))).toThrow(refusal('entry-malformed'))
})

test('times have microseconds, and their order is that of their texts', { tags: ['AUD-4'] }, () => {
  expect(formatMicros(AT_US)).toBe('2026-11-28T00:20:11.123456Z')
  expect(parseMicros('2026-11-28T00:20:11.123456Z')).toBe(AT_US)
  const last = 8_993_721_599_999_999
  expect(formatMicros(last)).toBe('2254-12-31T23:59:59.999999Z')
  for (const us of [0, 1, 999_999, AT_US, last]) expect(parseMicros(formatMicros(us))).toBe(us)
  for (const us of [-1, 0.5, last + 1, Number.NaN, Infinity]) {
    expect(() => formatMicros(us)).toThrow(refusal('time-malformed'))
  }
})

test.for([
  '2026-02-29T00:00:00.000000Z',
  '2026-04-31T00:00:00.000000Z',
  '2026-13-01T00:00:00.000000Z',
  '2026-01-01T24:00:00.000000Z',
  '2026-01-01T23:59:60.000000Z',
  '2255-01-01T00:00:00.000000Z',
  '1969-12-31T23:59:59.999999Z',
  '2026-01-01T00:00:00Z',
  '2026-01-01T00:00:00.000Z',
  '2026-01-01T00:00:00.000000+00:00',
  ' 2026-01-01T00:00:00.000000Z',
  '2026-01-01T00:00:00.000000Z\n',
])('%j is no time', { tags: ['AUD-4'] }, (text) => {
  expect(isMicros(text)).toBe(false)
  expect(() => parseMicros(text)).toThrow(refusal('time-malformed'))
})

test('a leap day is a day of its year alone', { tags: ['AUD-4'] }, () => {
  expect(isMicros('2028-02-29T12:00:00.000001Z')).toBe(true)
  expect(isMicros('2100-02-29T12:00:00.000001Z')).toBe(false)
})
