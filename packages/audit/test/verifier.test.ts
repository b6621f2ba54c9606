import {
  type AuditLog,
  type Batch,
  BATCH_MAX,
  checkpointLine,
  encodeEntry,
  type Entry,
  type EntryDraft,
  entryLine,
  type Finding,
  type KnownHead,
  LogVerifier,
  type LogVerifierInit,
  type StoredTree,
  type Verification,
} from '@warren/audit'
import { leafHash, nodeHash, signCheckpoint, TreeFrontier } from '@warren/tlog'
import fc from 'fast-check'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { expect, test } from 'vitest'
import { decision, DIGEST, NODE, suite } from './builders.ts'
import {
  batchOf,
  callId,
  decisionDraft,
  emptyLog,
  keysOf,
  LOG,
  NEXT_SIGNERS,
  ORIGIN,
  requestDraft,
  responseDraft,
  resultDraft,
  SIGNERS,
  signers,
  stamp,
  START,
  STRANGER,
} from './log-builders.ts'

const KEYS = LOG.keys
/** The log that most tests damage: three batches, of 1, 4 and 2 entries. */
const BATCHES = written([
  [START],
  [
    decisionDraft({ call: callId(1) }),
    decisionDraft({ call: callId(2) }),
    resultDraft({ call: callId(1), decision: 1 }),
    resultDraft({ call: callId(2), decision: 2, outcome: 'failed' }),
  ],
  [decisionDraft({ call: callId(3), allowed: false, code: 'no-rule' }), { kind: 'stop' }],
])
const LINES = BATCHES.flatMap(({ bytes }) => splitLines(bytes))
/** Where the entries stand among the lines; checkpoints are lines 1, 6 and 9. */
const LINE_OF_ENTRY = [0, 2, 3, 4, 5, 7, 8]

function written(
  groups: readonly (readonly EntryDraft[])[],
  from: AuditLog = emptyLog(),
): readonly Batch[] {
  let log = from
  return groups.map((drafts, index) => {
    const batch = batchOf(log, drafts, stamp(index))
    expect(batch.refused).toEqual([])
    log = batch.next
    return batch
  })
}

function splitLines(bytes: Uint8Array): readonly string[] {
  return toString(bytes).split('\n').slice(0, -1)
}

function bytesOf(lines: readonly string[]): Uint8Array {
  return fromString(lines.map((line) => `${line}\n`).join(''), 'utf8')
}

function verify(
  segments: readonly Uint8Array[],
  init: Partial<LogVerifierInit> = {},
  chunk = 1 << 16,
): Verification {
  const verifier = new LogVerifier({ suite, node: NODE, keys: KEYS, ...init })
  for (const [index, bytes] of segments.entries()) {
    verifier.beginSegment(`s${index}`)
    for (let at = 0; at < bytes.length; at += chunk) verifier.push(bytes.slice(at, at + chunk))
  }
  return verifier.finish()
}

/** The tree of some batches, as a node stores it. */
function treeOf(batches: readonly Batch[]): StoredTree {
  const leaves = batches.flatMap(({ entries }) => entries.map((entry) => entry.leafHash))
  return {
    leafHash: (seq) => leaves[seq],
    hash: ({ level, index }) => subtreeHash(leaves, level, index),
    frontier: (size) =>
      size > leaves.length
        ? undefined
        : leaves
            .slice(0, size)
            .reduce((tree, leaf) => tree.append(leaf), TreeFrontier.empty(suite)),
  }
}

function subtreeHash(
  leaves: readonly Uint8Array[],
  level: number,
  index: number,
): Uint8Array | undefined {
  if (level === 0) return leaves[index]
  const [left, right] = [0, 1].map((side) => subtreeHash(leaves, level - 1, 2 * index + side))
  return left === undefined || right === undefined ? undefined : nodeHash(suite, left, right)
}

function headOf({ next }: Batch, by = 'witness'): KnownHead {
  return { size: next.size, root: next.frontier.root(), by }
}

function short({ findings }: Verification): readonly (readonly unknown[])[] {
  return findings.map(({ code, seq, to, place }: Finding) =>
    [code, seq, to, place?.line].filter((each) => each !== undefined),
  )
}

const TREE = treeOf(BATCHES)

function changed(index: number, line: string): readonly string[] {
  return LINES.with(index, line)
}

