import {
  addCosignature,
  type Checkpoint,
  cosign,
  decodeCheckpoint,
  formatCheckpoint,
  formatHead,
  NOTE_BYTES_MAX,
  parseCheckpoint,
  signCheckpoint,
  verifyCheckpoint,
  verifyCosignatures,
} from '@warren/tlog'
import { describe, expect, test } from 'vitest'
import { checkpointText, NOW_SECONDS, reread, signer, withLines } from './logs.ts'
import { entries, MemoryTree, refusal, suite } from './trees.ts'

const tree = new MemoryTree(entries(20))
const log = signer(1)
const other = signer(2)
const cosigner = signer(3)
const HEAD = { size: 20, root: tree.root(20) }
const TEXT = checkpointText(log, HEAD)
const CHECKPOINT = parseCheckpoint(TEXT)
const DASH = '—'
const LAST_SECONDS = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000

function linesOf(by = cosigner, timeSeconds = NOW_SECONDS + 1): string {
  const { name, signers } = by
  return cosign({ suite, name, signers, timeSeconds, origin: log.name, ...HEAD })
}

function cosigned(lines: string): Checkpoint {
  return parseCheckpoint(TEXT + lines)
}

function judge(checkpoint: Checkpoint, known = log.known): unknown {
  return verifyCheckpoint({ suite, checkpoint, log: known })
}

function count(checkpoint: Checkpoint, cosigners = [cosigner.known]): unknown {
  return verifyCosignatures({ suite, checkpoint, log: log.known, cosigners })
}

