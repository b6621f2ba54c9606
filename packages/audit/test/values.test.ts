import {
  type Body,
  type Digest,
  disclose,
  draftEntry,
  deriveSegmentKeys,
  encodeEntry,
  decodeEntry,
  type EntryDraft,
  keepValue,
  replaceSecrets,
  saltOf,
  verifyDisclosure,
  valueText,
} from '@warren/audit'
import { canonicalJson, type JsonValue } from '@warren/core'
import fc from 'fast-check'
import { createHash, createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { decisionDraft, requestDraft } from './log-builders.ts'
import {
  CALL,
  CALLER,
  DECIDED,
  decision,
  DIGEST,
  finder,
  head,
  keeper,
  NODE,
  refusal,
  SALT_KEY,
  suite,
} from './builders.ts'

const SEQ = 41
const exactJson = fc.anything({
  key: fc.string({ unit: 'binary' }),
  values: [
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.double({ noInteger: true, noNaN: true, min: -1e9, max: 1e9 }),
    fc.string({ unit: 'binary' }),
    fc.constant(null),
  ],
})
const ARGS: JsonValue = {
  path: '/etc/hosts',
  note: 'the word is hunter2, twice: hunter2',
  deep: { password: 'swordfish', 'a/b~c': [1, 2] },
}

function kept(
  keep: 'nothing' | 'hash' | 'all' | readonly string[],
  value: JsonValue = ARGS,
): { digest: Digest; bodies: readonly Body[] } {
  return keepValue({ keep, value }, SEQ, keeper)
}

/** The same digest, by the words of the specification alone. */
function digestByTheBook(path: string, text: string): string {
  const place = Buffer.alloc(8)
  place.writeBigUInt64BE(BigInt(SEQ))
  const salt = createHmac('sha256', SALT_KEY).update(place).update(path).digest()
  return createHash('sha256').update(salt).update(text).digest('base64url')
}

test(
  'by hash, an entry has a salted digest of the value and nothing is kept',
  { tags: ['AUD-5'] },
  () => {
    expect(kept('hash')).toEqual({
      digest: { keep: 'hash', digest: digestByTheBook('', canonicalJson(ARGS)) },
      bodies: [],
    })
  },
)

test(
  'of nothing, or where nothing is kept, there is not even a digest',
  { tags: ['AUD-5'] },
  () => {
    expect(kept('nothing')).toEqual({ digest: { keep: 'nothing' }, bodies: [] })
    expect(keepValue({ keep: 'all' }, SEQ, keeper)).toEqual({
      digest: { keep: 'nothing' },
      bodies: [],
    })
  },
)

test(
  'what is kept has its secrets replaced before it is hashed',
  { tags: ['AUD-5', 'AUD-6'] },
  () => {
    const { digest, bodies } = kept('all')
    const [body] = bodies
    expect(JSON.parse(body!.text)).toEqual({
      path: '/etc/hosts',
      note: 'the word is [secret:word], twice: [secret:word]',
      deep: { password: '[secret:name]', 'a/b~c': [1, 2] },
    })
    expect(digest).toEqual({ keep: 'all', digest: digestByTheBook('', body!.text), secrets: 3 })
  },
)

test(
  'of fields, each has its own digest beside that of the whole',
  { tags: ['AUD-5', 'AUD-6'] },
  () => {
    const { digest, bodies } = kept([
      '/path',
      '/deep/a~1b~0c/1',
      '/missing',
      '/path',
      'path',
      '/deep/password',
      '/note',
    ])
    expect(bodies).toEqual([
      { seq: SEQ, path: '/path', text: '"/etc/hosts"' },
      { seq: SEQ, path: '/deep/a~1b~0c/1', text: '2' },
      { seq: SEQ, path: '/deep/password', text: '"[secret:name]"' },
      { seq: SEQ, path: '/note', text: '"the word is [secret:word], twice: [secret:word]"' },
    ])
    expect(digest).toEqual({
      keep: 'fields',
      digest: digestByTheBook('', canonicalJson(ARGS)),
      fields: [
        { path: '/path', digest: digestByTheBook('/path', '"/etc/hosts"') },
        { path: '/deep/a~1b~0c/1', digest: digestByTheBook('/deep/a~1b~0c/1', '2') },
        {
          path: '/deep/password',
          digest: digestByTheBook('/deep/password', bodies[2]!.text),
          secrets: 1,
        },
        { path: '/note', digest: digestByTheBook('/note', bodies[3]!.text), secrets: 2 },
      ],
    })
  },
)

test('a field below a secret name is secret, whatever its own name', { tags: ['AUD-6'] }, () => {
  const { bodies } = kept(['/password/value'], { password: { value: 'swordfish' } })
  expect(bodies.map(({ text }) => text)).toEqual(['"[secret:name]"'])
})

test('at most 32 fields are kept', { tags: ['AUD-5'] }, () => {
  const paths = Array.from({ length: 33 }, (_, index) => `/f${index}`)
  const value = Object.fromEntries(paths.map((path) => [path.slice(1), 1]))
  expect(kept(paths.slice(0, 32), value).bodies).toHaveLength(32)
  expect(kept(paths, value).bodies.map(({ path }) => path)).toEqual(paths.slice(0, 32))
})

test(
  'a flag or null under a secret name may be read; keys are looked at like texts',
  { tags: ['AUD-6'] },
  () => {
    expect(replaceSecrets({ password: true, hunter2: { password: null } }, finder)).toEqual({
      value: { password: true, '[secret:word]': { password: null } },
      secrets: 1,
    })
  },
)

test('no secret is left in what is kept, and the rest is as it was', { tags: ['AUD-6'] }, () => {
  fc.assert(
    fc.property(fc.jsonValue(), (json) => {
      const value = json as JsonValue
      const text = JSON.stringify(replaceSecrets({ value, secret: 'xhunter2x' }, finder).value)
      expect(text).toBe(JSON.stringify({ value, secret: 'x[secret:word]x' }))
    }),
  )
})

test('the text of a value is RFC 8785', { tags: ['AUD-7'] }, () => {
  fc.assert(
    fc.property(exactJson, (json) => {
      const value = json as JsonValue
      expect(valueText(value)).toBe(canonicalJson(value))
    }),
  )
})

test('lone surrogates have a text, and no other value has it', { tags: ['AUD-7'] }, () => {
  expect(valueText('a\ud83d')).toBe('"a\\ud83d"')
  expect(valueText({ '\udc00': 1 })).toBe('{"\\udc00":1}')
  const odd = fc.string({
    unit: fc.constantFrom('\ud83d', '\ude00', '\\', 'u', 'd', '8', '3', 'a'),
  })
  fc.assert(
    fc.property(odd, odd, (a, b) => {
      expect(valueText(a) === valueText(b)).toBe(a === b)
      expect(JSON.parse(valueText(a))).toBe(a)
    }),
  )
  expect(kept('hash', '\ud83d').digest).toEqual({
    keep: 'hash',
    digest: digestByTheBook('', '"\\ud83d"'),
  })
})

test('a salt belongs to one entry and one path', { tags: ['AUD-5'] }, () => {
  const salts = [
    saltOf(suite, SALT_KEY, { seq: 1, path: '' }),
    saltOf(suite, SALT_KEY, { seq: 2, path: '' }),
    saltOf(suite, SALT_KEY, { seq: 1, path: '/a' }),
    saltOf(suite, new Uint8Array(32), { seq: 1, path: '' }),
  ]
  expect(new Set(salts.map((salt) => salt.toHex())).size).toBe(4)
  expect(salts.every(({ length }) => length === 32)).toBe(true)
})

test('a segment has two keys of one secret', { tags: ['AUD-5'] }, () => {
  const keys = deriveSegmentKeys(suite, new Uint8Array(32).fill(1))
  expect(keys.salt).toHaveLength(32)
  expect(keys.body).toHaveLength(32)
  expect(keys.salt).not.toEqual(keys.body)
  expect(deriveSegmentKeys(suite, new Uint8Array(32).fill(2)).salt).not.toEqual(keys.salt)
})

test(
  'a value that is laid open proves against its entry, and against no other',
  { tags: ['AUD-8'] },
  () => {
    const { digest, bodies } = kept(['/path', '/note'])
    const entry = decision({ seq: SEQ, args: digest })
    const [path, note] = bodies.map((body) => disclose(suite, SALT_KEY, body))
    const whole = disclose(suite, SALT_KEY, { seq: SEQ, path: '', text: canonicalJson(ARGS) })
    for (const disclosure of [path!, note!, whole]) {
      expect(() => verifyDisclosure(suite, entry, disclosure)).not.toThrow()
      const wrong = refusal('disclosure-wrong')
      expect(() => verifyDisclosure(suite, entry, { ...disclosure, text: '"else"' })).toThrow(wrong)
      expect(() => verifyDisclosure(suite, entry, { ...disclosure, path: '/else' })).toThrow(wrong)
      expect(() => verifyDisclosure(suite, entry, { ...disclosure, salt: DIGEST })).toThrow(wrong)
      expect(() => verifyDisclosure(suite, decision(), disclosure)).toThrow(wrong)
      expect(() => verifyDisclosure(suite, { ...head(), kind: 'stop' }, disclosure)).toThrow(wrong)
    }
    expect(() => verifyDisclosure(suite, entry, { ...path!, path: '/note' })).toThrow(
      refusal('disclosure-wrong'),
    )
  },
)

test(
  'the digests in the logs of both sides are not the same, and prove the same arguments',
  { tags: ['AUN-11', 'AUD-8'] },
  () => {
    const own = { ...keeper, saltKey: new Uint8Array(32).fill(9) }
    const asked = draftEntry(requestDraft(), head({ seq: 4 }), own).entry
    const decided = draftEntry(decisionDraft(), head({ seq: 9 }), keeper).entry
    if (asked.kind !== 'request' || decided.kind !== 'decision') throw new Error('other kinds')
    expect(asked.args).not.toEqual(decided.args)
    const text = canonicalJson({ bar: 3 })
    const ofAsked = disclose(suite, own.saltKey, { seq: 4, path: '', text })
    const ofDecided = disclose(suite, SALT_KEY, { seq: 9, path: '', text })
    expect(() => verifyDisclosure(suite, asked, ofAsked)).not.toThrow()
    expect(() => verifyDisclosure(suite, decided, ofDecided)).not.toThrow()
    for (const [entry, wrong] of [
      [asked, ofDecided],
      [asked, { ...ofAsked, text: canonicalJson({ bar: 4 }) }],
      [decided, ofAsked],
    ] as const) {
      expect(() => verifyDisclosure(suite, entry, wrong)).toThrow(refusal('disclosure-wrong'))
    }
  },
)

test.for(['', 'A', 'A'.repeat(42), 'A'.repeat(44), `${'A'.repeat(42)}B`, `${'A'.repeat(42)}=`])(
  'a salt %j is refused',
  { tags: ['AUD-8'] },
  (salt) => {
    const entry = decision()
    expect(() => verifyDisclosure(suite, entry, { path: '', text: '1', salt })).toThrow(
      refusal('disclosure-malformed'),
    )
  },
)

test(
  'what a caller chose is cut to what an entry can hold, and says how long it was',
  { tags: ['AUD-9'] },
  () => {
    const draft: EntryDraft = {
      ...DECIDED,
      tool: 't'.repeat(513),
      server: '\ud800',
      method: 'm'.repeat(128),
      rpcId: 'r'.repeat(70_000),
      args: { keep: 'hash', value: {} },
    }
    const { entry } = draftEntry(draft, head(), keeper)
    const asked = requestDraft({ tool: 't'.repeat(513), client: '\ud800'.repeat(99) })
    expect(draftEntry(asked, head(), keeper).entry).toMatchObject({
      tool: `${'t'.repeat(512 - 17)}…(513 characters)`,
      client: `${'\uFFFD'.repeat(64 - 16)}…(99 characters)`,
    })
    expect(entry).toMatchObject({
      tool: `${'t'.repeat(512 - 17)}…(513 characters)`,
      server: '\uFFFD',
      method: 'm'.repeat(128),
    })
    expect(decodeEntry(encodeEntry(entry))).toEqual(entry)
  },
)

test('a cut never leaves half a character', { tags: ['AUD-9'] }, () => {
  const pairs = '😀'.repeat(600)
  const { entry } = draftEntry(
    { kind: 'alert', code: 'x', severity: 'info', sentence: pairs },
    head(),
    keeper,
  )
  expect(() => encodeEntry(entry)).not.toThrow()
})

test('every draft gives an entry', { tags: ['AUD-9'] }, () => {
  const drafts: readonly EntryDraft[] = [
    { kind: 'stop' },
    { kind: 'config', what: 'w'.repeat(300) },
    { kind: 'export', target: 't'.repeat(300), gap: [0, 1] },
    { kind: 'policy', to: DIGEST, files: [{ name: 'n'.repeat(300), digest: DIGEST }] },
    { kind: 'record', id: 'zQm', type: 'revocation', about: [CALLER], by: [NODE] },
    {
      kind: 'result',
      call: CALL,
      decision: 0,
      outcome: 'answered',
      bytes: 1,
      durationUs: 2,
      result: { keep: 'all', value: 'hunter2' },
    },
  ]
  for (const draft of drafts) {
    const { entry } = draftEntry(draft, head(), keeper)
    expect(decodeEntry(encodeEntry(entry))).toEqual(entry)
  }
})

test(
  'what the server got in place of the arguments can be proved, by itself and as nothing else',
  { tags: ['AUD-28', 'AUD-8'] },
  () => {
    const forwarded = { path: '/data/hunter2' }
    for (const keep of ['hash', 'all', ['/path']] as const) {
      const draft: EntryDraft = { ...DECIDED, args: { keep, value: ARGS }, forwarded }
      const { entry, bodies } = draftEntry(draft, head({ seq: SEQ }), keeper)
      const text = canonicalJson(forwarded)
      expect(entry).toMatchObject({
        forwarded: { keep: 'hash', digest: digestByTheBook('forwarded', text) },
      })
      expect(bodies).toEqual(kept(keep).bodies)
      expect(decodeEntry(encodeEntry(entry))).toEqual(entry)
      const disclosure = disclose(suite, SALT_KEY, { seq: SEQ, path: 'forwarded', text })
      expect(() => verifyDisclosure(suite, entry, disclosure)).not.toThrow()
      for (const path of ['', '/path']) {
        expect(() => verifyDisclosure(suite, entry, { ...disclosure, path })).toThrow(
          refusal('disclosure-wrong'),
        )
      }
      expect(() => verifyDisclosure(suite, decision(), disclosure)).toThrow(
        refusal('disclosure-wrong'),
      )
    }
  },
)

test(
  'where nothing is kept, the entry says that there were other arguments and no more',
  { tags: ['AUD-28'] },
  () => {
    const args = { keep: 'nothing', value: ARGS } as const
    const { entry } = draftEntry({ ...DECIDED, args, forwarded: { path: '/' } }, head(), keeper)
    expect(entry).toMatchObject({ args: { keep: 'nothing' }, forwarded: { keep: 'nothing' } })
    const { entry: same } = draftEntry({ ...DECIDED, args }, head(), keeper)
    expect(same).not.toHaveProperty('forwarded')
    const all = { keep: 'all', digest: DIGEST } as const
    expect(() => encodeEntry(decision({ forwarded: all }))).toThrow(refusal('entry-malformed'))
  },
)