test.for([1, 7, 1000])(
  'a Buffer of %i bytes may be filled anew as soon as it was taken',
  { tags: ['AUD-15'] },
  (length) => {
    const bytes = concat(BATCHES.map((batch) => batch.bytes))
    const chunk = Buffer.alloc(length)
    const verifier = new LogVerifier({ suite, node: NODE, keys: KEYS })
    verifier.beginSegment('s')
    for (let at = 0; at < bytes.length; at += length) {
      const part = bytes.subarray(at, at + length)
      chunk.set(part)
      verifier.push(chunk.subarray(0, part.length))
    }
    expect(verifier.finish()).toMatchObject({ entries: 7, findings: [] })
  },
)

test('a log that is as it was signed has no findings', { tags: ['AUD-15'] }, () => {
  const entries: Entry[] = []
  const known = BATCHES.map((batch) => headOf(batch))
  for (const chunk of [1, 7, 1000, 1 << 16]) {
    entries.length = 0
    const onEntry = (entry: Entry): unknown => entries.push(entry)
    expect(verify([bytesOf(LINES)], { tree: TREE, known, onEntry }, chunk)).toEqual({
      size: 7,
      root: BATCHES.at(-1)!.next.frontier.root(),
      entries: 7,
      checkpoints: 3,
      signatures: 1,
      matched: 3,
      findings: [],
      more: 0,
    })
    expect(entries).toEqual(BATCHES.flatMap((batch) => batch.entries.map(({ entry }) => entry)))
  }
  expect(verify([bytesOf(LINES)], { everySignature: true }).signatures).toBe(3)
  expect(verify([])).toMatchObject({ size: 0, findings: [] })
})

test(
  'a log may be in segments, each of which starts with the checkpoint before',
  { tags: ['AUD-15'] },
  () => {
    const segments = [
      LINES.slice(0, 2),
      [LINES[1]!, ...LINES.slice(2, 7)],
      [LINES[6]!, ...LINES.slice(7)],
    ]
    expect(verify(segments.map(bytesOf))).toMatchObject({ size: 7, signatures: 3, findings: [] })
  },
)

test(
  'a byte that was changed is found, at its line, and nothing else is',
  { tags: ['AUD-16'] },
  () => {
    const bytes = bytesOf(LINES)
    let offset = 0
    for (const [index, line] of LINES.entries()) {
      const seq = LINE_OF_ENTRY.indexOf(index)
      const length = fromString(line, 'utf8').length
      for (const at of [1, Math.floor(length / 2), length - 1]) {
        const flipped = bytes.slice()
        flipped[offset + at]! ^= 1
        const { findings, size } = verify([flipped], { tree: TREE, everySignature: true })
        const place = expect.objectContaining({ line: index + 1, offset })
        if (seq !== -1) {
          expect(findings).toEqual([expect.objectContaining({ code: 'entry-changed', seq, place })])
          expect(size).toBe(7)
        } else {
          expect(findings).toContainEqual(expect.objectContaining({ place, severity: 'error' }))
          expect(findings.map(({ code }) => code)).not.toContain('entry-changed')
        }
      }
      offset += length + 1
    }
  },
)

test(
  'an entry that is gone, or stands there twice, or was made up, is named',
  { tags: ['AUD-16'] },
  () => {
    const extra = toString(encodeEntry(decision({ seq: 3, call: callId(9) })))
    expect(short(verify([bytesOf(LINES.toSpliced(3, 1))], { tree: TREE }))).toEqual([
      ['entry-missing', 2, 3],
    ])
    expect(short(verify([bytesOf(LINES.toSpliced(3, 3))], { tree: TREE }))).toEqual([
      ['entry-missing', 2, 5],
    ])
    expect(short(verify([bytesOf(LINES.toSpliced(4, 0, LINES[3]!))], { tree: TREE }))).toEqual([
      ['entry-inserted', 5],
    ])
    expect(short(verify([bytesOf(LINES.toSpliced(4, 0, extra))], { tree: TREE }))).toEqual([
      ['entry-inserted', 5],
    ])
    expect(short(verify([bytesOf(LINES.toSpliced(4, 0, 'rubbish'))], { tree: TREE }))).toEqual([
      ['entry-inserted', 5],
    ])
    expect(short(verify([bytesOf(changed(4, extra))], { tree: TREE }))).toEqual([
      ['entry-changed', 3, 5],
    ])
    expect(short(verify([bytesOf(changed(4, 'x'.repeat(70_000)))], { tree: TREE }))).toEqual([
      ['entry-changed', 3, 5],
    ])
  },
)