describe('text', () => {
  test('a checkpoint reads as it is written', { tags: ['TLG-7'] }, () => {
    expect(CHECKPOINT).toMatchObject({ origin: log.name, ...HEAD })
    expect(formatCheckpoint(CHECKPOINT)).toBe(TEXT)
    expect(decodeCheckpoint(new TextEncoder().encode(TEXT))).toEqual(CHECKPOINT)
    expect(TEXT.startsWith(`${log.name}\n20\n${HEAD.root.toBase64()}\n\n${DASH} `)).toBe(true)
  })

  test.for<{ what: string; change: (text: string) => string; code: string }>([
    { what: 'nothing', change: () => '', code: 'note-malformed' },
    { what: 'no signature', change: (t) => t.slice(0, t.indexOf(DASH)), code: 'note-malformed' },
    { what: 'no empty line', change: (t) => t.replace('\n\n', '\n'), code: 'note-malformed' },
    {
      what: 'an empty line more',
      change: (t) => t.replace('\n\n', '\n\n\n'),
      code: 'note-malformed',
    },
    { what: 'an end without newline', change: (t) => t.slice(0, -1), code: 'note-malformed' },
    { what: 'an empty line at the end', change: (t) => `${t}\n`, code: 'note-malformed' },
    { what: 'a carriage return', change: (t) => t.replace('\n', '\r\n'), code: 'note-malformed' },
    { what: 'a tab', change: (t) => t.replace('\n20\n', '\n\t20\n'), code: 'note-malformed' },
    { what: 'a lone surrogate', change: (t) => `\ud800${t}`, code: 'note-malformed' },
    {
      what: 'a leading zero',
      change: (t) => t.replace('\n20\n', '\n020\n'),
      code: 'note-malformed',
    },
    { what: 'a sign', change: (t) => t.replace('\n20\n', '\n+20\n'), code: 'note-malformed' },
    { what: 'an exponent', change: (t) => t.replace('\n20\n', '\n2e1\n'), code: 'note-malformed' },
    {
      what: 'a size of 2^53',
      change: (t) => t.replace('\n20\n', '\n9007199254740992\n'),
      code: 'note-malformed',
    },
    {
      what: 'a root too short',
      change: (t) => t.replace(HEAD.root.toBase64(), HEAD.root.slice(1).toBase64()),
      code: 'note-malformed',
    },
    {
      what: 'a root without padding',
      change: (t) => t.replace('=\n\n', '\n\n'),
      code: 'note-malformed',
    },
    {
      what: 'a root as base64url',
      change: (t) => t.replace(HEAD.root.toBase64(), `-${HEAD.root.toBase64().slice(1)}`),
      code: 'note-malformed',
    },
    {
      what: 'an extension line',
      change: (t) => t.replace('\n\n', '\nmore\n\n'),
      code: 'checkpoint-extended',
    },
    { what: 'two lines', change: (t) => t.replace('\n20\n', '\n'), code: 'note-malformed' },
    { what: 'no origin', change: (t) => t.replace(log.name, ''), code: 'name-malformed' },
    {
      what: 'a space in the origin',
      change: (t) => t.replace(log.name, 'a b'),
      code: 'name-malformed',
    },
    {
      what: 'a plus in the origin',
      change: (t) => t.replace(log.name, 'a+b'),
      code: 'name-malformed',
    },
    {
      what: 'a no-break space in the origin',
      change: (t) => t.replace(log.name, 'a\u00a0b'),
      code: 'name-malformed',
    },
    {
      what: 'a next-line character in the origin',
      change: (t) => t.replace(log.name, 'a\u0085b'),
      code: 'name-malformed',
    },
    {
      what: 'an origin of 256 bytes',
      change: (t) => t.replace(log.name, 'é'.repeat(128)),
      code: 'name-malformed',
    },
    { what: 'a hyphen for the dash', change: (t) => t.replace(DASH, '-'), code: 'note-malformed' },
    {
      what: 'no space after the dash',
      change: (t) => t.replace(`${DASH} `, DASH),
      code: 'note-malformed',
    },
    {
      what: 'no name in a signature',
      change: (t) => t.replace(`${DASH} ${log.name} `, `${DASH} `),
      code: 'note-malformed',
    },
    {
      what: 'two spaces in a signature',
      change: (t) => t.replace(`${DASH} `, `${DASH}  `),
      code: 'name-malformed',
    },
    {
      what: 'a signature of the id alone',
      change: (t) => `${t}${DASH} x AAAAAA==\n`,
      code: 'note-malformed',
    },
    {
      what: 'a signature with bits left over',
      change: (t) => `${t}${DASH} x AAAAAAB=\n`,
      code: 'note-malformed',
    },
    {
      what: '65 lines',
      change: (t) => t + `${DASH} x AAAAAAA=\n`.repeat(63),
      code: 'note-malformed',
    },
  ])('a checkpoint with $what is refused with $code', { tags: ['TLG-7'] }, ({ change, code }) => {
    expect(() => reread(TEXT, change)).toThrow(refusal(code))
  })

  test(
    '64 lines, an origin of 255 bytes and the largest size are read',
    { tags: ['TLG-7'] },
    () => {
      const full = TEXT + `${DASH} x AAAAAAA=\n`.repeat(62)
      expect(parseCheckpoint(full).lines).toHaveLength(64)
      const long = TEXT.replace(log.name, `${'é'.repeat(127)}x`)
      expect(parseCheckpoint(long).origin).toHaveLength(128)
      const large = TEXT.replace('\n20\n', '\n9007199254740991\n')
      expect(parseCheckpoint(large).size).toBe(Number.MAX_SAFE_INTEGER)
    },
  )

  test('a note is measured before it is read, in bytes', { tags: ['TLG-7'] }, () => {
    const fill = (name: string): string => `${TEXT}${DASH} ${name} AAAAAAA=\n`
    const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
    const long = '\ud800'.repeat(NOTE_BYTES_MAX + 1)
    expect(() => parseCheckpoint(long)).toThrow(refusal('note-too-long'))
    const wide = 'é'.repeat(NOTE_BYTES_MAX / 2 + 1)
    expect(() => parseCheckpoint(wide)).toThrow(refusal('note-too-long'))
    expect(() => decodeCheckpoint(bytes(wide))).toThrow(refusal('note-too-long'))
    const signature = new Uint8Array((NOTE_BYTES_MAX / 4) * 3).toBase64()
    expect(() => parseCheckpoint(fill('x').replace('AAAAAAA=', signature))).toThrow(
      refusal('note-too-long'),
    )
  })

  test.for([
    { what: 'malformed UTF-8', at: 0, byte: 0xff },
    { what: 'a NUL', at: 0, byte: 0 },
  ])('bytes with $what are refused', { tags: ['TLG-7'] }, ({ at, byte }) => {
    const bytes = new TextEncoder().encode(TEXT)
    bytes[at] = byte
    expect(() => decodeCheckpoint(bytes)).toThrow(refusal('note-malformed'))
  })

  test('a byte order mark is not dropped in silence', { tags: ['TLG-7'] }, () => {
    const marked = new TextEncoder().encode(`\ufeff${TEXT}`)
    expect(() => decodeCheckpoint(marked)).toThrow(expect.objectContaining({ name: 'TlogError' }))
  })
})

