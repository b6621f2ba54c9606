import {
  decisionOn,
  decodeEntry,
  directionOf,
  encodeEntry,
  type Entry,
  entrySentence,
  formatCef,
  formatCefSyslog,
  formatJsonLine,
  formatOcsf,
  formatSyslog,
  frameSyslog,
} from '@warren/audit'
import fc from 'fast-check'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { expect, test } from 'vitest'
import {
  AT_US,
  CALL,
  CALLER,
  decision,
  DIGEST,
  everyKind,
  head,
  NODE,
  request,
  response,
} from './builders.ts'

const PRODUCT = { version: '1.2.3' }
/** What would do harm in one form or another. */
const NASTY = [
  '\n',
  '\r\n',
  '<13>1 - - - - - -',
  '|',
  '\\',
  '\\|',
  '=',
  ' act=allowed',
  '"',
  '"]',
  ']',
  '[x y="z"]',
  '\u0000',
  '\u001b[2J',
  '\u202e',
  '\u2028',
  '\uFEFF',
  'CEF:0|',
  '<script>',
  'é😀',
]
function nastyText(partsMax: number): fc.Arbitrary<string> {
  const part = fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'binary', maxLength: 5 }))
  return fc.array(part, { maxLength: partsMax }).map((parts) => parts.join(''))
}

const nasty = nastyText(6)
/** Short enough for a role and an enclave, which have at most 64 characters. */
const nastyName = nastyText(3)
const nastyEntry = fc
  .record({
    tool: nasty,
    server: nasty,
    method: nasty,
    rule: nasty,
    roles: fc.array(nastyName, { maxLength: 3 }),
    enclave: nastyName,
  })
  .map((texts) => decision({ ...texts, allowed: false, code: 'no-rule' }))

/** What a reader makes of a character that cannot be seen; for the rest of this file the specification. */
function visible(text: string): string {
  return text.replaceAll(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (each) => `\\u{${each.codePointAt(0)!.toString(16)}}`,
  )
}

/** A CEF reader by the book: unescaped bars end header fields, ` key=` begins a field. */
function readCef(line: string): {
  readonly header: readonly string[]
  readonly fields: Readonly<Record<string, string>>
} {
  const parts = /^((?:(?:[^|\\]|\\[\\|])*\|){7})(.*)$/.exec(line)
  expect(parts).not.toBeNull()
  const header = parts![1]!.slice(0, -1).split(/(?<!(?<!\\)(?:\\\\)*\\)\|/)
  const fields = [
    ...parts![2]!.matchAll(/(?:^| )([a-zA-Z0-9]+)=((?:[^=\\]|\\[\\=])*?)(?=$| [a-zA-Z0-9]+=)/g),
  ]
  return {
    header: header.map((text) => text.replaceAll(/\\([\\|])/g, '$1')),
    fields: Object.fromEntries(
      fields.map(([, key, value]) => [key, value!.replaceAll(/\\([\\=])/g, '$1')]),
    ),
  }
}