test(
  'entries that stand in another order are named, as few as tell it',
  { tags: ['AUD-16'] },
  () => {
    const [a, b, c, d] = LINES.slice(2, 6)
    const order = (...lines: readonly (string | undefined)[]) =>
      short(verify([bytesOf(LINES.toSpliced(2, 4, ...lines.map(String)))], { tree: TREE }))
    expect(order(b, c, d, a)).toEqual([['entry-reordered', 1, 6]])
    expect(order(d, a, b, c)).toEqual([['entry-reordered', 4, 3]])
    expect(order(a, b, c, d)).toEqual([])
    expect(order(b, a, d, c)).toHaveLength(2)
  },
)

test(
  'entries that stand in another batch than their own are named as moved, and neither as changed nor as missing',
  { tags: ['AUD-16'] },
  () => {
    const entries = LINES.flatMap((line, index) => (line.startsWith('#') ? [] : [index]))
    const [early, late] = [entries[1]!, entries.at(-1)!]
    const [seqOfEarly, seqOfLate] = [1, entries.length - 1]
    const shown = (lines: readonly string[]) => short(verify([bytesOf(lines)], { tree: TREE }))

    expect(shown(LINES.with(early, LINES[late]!).with(late, LINES[early]!))).toEqual([
      ['entry-reordered', seqOfLate, early + 1],
      ['entry-reordered', seqOfEarly, late + 1],
    ])
    expect(shown(LINES.toSpliced(late, 0, LINES[early]!).toSpliced(early, 1))).toEqual([
      ['entry-reordered', seqOfEarly, late],
    ])
    expect(shown(LINES.with(early, LINES[late]!))).toEqual([['entry-changed', 1, early + 1]])
    expect(shown(LINES.with(late, LINES[early]!))).toEqual([['entry-changed', seqOfLate, late + 1]])
    const extra = toString(encodeEntry(decision({ seq: 1, call: callId(9) })))
    expect(shown(LINES.toSpliced(late, 0, LINES[early]!).with(early, extra))).toEqual([
      ['entry-inserted', early + 1],
      ['entry-reordered', seqOfEarly, late + 1],
    ])
  },
)

test(
  'what is wrong is found without the stored tree as well, as far as the numbers tell',
  { tags: ['AUD-17'] },
  () => {
    const extra = toString(encodeEntry(decision({ seq: 3, call: callId(9) })))
    const after = (lines: readonly string[]) => short(verify([bytesOf(lines)]))
    const lost = ['tree-unknown', 5, 7]
    expect(after(LINES.toSpliced(3, 1))).toEqual([
      ['entry-missing', 2, 3],
      ['tree-unknown', 5, 6],
    ])
    expect(after(LINES.toSpliced(4, 0, LINES[3]!))).toEqual([
      ['entry-inserted', 5],
      ['tree-unknown', 5, 8],
    ])
    expect(after(LINES.toSpliced(4, 2, LINES[5]!, LINES[4]!))).toEqual([
      expect.arrayContaining(['entry-reordered']),
      lost,
    ])
    expect(after(changed(4, extra))).toEqual([['entry-changed', 1, 5], lost])
    expect(after(changed(4, 'rubbish'))).toEqual([['entry-changed', 3, 5], lost])
  },
)

test('a stored tree that was changed with the log is not believed', { tags: ['AUD-17'] }, () => {
  const extra = decision({ seq: 3, call: callId(9) })
  const forged = leafHash(suite, encodeEntry(extra))
  const tree = { ...TREE, leafHash: (seq: number) => (seq === 3 ? forged : TREE.leafHash(seq)) }
  const lines = changed(4, toString(encodeEntry(extra)))
  expect(short(verify([bytesOf(lines)], { tree }))).toEqual([['entry-changed', 1, 5]])
})

test(
  'whoever changes an entry and its checkpoint is found by the signature, and by the next checkpoint',
  { tags: ['AUD-18'] },
  () => {
    const [first, , third] = BATCHES
    const forged = batchOf(first!.next.withSigners(STRANGER), [START], stamp(1))
    expect(short(verify([concat([first!.bytes, forged.bytes])]))).toEqual([['key-wrong', 2, 4]])
    expect(
      short(verify([concat([first!.bytes, forged.bytes, third!.bytes])], { tree: TREE })).length,
    ).toBeGreaterThan(0)
  },
)