describe('the log', () => {
  test('a checkpoint is what its log signed, and when', { tags: ['TLG-8'] }, () => {
    const head = { origin: log.name, ...HEAD, timeSeconds: NOW_SECONDS, keysIndex: 0 }
    expect(judge(CHECKPOINT)).toEqual(head)
  })

  test('lines of unknown keys are passed over', { tags: ['TLG-8'] }, () => {
    expect(judge(cosigned(linesOf()))).toEqual(judge(CHECKPOINT))
    expect(judge(cosigned(`${DASH} ${log.name} AAAAAAA=\n`))).toEqual(judge(CHECKPOINT))
  })

  test.for([0, 1])('a stripped line refuses the note (%i)', { tags: ['TLG-8'] }, (at) => {
    const stripped = withLines(CHECKPOINT, (lines) => lines.toSpliced(at, 1))
    expect(() => judge(stripped)).toThrow(refusal('signature-missing'))
  })

  test.for([0, 1])(
    'a flipped bit in a signature refuses the note (%i)',
    { tags: ['TLG-8'] },
    (at) => {
      for (const place of [0, 8, 63]) {
        const broken = withLines(CHECKPOINT, (lines) => {
          const signature = Uint8Array.from(lines[at]!.signature)
          signature[place]! ^= 1
          return lines.with(at, { ...lines[at]!, signature })
        })
        expect(() => judge(broken)).toThrow(expect.objectContaining({ name: 'TlogError' }))
      }
    },
  )

  test.for([0, 1])(
    'a signature of another length refuses the note (%i)',
    { tags: ['TLG-8'] },
    (at) => {
      for (const signature of [CHECKPOINT.lines[at]!.signature.slice(1), new Uint8Array(5)]) {
        const broken = withLines(CHECKPOINT, (lines) =>
          lines.with(at, { ...lines[at]!, signature }),
        )
        expect(() => judge(broken)).toThrow(refusal('signature-wrong'))
      }
    },
  )

  test.for([0, 1])(
    'a line of another checkpoint refuses the note (%i)',
    { tags: ['TLG-8'] },
    (at) => {
      const heads = [
        { size: 19, root: HEAD.root },
        { size: 20, root: tree.root(19) },
      ]
      for (const head of heads) {
        const donor = parseCheckpoint(checkpointText(log, head))
        const swapped = withLines(CHECKPOINT, (lines) => lines.with(at, donor.lines[at]!))
        expect(() => judge(swapped)).toThrow(refusal('signature-wrong'))
      }
    },
  )

  test('one line too many of a known key refuses the note', { tags: ['TLG-8'] }, () => {
    const twice = withLines(CHECKPOINT, (lines) => [...lines, lines[1]!])
    expect(() => judge(twice)).toThrow(refusal('signature-twice'))
  })

  test('a changed size or root refuses the note', { tags: ['TLG-8'] }, () => {
    const wrong = refusal('signature-wrong')
    expect(() => judge({ ...CHECKPOINT, size: 21 })).toThrow(wrong)
    expect(() => judge({ ...CHECKPOINT, root: tree.root(19) })).toThrow(wrong)
  })

  test('another log, or other keys, refuse the note', { tags: ['TLG-8'] }, () => {
    expect(() => judge(CHECKPOINT, other.known)).toThrow(refusal('origin-foreign'))
    const foreign = { name: log.name, keys: other.known.keys }
    expect(() => judge(CHECKPOINT, foreign)).toThrow(refusal('signature-missing'))
    const renamed = { ...CHECKPOINT, origin: other.name }
    expect(() => judge(renamed, other.known)).toThrow(refusal('signature-missing'))
  })

  test('two lines of two pairs of keys do not make one', { tags: ['TLG-9'] }, () => {
    const later = signer(4, log.name)
    const [first, second] = [parseCheckpoint(checkpointText(later, HEAD)), CHECKPOINT]
    const known = { name: log.name, keys: [log.keys, later.keys] }
    const mixed = withLines(first, (lines) => [lines[0]!, second.lines[1]!])
    expect(() => judge(mixed, known)).toThrow(refusal('signature-missing'))
    expect(judge(first, known)).toMatchObject({ keysIndex: 1 })
    expect(judge(second, known)).toMatchObject({ keysIndex: 0 })
    const half = { name: log.name, keys: [log.keys, { ...log.keys, mlDsa44: later.keys.mlDsa44 }] }
    expect(
      judge(
        withLines(first, (lines) => [second.lines[0]!, lines[1]!]),
        half,
      ),
    ).toMatchObject({
      keysIndex: 1,
    })
    expect(judge(second, half)).toMatchObject({ keysIndex: 0 })
  })

  test('a key id that fits without the key refuses the note', { tags: ['TLG-8'] }, () => {
    const forged = parseCheckpoint(checkpointText(signer(5, log.name), HEAD))
    const disguised = withLines(forged, (lines) =>
      lines.map((line, at) => Object.assign(line, { keyId: CHECKPOINT.lines[at]!.keyId })),
    )
    expect(() => judge(disguised)).toThrow(refusal('signature-wrong'))
  })

  test(
    'the id of a key is computed once for all pairs that it is in and all checkpoints',
    { tags: ['TLG-30'] },
    () => {
      let hashes = 0
      const counting = {
        ...suite,
        sha256: (...parts: readonly Uint8Array[]): Uint8Array => {
          hashes += 1
          return suite.sha256(...parts)
        },
      }
      const classical = Array.from({ length: 64 }, (_, at) => new Uint8Array(32).fill(at))
      const others = Array.from({ length: 8 }, (_, at) => new Uint8Array(1312).fill(at))
      const listed = classical.flatMap((ed25519) => others.map((mlDsa44) => ({ ed25519, mlDsa44 })))
      const known = { name: log.name, keys: [...listed, log.keys] }
      const input = { suite: counting, checkpoint: CHECKPOINT, log: known }
      expect(verifyCheckpoint(input)).toMatchObject({ keysIndex: 512 })
      expect(hashes).toBe(64 + 8 + 2)
      expect(verifyCheckpoint(input)).toMatchObject({ keysIndex: 512 })
      expect(hashes).toBe(64 + 8 + 2)
      hashes = 0
      const cosigners = [{ name: 'warren.internal/other', keys: listed }]
      expect(verifyCosignatures({ ...input, log: log.known, cosigners })).toEqual([])
      expect(hashes).toBe(0)
    },
  )

  test.for([
    { name: 'before', at: 0 },
    { name: 'behind', at: 1 },
  ])(
    'another key of the same id, listed $name, takes nothing from what the first one has signed',
    { tags: ['TLG-30'] },
    ({ at }) => {
      // Four bytes are soon found; here every key of a kind has the same.
      const clashing = {
        ...suite,
        sha256: (...parts: readonly Uint8Array[]): Uint8Array =>
          parts.length === 3 ? new Uint8Array(32).fill(parts[1]![0]!) : suite.sha256(...parts),
      }
      const { origin, size, root } = CHECKPOINT
      const text = signCheckpoint({
        suite: clashing,
        origin,
        size,
        root,
        timeSeconds: NOW_SECONDS,
        signers: log.signers,
      })
      const checkpoint = parseCheckpoint(text)
      const found = { ed25519: new Uint8Array(32).fill(1), mlDsa44: other.keys.mlDsa44 }
      const both = { name: log.name, keys: [log.keys].toSpliced(at, 0, found) }
      const input = { suite: clashing, checkpoint }
      expect(verifyCheckpoint({ ...input, log: both })).toMatchObject({ keysIndex: 1 - at })
      const without = { name: log.name, keys: [found, other.keys] }
      expect(() => verifyCheckpoint({ ...input, log: without })).toThrow(refusal('signature-wrong'))
    },
  )

  test('the tree without entries has one root', { tags: ['TLG-8'] }, () => {
    const empty = parseCheckpoint(checkpointText(log, { size: 0, root: tree.root(0) }))
    expect(judge(empty)).toMatchObject({ size: 0 })
    const wrong = parseCheckpoint(checkpointText(log, { size: 0, root: tree.root(1) }))
    expect(() => judge(wrong)).toThrow(refusal('root-malformed'))
  })

  test('keys of another length are refused', { tags: ['TLG-8'] }, () => {
    const short = { ...log.keys, mlDsa44: log.keys.mlDsa44.slice(1) }
    expect(() => judge(CHECKPOINT, { name: log.name, keys: [short] })).toThrow(
      refusal('key-malformed'),
    )
    expect(() => judge(CHECKPOINT, { name: log.name, keys: [] })).toThrow(refusal('key-malformed'))
  })

  test.for([0, -1, 0.5, LAST_SECONDS + 1, 2 ** 53 - 1, 2 ** 53])(
    'nothing is signed at time %d',
    { tags: ['TLG-10'] },
    (time) => {
      expect(() => checkpointText(log, { ...HEAD, timeSeconds: time })).toThrow(
        refusal('time-malformed'),
      )
      expect(() => linesOf(cosigner, time)).toThrow(refusal('time-malformed'))
    },
  )

  test.for([1, LAST_SECONDS])('what is signed at time %d is read', { tags: ['TLG-10'] }, (time) => {
    const checkpoint = parseCheckpoint(checkpointText(log, { ...HEAD, timeSeconds: time }))
    expect(judge(checkpoint)).toMatchObject({ timeSeconds: time })
    expect(count(cosigned(linesOf(cosigner, time)))).toMatchObject([{ timeSeconds: time }])
  })

  test('nothing is signed that could not be read', { tags: ['TLG-10'] }, () => {
    const timeSeconds = NOW_SECONDS
    const input = { suite, origin: log.name, ...HEAD, timeSeconds, signers: log.signers }
    expect(() => signCheckpoint({ ...input, origin: 'a b' })).toThrow(refusal('name-malformed'))
    expect(() => signCheckpoint({ ...input, size: -1 })).toThrow(refusal('size-malformed'))
    expect(() => signCheckpoint({ ...input, root: new Uint8Array(31) })).toThrow(
      refusal('hash-malformed'),
    )
    expect(() => cosign({ ...input, name: '' })).toThrow(refusal('name-malformed'))
    expect(() => formatCheckpoint({ ...CHECKPOINT, lines: [] })).toThrow(refusal('note-malformed'))
    expect(formatHead(CHECKPOINT)).toBe(`${log.name}\n20\n${HEAD.root.toBase64()}\n`)
  })
})