/** A reader of RFC 5424 by the book, for messages with one element. */
function readSyslog(line: string): {
  readonly header: string
  readonly parameters: readonly (readonly [string, string])[]
  readonly message: string
} {
  const parts =
    /^(<\d+>1 \S+ \S+ \S+ \S+ \S+) \[(\S+?)((?: [^ ="\]]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*)\] (.*)$/s.exec(
      line,
    )
  expect(parts).not.toBeNull()
  expect(parts![2]).toBe('warren@32473')
  const parameters = [...parts![3]!.matchAll(/ ([^ ="\]]{1,32})="((?:[^"\\\]]|\\["\\\]])*)"/g)]
  return {
    header: parts![1]!,
    parameters: parameters.map(([, name, value]) => [
      name!,
      value!.replaceAll(/\\(["\\\]])/g, '$1'),
    ]),
    message: parts![4]!,
  }
}

test.for(everyKind())(
  'an entry of kind $kind is one line in every form, and of visible characters',
  { tags: ['AUD-23'] },
  (entry) => {
    const lines = [
      formatCef(entry, PRODUCT),
      formatOcsf(entry, PRODUCT),
      formatJsonLine(entry).slice(0, -1),
      entrySentence(entry),
    ]
    for (const line of [...lines, formatSyslog(entry).replace('\uFEFF', '')])
      expect(line).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
  },
)

test('a JSON line is the bytes that were hashed', { tags: ['AUD-24'] }, () => {
  for (const entry of everyKind()) {
    const line = formatJsonLine(entry)
    expect(fromString(line.slice(0, -1), 'utf8')).toEqual(encodeEntry(entry))
    expect(line.endsWith('\n')).toBe(true)
  }
  fc.assert(
    fc.property(nastyEntry, (entry) => {
      const line = formatJsonLine(entry)
      expect(line.indexOf('\n')).toBe(line.length - 1)
      expect(decodeEntry(fromString(line.slice(0, -1), 'utf8'))).toEqual(entry)
    }),
  )
})

test('a refused call in CEF', { tags: ['AUD-23'] }, () => {
  const entry = decision({ allowed: false, code: 'policy-no-rule' })
  const { header, fields } = readCef(formatCef(entry, PRODUCT))
  expect(header).toEqual(['CEF:0', 'Warren', 'Warren', '1.2.3', 'decision', 'call refused', '6'])
  expect(fields).toEqual({
    rt: String(Math.floor(AT_US / 1000)),
    externalId: '0',
    deviceExternalId: NODE,
    act: 'refused',
    deviceDirection: '0',
    suser: CALLER,
    duser: NODE,
    spriv: 'operator',
    app: 'mcp',
    request: 'tools/call',
    in: '321',
    cs1Label: 'server',
    cs1: 'pump',
    cs2Label: 'tool',
    cs2: 'read_pressure',
    cs3Label: 'rule',
    cs3: 'operators-read',
    cs4Label: 'call',
    cs4: CALL,
    cs5Label: 'policy',
    cs5: DIGEST,
    reason: 'policy-no-rule',
    msg: entrySentence(entry),
  })
})

test(
  'a call of a host of this node has the node as its source, and the provider as its destination',
  { tags: ['AUN-16', 'AUD-23', 'AUD-25'] },
  () => {
    const sent = request({ client: 'agent', session: 'ab' })
    expect(readCef(formatCef(sent, PRODUCT)).fields).toMatchObject({
      act: 'sent',
      deviceDirection: '1',
      suser: NODE,
      duser: CALLER,
      requestClientApplication: 'agent',
      cs1: 'pump',
      cs2: 'read_pressure',
      cs3: 'stdio',
      cs5: 'ab',
    })
    expect(ocsf(sent)).toMatchObject({
      class_uid: 6003,
      actor: { user: { uid: NODE } },
      src_endpoint: { uid: NODE },
      dst_endpoint: { uid: CALLER },
      status_id: 1,
      metadata: { correlation_uid: CALL },
    })
    expect(ocsf(decision())).toMatchObject({
      src_endpoint: { uid: CALLER },
      dst_endpoint: { uid: NODE },
    })
    expect(entrySentence(sent)).toBe(
      `A host of this node that calls itself "agent" (stdio) asked for "tools/call" of "pump/read_pressure" at ${CALLER}: sent.`,
    )

    const { provider: _, ...nowhere } = request({ sent: false, code: 'no-such-server' })
    const { fields } = readCef(formatCef(nowhere, PRODUCT))
    expect(fields).toMatchObject({ act: 'not-sent', reason: 'no-such-server' })
    expect(fields).not.toHaveProperty('duser')
    expect(ocsf(nowhere)).toMatchObject({ status_id: 2, status_code: 'no-such-server' })
    expect(ocsf(nowhere)).not.toHaveProperty('dst_endpoint')
    expect(entrySentence(nowhere)).toContain(
      'at a node that is not known: not sent (no-such-server)',
    )

    const ended = response({ outcome: 'refused', code: 'policy-denied' })
    expect(readCef(formatCef(ended, PRODUCT)).fields).toMatchObject({
      deviceDirection: '1',
      outcome: 'refused',
      cn1: '0',
      reason: 'policy-denied',
    })
    expect(ocsf(ended)).toMatchObject({ status_id: 2, status: 'refused' })
  },
)

test(
  'the two directions are told apart, and what is neither has none',
  { tags: ['AUN-16'] },
  () => {
    const told = new Map(everyKind().map(({ kind }) => [kind, directionOf(kind)]))
    const kindsOf = (wanted: string | undefined): readonly string[] =>
      [...told].flatMap(([kind, direction]) => (direction === wanted ? [kind] : [])).toSorted()
    expect(kindsOf('in')).toEqual(['approval', 'decision', 'result'])
    expect(kindsOf('out')).toEqual(['request', 'response'])
    expect(decisionOn(request())).toBe('allowed')
    expect(decisionOn(request({ sent: false }))).toBe('refused')
    expect(decisionOn(response())).toBeUndefined()
  },
)

test(
  'no text in a sentence ends its own quotes and goes on as the sentence',
  { tags: ['AUD-23'] },
  () => {
    const said = (tool: string): string => entrySentence(decision({ tool }))
    expect(said('read": allowed (rule "operators-read"). "')).toContain(
      'of "pump/read\\": allowed (rule \\"operators-read\\"). \\"": ',
    )
    // Nor stands for what it is not: a backslash of the text is told from one of an escape.
    expect(said('a\\')).toContain('of "pump/a\\\\": ')
    expect(said('a\\u{a}')).toContain('of "pump/a\\\\u{a}": ')
    expect(said('a\n')).toContain('of "pump/a\\u{a}": ')
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        // Between a quote and the next one that no backslash stands before, there is all of the text and nothing else.
        expect(said(text).replaceAll(/"(?:[^"\\]|\\.)*"/gu, '""')).toBe(
          `${CALLER} asked for "" of "": allowed (rule "").`,
        )
      }),
    )
  },
)

test('no text adds a field to CEF or changes one', { tags: ['AUD-23'] }, () => {
  fc.assert(
    fc.property(nastyEntry, fc.constantFrom('1.0', 'a|b\\c'), (entry, version) => {
      const line = formatCef(entry, { version })
      expect(line).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
      const { header } = readCef(line)
      expect(header).toEqual([
        'CEF:0',
        'Warren',
        'Warren',
        version,
        'decision',
        'call refused',
        '6',
      ])
      // Whatever looks like a field in a text has its equals sign escaped: only ours are left.
      const keys = [...line.matchAll(/(?<=\s|\|)([A-Za-z0-9]+)=/g)].map(([, key]) => key)
      expect(keys.filter((key) => key === 'act')).toHaveLength(1)
      expect(keys.slice(-2)).toEqual(['reason', 'msg'])
      expect(keys).toHaveLength(23)
    }),
  )
})

test('an alert in syslog', { tags: ['AUD-23'] }, () => {
  const entry: Entry = {
    ...head({ seq: 4 }),
    kind: 'alert',
    code: 'disk-full',
    severity: 'error',
    about: NODE,
    sentence: 'The "disk" is full.',
  }
  expect(readSyslog(formatSyslog(entry))).toEqual({
    header: `<107>1 ${entry.at} ${NODE} warren ${entry.boot} alert`,
    parameters: [
      ['seq', '4'],
      ['monoUs', '123'],
      ['code', 'disk-full'],
      ['severity', 'error'],
      ['about', NODE],
      ['sentence', 'The "disk" is full.'],
    ],
    message: '\uFEFFdisk-full: The "disk" is full.',
  })
})

test(
  'no text adds a parameter to syslog, ends its element or its message',
  { tags: ['AUD-23'] },
  () => {
    fc.assert(
      fc.property(nastyEntry, (entry) => {
        const line = formatSyslog(entry)
        expect(line.replace('\uFEFF', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
        const { parameters, message } = readSyslog(line)
        const { tool, server, method, rule } = entry
        expect(Object.fromEntries(parameters)).toMatchObject({
          tool: visible(tool!),
          server: visible(server),
          method: visible(method),
          rule: visible(rule!),
          allowed: 'false',
        })
        expect(parameters).toHaveLength(Object.keys(entry).length - 5)
        expect(message).toBe(`\uFEFF${entrySentence(entry)}`)
      }),
    )
  },
)

test.for([
  [{ ...head(), kind: 'stop' }, 109],
  [decision(), 110],
  [decision({ allowed: false }), 108],
] as const)(
  'syslog tells how much an entry matters: %#',
  { tags: ['AUD-23'] },
  ([entry, priority]) => {
    expect(formatSyslog(entry as Entry).startsWith(`<${priority}>1 `)).toBe(true)
  },
)

test(
  'a marked copy says so where no text of others can, and is else as it was',
  { tags: ['AUD-23', 'AUD-24', 'AUD-25'] },
  () => {
    fc.assert(
      fc.property(nastyEntry, (entry) => {
        const { header, parameters, message } = readSyslog(formatSyslog(entry, { resent: true }))
        expect(parameters.at(-1)).toEqual(['resent', '1'])
        const plain = { header, parameters: parameters.slice(0, -1), message }
        expect(plain).toEqual(readSyslog(formatSyslog(entry)))

        const { resent, ...line } = JSON.parse(formatJsonLine(entry, { resent: true })) as Entry & {
          readonly resent: unknown
        }
        expect(resent).toBe(true)
        expect(encodeEntry(line)).toEqual(encodeEntry(entry))

        const event = JSON.parse(formatOcsf(entry, PRODUCT, { resent: true })) as {
          readonly metadata: object
        }
        expect(event.metadata).toEqual({ ...Object(ocsf(entry)['metadata']), labels: ['resent'] })
      }),
    )
  },
)

test('CEF in syslog is CEF behind the header of the entry', { tags: ['AUD-23'] }, () => {
  fc.assert(
    fc.property(nastyEntry, (entry) => {
      const header = `<108>1 ${entry.at} ${NODE} warren ${entry.boot} decision`
      const cef = formatCef(entry, PRODUCT)
      expect(formatCefSyslog(entry, PRODUCT)).toBe(`${header} - ${cef}`)
      const marked = `${header} [warren@32473 resent="1"] ${cef}`
      expect(formatCefSyslog(entry, PRODUCT, { resent: true })).toBe(marked)
    }),
  )
})

test('a frame counts octets, not characters', { tags: ['AUD-23'] }, () => {
  expect(toString(frameSyslog('aé😀'))).toBe('7 aé😀')
})

function ocsf(entry: Entry): Record<string, unknown> {
  return JSON.parse(formatOcsf(entry, PRODUCT)) as Record<string, unknown>
}

test.for(everyKind())(
  'an entry of kind $kind is an OCSF event with what its class requires',
  { tags: ['AUD-25'] },
  (entry) => {
    const event = ocsf(entry)
    // schema.ocsf.io/1.3.0: base_event, api_activity, detection_finding.
    expect(event).toMatchObject({
      time: Math.floor(AT_US / 1000),
      severity_id: expect.any(Number),
      type_uid: Number(event['class_uid']) * 100 + Number(event['activity_id']),
      metadata: {
        version: '1.3.0',
        product: { name: 'Warren', vendor_name: 'Warren' },
        uid: `${NODE}#${entry.seq}`,
      },
      unmapped: { warren: entry },
    })
    // Profile security_control: it requires what was done about it.
    const profiles = 'action_id' in event ? ['security_control'] : undefined
    expect(Object(event['metadata'])['profiles']).toEqual(profiles)
    if (entry.kind === 'alert') {
      expect(event).toMatchObject({
        category_uid: 2,
        class_uid: 2004,
        activity_id: 1,
        finding_info: { uid: `${NODE}#0`, title: expect.any(String) },
      })
    } else {
      const actor = { user: { uid: entry.kind === 'decision' ? CALLER : NODE } }
      expect(event).toMatchObject({
        category_uid: 6,
        class_uid: 6003,
        actor,
        src_endpoint: { uid: expect.any(String) },
        api: { operation: expect.any(String) },
      })
    }
  },
)

test(
  'a refusal is a finding, a call that was allowed is an activity, and its result has its call',
  { tags: ['AUD-25'] },
  () => {
    expect(ocsf(decision({ allowed: false, code: 'policy-denied' }))).toMatchObject({
      class_uid: 2004,
      action_id: 2,
      disposition_id: 2,
      is_alert: true,
      finding_info: { types: ['policy-denied'] },
      metadata: { correlation_uid: CALL, profiles: ['security_control'] },
    })
    expect(ocsf(decision())).toMatchObject({
      class_uid: 6003,
      action_id: 1,
      status_id: 1,
      api: { operation: 'tools/call', service: { name: 'pump' } },
    })
    const result = (outcome: 'answered' | 'failed') =>
      ocsf({
        ...head(),
        kind: 'result',
        call: CALL,
        decision: 0,
        outcome,
        bytes: 1,
        durationUs: 2999,
        result: { keep: 'nothing' },
      })
    expect(result('answered')).toMatchObject({
      status_id: 1,
      duration: 2,
      metadata: { correlation_uid: CALL },
    })
    expect(result('failed')).toMatchObject({ status_id: 2, status: 'failed' })
  },
)

test('no text changes an OCSF event', { tags: ['AUD-23', 'AUD-25'] }, () => {
  fc.assert(
    fc.property(nastyEntry, (entry) => {
      const line = formatOcsf(entry, PRODUCT)
      expect(line).not.toContain('\n')
      expect(ocsf(entry)).toMatchObject({ class_uid: 2004, unmapped: { warren: entry } })
    }),
  )
})

test(
  'a sentence shows what others chose in quotes, cut, and made visible',
  { tags: ['AUD-23'] },
  () => {
    expect(entrySentence(decision({ tool: 'a\nb', allowed: false, code: 'no-rule' }))).toBe(
      `${CALLER} asked for "tools/call" of "pump/a\\u{a}b": refused (no-rule, rule "operators-read").`,
    )
    expect(entrySentence(decision({ tool: '😀'.repeat(200) })).length).toBeLessThan(400)
  },
)