test.for([
  ['the Ed25519 line', 4, 'signature-missing'],
  ['the ML-DSA-44 line', 5, 'signature-missing'],
] as const)('a checkpoint without %s does not count', { tags: ['AUD-18'] }, ([, line, code]) => {
  const stripped = BATCHES[2]!.checkpoint!.split('\n').toSpliced(line, 1).join('\n')
  const lines = changed(9, splitLines(checkpointLine(stripped))[0]!)
  expect(short(verify([bytesOf(lines)]))).toEqual([[code, 7, 10]])
})

test('a line of one checkpoint does not count under another', { tags: ['AUD-18'] }, () => {
  const [own, other] = [BATCHES[2]!, BATCHES[1]!].map(({ checkpoint }) => checkpoint!.split('\n'))
  for (const line of [4, 5]) {
    const swapped = checkpointLine(own!.with(line, other![line]!).join('\n'))
    expect(short(verify([bytesOf(changed(9, splitLines(swapped)[0]!))]))).toEqual([
      ['signature-wrong', 7, 10],
    ])
  }
})

test('a checkpoint of another origin does not count', { tags: ['AUD-18'] }, () => {
  const { size, frontier } = BATCHES[2]!.next
  const note = signCheckpoint({
    suite,
    origin: `${ORIGIN}x`,
    size,
    root: frontier.root(),
    timeSeconds: 9,
    signers: SIGNERS,
  })
  const lines = changed(9, splitLines(checkpointLine(note))[0]!)
  expect(short(verify([bytesOf(lines)]))).toEqual([['key-wrong', 7, 10]])
})

test('keys may be replaced along the log, and never come back', { tags: ['AUD-18'] }, () => {
  const [first] = BATCHES
  const second = batchOf(first!.next.withSigners(NEXT_SIGNERS), [START], stamp(1))
  const third = batchOf(second.next.withSigners(SIGNERS), [START], stamp(2))
  const init = { everySignature: true }
  expect(short(verify([concat([first!.bytes, second.bytes])], init))).toEqual([])
  expect(short(verify([concat([first!.bytes, second.bytes, third.bytes])], init))).toEqual([
    ['key-wrong', 3, 6],
  ])
  expect(short(verify([first!.bytes], { keys: [keysOf(NEXT_SIGNERS)] }))).toEqual([
    ['key-wrong', 1, 2],
  ])
  expect(short(verify([first!.bytes], { keys: [keysOf(signers(31)), keysOf(SIGNERS)] }))).toEqual(
    [],
  )
})

test('checkpoints whose times go back are found', { tags: ['AUD-18'] }, () => {
  const { size, frontier } = BATCHES[2]!.next
  const note = signCheckpoint({
    suite,
    origin: ORIGIN,
    size,
    root: frontier.root(),
    timeSeconds: 9,
    signers: SIGNERS,
  })
  const lines = changed(9, splitLines(checkpointLine(note))[0]!)
  expect(short(verify([bytesOf(lines)], { everySignature: true }))).toEqual([
    ['clock-set-back', 7, 10],
  ])
})

test('an old checkpoint between later entries is out of place', { tags: ['AUD-18'] }, () => {
  expect(short(verify([bytesOf(LINES.toSpliced(8, 0, LINES[1]!))]))).toEqual([
    ['checkpoint-misplaced', 1, 9],
  ])
})

test.for([
  ['as many as a batch can have', 1 + BATCH_MAX + 1],
  ['more than a batch can have', 1 + BATCH_MAX + 2],
  ['more than anybody can count', Number.MAX_SAFE_INTEGER],
] as const)(
  'a checkpoint that claims %s entries that are not there is told in one finding',
  { tags: ['AUD-30'] },
  ([, size]) => {
    const [first] = BATCHES
    const root = new Uint8Array(32)
    const note = signCheckpoint({
      suite,
      origin: ORIGIN,
      size,
      root,
      timeSeconds: 2e9,
      signers: SIGNERS,
    })
    const found = verify([concat([first!.bytes, checkpointLine(note)])])
    expect(short(found)).toEqual([
      ['entry-missing', 1, size],
      ['tree-unknown', size, 3],
    ])
  },
)