describe('cosigners', () => {
  test('who has signed with both keys counts, with the time', { tags: ['TLG-11'] }, () => {
    const both = cosigned(linesOf() + linesOf(other, NOW_SECONDS + 9))
    expect(count(both, [cosigner.known, other.known, signer(6).known])).toEqual([
      { name: cosigner.name, timeSeconds: NOW_SECONDS + 1, keysIndex: 0 },
      { name: other.name, timeSeconds: NOW_SECONDS + 9, keysIndex: 0 },
    ])
    expect(count(CHECKPOINT)).toEqual([])
  })

  test.for([2, 3])('who has one line only does not count (%i)', { tags: ['TLG-11'] }, (at) => {
    expect(count(withLines(cosigned(linesOf()), (lines) => lines.toSpliced(at, 1)))).toEqual([])
  })

  test('a wrong line of a known cosigner refuses the note', { tags: ['TLG-11'] }, () => {
    const input = {
      suite,
      name: cosigner.name,
      signers: cosigner.signers,
      timeSeconds: NOW_SECONDS,
    }
    const elsewhere = cosign({ ...input, origin: other.name, ...HEAD })
    const smaller = cosign({ ...input, origin: log.name, size: 19, root: tree.root(19) })
    const [first = '', second = ''] = linesOf().split(/(?<=\n)/)
    const [, late = ''] = linesOf(cosigner, NOW_SECONDS + 2).split(/(?<=\n)/)
    for (const lines of [elsewhere, smaller, first + late]) {
      expect(() => count(cosigned(lines))).toThrow(refusal('signature-wrong'))
    }
    expect(count(cosigned(second + first))).toHaveLength(1)
    expect(() => count(cosigned(linesOf() + second))).toThrow(refusal('signature-twice'))
  })

  test.for([0n, BigInt(LAST_SECONDS) + 1n, 2n ** 53n - 1n, 2n ** 64n - 1n])(
    'a cosignature with the time %d is refused',
    { tags: ['TLG-10'] },
    (time) => {
      const untimely = withLines(cosigned(linesOf()), (lines) =>
        lines.map((line, at) => {
          const signature = Uint8Array.from(line.signature)
          if (at > 1) new DataView(signature.buffer).setBigUint64(0, time)
          return { ...line, signature }
        }),
      )
      expect(() => count(untimely)).toThrow(refusal('time-malformed'))
    },
  )

  test('nobody counts twice, and the log not at all', { tags: ['TLG-12'] }, () => {
    const shared = { name: 'warren.internal/shared', keys: cosigner.known.keys }
    const half = { ...signer(7).keys, ed25519: log.keys.ed25519 }
    const lists = [
      [cosigner.known, cosigner.known],
      [cosigner.known, shared],
      [{ name: 'warren.internal/half', keys: [half] }],
    ]
    for (const cosigners of lists) {
      expect(() => count(cosigned(linesOf()), cosigners)).toThrow(refusal('cosigner-not-distinct'))
    }
    const bySelf = cosigned(linesOf(log).split(/(?<=\n)/)[0] ?? '')
    expect(count(bySelf, [log.known, cosigner.known])).toEqual([])
  })

  test('what a cosigner answers is put under the note, once', { tags: ['TLG-13'] }, () => {
    const input = { suite, log: log.known, cosigner: cosigner.known }
    const once = addCosignature({ ...input, checkpoint: CHECKPOINT, lines: linesOf() })
    expect(once.startsWith(TEXT)).toBe(true)
    expect(count(parseCheckpoint(once))).toMatchObject([{ timeSeconds: NOW_SECONDS + 1 }])
    const lines = linesOf(cosigner, NOW_SECONDS + 5)
    const again = addCosignature({ ...input, checkpoint: parseCheckpoint(once), lines })
    expect(parseCheckpoint(again).lines).toHaveLength(4)
    expect(count(parseCheckpoint(again))).toMatchObject([{ timeSeconds: NOW_SECONDS + 5 }])
  })

  test('an answer that is not both lines of that cosigner is refused', { tags: ['TLG-13'] }, () => {
    const input = { suite, log: log.known, cosigner: cosigner.known, checkpoint: CHECKPOINT }
    const [first = ''] = linesOf().split(/(?<=\n)/)
    const junk = `${DASH} ${cosigner.name} AAAAAAA=\n`
    for (const lines of [first, linesOf(other), linesOf() + junk]) {
      expect(() => addCosignature({ ...input, lines })).toThrow(refusal('signature-missing'))
    }
    expect(() => addCosignature({ ...input, lines: 'no' })).toThrow(refusal('note-malformed'))
    const elsewhere = { suite, name: cosigner.name, signers: cosigner.signers, ...HEAD }
    const lines = cosign({ ...elsewhere, origin: other.name, timeSeconds: NOW_SECONDS })
    expect(() => addCosignature({ ...input, lines })).toThrow(refusal('signature-wrong'))
  })
})