test(
  'what does not belong to such a claim is told apart from it, by as many findings as there are lines',
  { tags: ['AUD-30'] },
  () => {
    const [first, second] = BATCHES
    const size = Number.MAX_SAFE_INTEGER
    const root = new Uint8Array(32)
    const note = signCheckpoint({
      suite,
      origin: ORIGIN,
      size,
      root,
      timeSeconds: 2e9,
      signers: SIGNERS,
    })
    const lines = splitLines(second!.bytes).filter((line) => line.startsWith('{'))
    const bytes = concat([first!.bytes, bytesOf([lines[3]!, lines[1]!]), checkpointLine(note)])
    expect(short(verify([bytes])).filter(([code]) => code === 'entry-missing')).toEqual([
      ['entry-missing', 1, 2],
      ['entry-missing', 3, 4],
      ['entry-missing', 5, size],
    ])
  },
)

test(
  'a log that was rewritten with the own keys of the node is found by whoever has seen it',
  { tags: ['AUD-19'] },
  () => {
    const forged = written([
      [START],
      [
        decisionDraft({ call: callId(7), allowed: false }),
        ...Array.from({ length: 6 }, () => START),
      ],
    ])
    const bytes = concat(forged.map((batch) => batch.bytes))
    expect(short(verify([bytes], { tree: treeOf(forged) }))).toEqual([])
    const known = BATCHES.map((batch, index) => headOf(batch, `witness ${index}`))
    const seen = verify([bytes], { tree: treeOf(forged), known })
    expect(short(seen)).toEqual([
      ['forked', 5],
      ['forked', 7],
    ])
    expect(seen.matched).toBe(1)
    expect(seen.findings[1]!.sentence).toContain('witness 2')
  },
)

test(
  'a log that was cut off, at a checkpoint or not, is found by whoever has seen it, and by its own tree',
  { tags: ['AUD-19'] },
  () => {
    const known = [headOf(BATCHES[2]!), headOf(BATCHES[1]!)]
    expect(short(verify([bytesOf(LINES.slice(0, 7))], { known }))).toEqual([['rolled-back', 5, 7]])
    expect(short(verify([bytesOf(LINES.slice(0, 7))], { tree: TREE }))).toEqual([
      ['tail-truncated', 5],
    ])
    expect(short(verify([bytesOf(LINES.slice(0, 7))]))).toEqual([])
    expect(short(verify([], { known }))).toEqual([
      ['rolled-back', 0, 5],
      ['rolled-back', 0, 7],
    ])
  },
)

test('what others have seen is compared inside of batches too', { tags: ['AUD-19'] }, () => {
  const known = [0, 1, 2, 3, 4, 5, 6, 7].map((size) => ({
    size,
    root: TREE.frontier(size)!.root(),
    by: 'copy',
  }))
  expect(verify([bytesOf(LINES)], { known }).matched).toBe(8)
  const wrong = known.map((head) =>
    head.size === 3 ? { ...head, root: new Uint8Array(32) } : head,
  )
  expect(short(verify([bytesOf(LINES)], { known: wrong }))).toEqual([['forked', 3]])
})

test(
  'where entries are not there, what others have seen of them is compared with the stored tree',
  { tags: ['AUD-29'] },
  () => {
    const last = [LINES[6]!, ...LINES.slice(7)]
    const known = [0, 1, 2, 3, 4, 5, 6, 7].map((size) => ({
      size,
      root: TREE.frontier(size)!.root(),
      by: 'witness',
    }))
    const gap = ['segment-missing', 0, 5]
    const matches: number[] = []
    const onMatch = ({ size }: KnownHead): unknown => matches.push(size)
    const told = verify([bytesOf(last)], { tree: TREE, known, onMatch })
    expect(short(told)).toEqual([gap])
    expect(told.matched).toBe(8)
    expect(matches).toEqual([0, 1, 2, 3, 4, 5, 6, 7])

    for (const head of known) {
      const other = known.with(head.size, { ...head, root: new Uint8Array(32).fill(9) })
      const found = verify([bytesOf(last)], { tree: TREE, known: other })
      expect(short(found)).toContainEqual(['forked', head.size])
      expect(found.matched).toBe(7)
    }
  },
)

test(
  'what others have seen of entries that are not there is said to be unchecked where nothing tells what they were',
  { tags: ['AUD-29'] },
  () => {
    const last = [LINES[6]!, ...LINES.slice(7)]
    const seen = { size: 3, root: TREE.frontier(3)!.root(), by: 'witness' }
    const unchecked = ['cosigned-unchecked', 3]
    const found = (tree: StoredTree | undefined) => {
      const init = tree === undefined ? {} : { tree }
      const verification = verify([bytesOf(last)], { ...init, known: [seen] })
      expect(verification.matched).toBe(0)
      return short(verification)
    }
    const untold: StoredTree = { ...TREE, hash: () => undefined }
    expect(found(untold)).toEqual([unchecked, ['segment-missing', 0, 5]])
    // A tree that agrees with what was seen, and leads nowhere.
    const forged: StoredTree = {
      ...TREE,
      hash: (address) => (address.level === 0 ? new Uint8Array(32) : TREE.hash(address)),
    }
    expect(found(forged)).toContainEqual(unchecked)
    expect(found(undefined)).toContainEqual(unchecked)
  },
)

test(
  'a tail that a crash left behind the last checkpoint is no damage',
  { tags: ['AUD-20'] },
  () => {
    const whole = bytesOf(LINES)
    const start = bytesOf(LINES.slice(0, 7)).length
    const lengths = Array.from({ length: 40 }, (_, step) => start + 1 + step * 101)
    for (const length of [...lengths, whole.length - 1].filter((each) => each < whole.length)) {
      const { findings, size } = verify([whole.subarray(0, length)])
      expect(size).toBe(5)
      expect(findings).toMatchObject([{ code: 'tail-truncated', severity: 'warn', seq: 5 }])
    }
  },
)

test(
  'a segment that is missing is found, unless an entry says that it was erased',
  { tags: ['AUD-20'] },
  () => {
    const last = [LINES[6]!, ...LINES.slice(7)]
    const gone = verify([bytesOf(LINES.slice(0, 2)), bytesOf(last)], { tree: TREE })
    expect(short(gone)).toEqual([['segment-missing', 1, 5]])
    expect(gone).toMatchObject({ size: 7, entries: 3 })

    const erase = (from: number, to: number): EntryDraft => ({
      kind: 'retention',
      segment: 0,
      from,
      to,
      what: 'entries',
      digest: DIGEST,
    })
    const after = (drafts: readonly EntryDraft[]) => {
      const batch = batchOf(BATCHES[2]!.next, drafts, stamp(3))
      const tree = treeOf([...BATCHES, batch])
      return verify([concat([bytesOf(last), batch.bytes])], { tree }).findings.map(
        ({ code, severity }) => [code, severity],
      )
    }
    expect(after([erase(0, 5)])).toEqual([['segment-erased', 'info']])
    expect(after([erase(3, 5), erase(0, 3)])).toEqual([['segment-erased', 'info']])
    expect(after([erase(0, 4)])).toEqual([['segment-missing', 'error']])
    // The first of these is entry 7: of itself, and of what comes, it tells nothing.
    expect(after([erase(0, 7)])).toEqual([['segment-erased', 'info']])
    expect(after([erase(0, 8)])).toEqual([['segment-missing', 'error']])
    expect(after([erase(0, 2), erase(3, 5)])).toEqual([['segment-missing', 'error']])
    expect(after([{ ...erase(0, 5), what: 'bodies' } as EntryDraft])).toEqual([
      ['segment-missing', 'error'],
    ])
  },
)

test('behind a missing segment nothing is believed without its tree', { tags: ['AUD-20'] }, () => {
  const last = [LINES[6]!, ...LINES.slice(7)]
  const found = verify([bytesOf(last)])
  expect(short(found)).toEqual([
    ['tree-unknown', 5, 1],
    ['segment-missing', 0, 5],
  ])
  expect(found).toMatchObject({ size: undefined, root: undefined, entries: 0 })
})

test(
  'a result needs a decision that let its call go on, and waits for one',
  { tags: ['AUD-21'] },
  () => {
    const after = (...drafts: readonly EntryDraft[]) =>
      short(verify(written([[START, decisionDraft(), ...drafts]]).map(({ bytes }) => bytes)))
    const result = resultDraft({ decision: 1 })
    const stray = [['result-without-decision', 2, 3]]
    expect(after(result)).toEqual([])
    expect(after(resultDraft({ decision: 0 }))).toEqual(stray)
    expect(after(resultDraft({ decision: 2 }))).toEqual(stray)
    expect(after(resultDraft({ decision: 1, call: callId(5) }))).toEqual(stray)
    expect(after(result, result)).toEqual([['result-without-decision', 3, 4]])
    expect(
      after(
        decisionDraft({ call: callId(4), allowed: false }),
        resultDraft({ decision: 2, call: callId(4) }),
      ),
    ).toEqual([['result-without-decision', 3, 4]])
  },
)

test('a call of an earlier boot whose end no entry tells is found', { tags: ['AUD-21'] }, () => {
  const after = (...drafts: readonly EntryDraft[]) =>
    short(verify(written([[START, decisionDraft(), ...drafts]]).map(({ bytes }) => bytes)))
  expect(after()).toEqual([])
  expect(after(START)).toEqual([['unfinished', 1]])
  expect(after(START, { kind: 'unfinished', decisions: [1] })).toEqual([])
  expect(after(resultDraft({ decision: 1 }), START)).toEqual([])
})

test(
  'a response is of a request that was sent, and of nothing else',
  { tags: ['AUD-21', 'AUN-15'] },
  () => {
    const after = (...drafts: readonly EntryDraft[]) =>
      short(verify(written([[START, ...drafts]]).map(({ bytes }) => bytes)))
    const end = responseDraft({ request: 1 })
    const wrong = [['response-without-request', 2, 3]]
    expect(after(requestDraft(), end)).toEqual([])
    expect(after(requestDraft(), end, end)).toEqual([['response-without-request', 3, 4]])
    expect(after(requestDraft({ sent: false, code: 'no-such-server' }), end)).toEqual(wrong)
    expect(after(requestDraft({ call: callId(4) }), end)).toEqual(wrong)
    // The two directions of one call, in the log of a node that calls itself, are two calls.
    expect(after(decisionDraft(), end)).toEqual(wrong)
    expect(after(requestDraft(), resultDraft({ decision: 1 }))).toEqual([
      ['result-without-decision', 2, 3],
    ])
  },
)

test(
  'a request of an earlier boot whose end no entry tells is found',
  { tags: ['AUD-21', 'AUN-15'] },
  () => {
    const after = (...drafts: readonly EntryDraft[]) =>
      short(verify(written([[START, requestDraft(), ...drafts]]).map(({ bytes }) => bytes)))
    expect(after()).toEqual([])
    expect(after(START)).toEqual([['unfinished', 1]])
    expect(after(START, { kind: 'unfinished', decisions: [], requests: [1] })).toEqual([])
    expect(after(responseDraft({ request: 1 }), START)).toEqual([])
  },
)

test(
  'clocks that were set back are found, and it is said whether the node said so',
  { tags: ['AUD-22'] },
  () => {
    const first = batchOf(emptyLog(), [START], stamp(10))
    const honest = batchOf(first.next, [START], stamp(5))
    const found = verify([concat([first.bytes, honest.bytes])]).findings
    expect(found).toMatchObject([
      { code: 'clock-set-back', severity: 'warn', seq: 1 },
      {
        code: 'clock-set-back',
        severity: 'error',
        seq: 1,
        sentence: expect.stringContaining('monotonic'),
      },
    ])
    const atSkew = batchOf(first.next, [START], stamp(10, { wallUs: stamp(9).wallUs }))
    expect(verify([concat([first.bytes, atSkew.bytes])]).findings).toEqual([])
    const otherBoot = batchOf(first.next, [START], stamp(5, { boot: 'f'.repeat(32) }))
    expect(verify([concat([first.bytes, otherBoot.bytes])]).findings).toHaveLength(1)
  },
)

/** Lines that the node itself has signed, whatever they are. */
function signed(lines: readonly Uint8Array[]): Uint8Array {
  const tree = lines.reduce(
    (grown, line) => grown.append(leafHash(suite, line)),
    TreeFrontier.empty(suite),
  )
  const note = signCheckpoint({
    suite,
    origin: ORIGIN,
    size: tree.size,
    root: tree.root(),
    timeSeconds: 9,
    signers: SIGNERS,
  })
  return concat([...lines.map(entryLine), checkpointLine(note)])
}

test('what no honest node signs is found though it is signed', { tags: ['AUD-22'] }, () => {
  const at = (entry: Entry): Uint8Array => encodeEntry(entry)
  const other = decision({ node: `did:webvh:Qm${'c'.repeat(44)}:warren.internal`, allowed: false })
  expect(short(verify([signed([fromString('rubbish')])]))).toEqual([['not-canonical', 0, 1]])
  expect(short(verify([signed([fromString('{ "v": 1 }')])]))).toEqual([['not-canonical', 0, 1]])
  expect(short(verify([signed([at(decision({ seq: 1 }))])]))).toEqual([['seq-wrong', 0, 1]])
  expect(short(verify([signed([at(other)])]))).toEqual([['entry-foreign', 0, 1]])
  expect(short(verify([signed([at(decision())])]))).toEqual([])
})

test('a wall clock that goes back without a word is found', { tags: ['AUD-22'] }, () => {
  const lines = [
    '2026-11-28T00:20:11.000000Z',
    '2026-11-28T00:20:09.999999Z',
    '2026-11-28T00:20:08.999999Z',
  ]
  const at = (index: number) =>
    encodeEntry(decision({ seq: index, at: lines[index]!, call: callId(index) }))
  expect(verify([signed([at(0), at(1), at(2)])]).findings).toMatchObject([
    { code: 'clock-set-back', severity: 'error', seq: 1 },
  ])
})

test(
  'more entries than a batch can have do not stand without a checkpoint',
  { tags: ['AUD-16'] },
  () => {
    const line = toString(encodeEntry(decision()))
    const many = (count: number) => bytesOf(Array.from({ length: count }, () => line))
    expect(short(verify([many(1025)]))).toEqual([['tail-truncated', 0, 1]])
    expect(short(verify([many(1026)]))).toEqual([['checkpoint-missing', 0, 1026]])
  },
)

test(
  'nothing in a file makes the verifier throw, and whatever differs is found',
  { tags: ['AUD-15', 'AUD-16'] },
  () => {
    const whole = bytesOf(LINES)
    const edit = fc.record({
      at: fc.nat(whole.length - 1),
      remove: fc.nat(300),
      insert: fc.oneof(
        fc.uint8Array({ maxLength: 20 }),
        fc.constantFrom(...LINES).map((line) => fromString(`${line}\n`)),
      ),
    })
    fc.assert(
      fc.property(edit, fc.integer({ min: 1, max: 5000 }), ({ at, remove, insert }, chunk) => {
        const edited = concat([whole.subarray(0, at), insert, whole.subarray(at + remove)])
        const { findings } = verify([edited], { tree: TREE, everySignature: true }, chunk)
        expect(findings.length > 0).toBe(toString(edited, 'hex') !== toString(whole, 'hex'))
      }),
    )
  },
)

test.for([
  { size: Number.MAX_SAFE_INTEGER - 1, lines: 1, found: [] },
  { size: Number.MAX_SAFE_INTEGER - 1, lines: 2, found: ['tree-unknown'] },
  { size: Number.MAX_SAFE_INTEGER, lines: 1, found: ['tree-unknown'] },
  { size: Number.MAX_SAFE_INTEGER, lines: 5, found: ['tree-unknown'] },
])(
  'behind a tree of $size entries, signed and stored by whoever has the keys, $lines lines are $found',
  { tags: ['AUD-15'] },
  ({ size, lines, found }) => {
    const digits = size.toString(2).replaceAll('0', '').length
    const hashes = Array.from({ length: digits }, () => new Uint8Array(32))
    const frontier = TreeFrontier.of(suite, size, hashes)
    const head = { origin: ORIGIN, size, root: frontier.root() }
    const note = signCheckpoint({ suite, ...head, timeSeconds: 1, signers: SIGNERS })
    const tree: StoredTree = {
      leafHash: () => undefined,
      hash: () => undefined,
      frontier: (wanted) => (wanted === size ? frontier : undefined),
    }
    const behind = bytesOf(Array.from({ length: lines }, () => '{}'))
    const { findings } = verify([concat([checkpointLine(note), behind])], { tree })
    const codes = findings.filter(({ severity }) => severity === 'error').map(({ code }) => code)
    expect(codes.filter((code) => code !== 'segment-missing')).toEqual(found)
  },
)
