import {
  addCosignature,
  type CosignedTree,
  Cosigner,
  type CosignOutcome,
  type CosignQuestion,
  consistencyProof,
  decodeAddCheckpoint,
  decodeCosignAnswer,
  encodeAddCheckpoint,
  encodeCosignAnswer,
  parseCheckpoint,
  verifyCosignatures,
  verifyEvidence,
} from '@warren/tlog'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkpointText, NOW_SECONDS, signer } from './logs.ts'
import { entries, MemoryTree, refusal, suite } from './trees.ts'

const ENTRIES = entries(60)
const tree = new MemoryTree(ENTRIES)
/** The same log after its second entry was changed, by whoever holds its keys. */
const fork = new MemoryTree(ENTRIES.with(1, new Uint8Array(1)))
const log = signer(1)
const self = signer(2)
const cosigner = new Cosigner({ suite, name: self.name, signers: self.signers })
const DASH = '\u2014'

interface Ask {
  readonly oldSize: number
  readonly size: number
  readonly of?: MemoryTree
  readonly by?: typeof log
  /** When the log signed. */
  readonly after?: number
  readonly change?: (text: string) => string
  readonly proof?: readonly Uint8Array[]
}

/** One request, as bytes and back. */
function request(question: Ask): CosignQuestion['request'] {
  const { oldSize, size, of = tree, by = log, after = size, change = (text) => text } = question
  const text = checkpointText(by, { size, root: of.root(size), timeSeconds: NOW_SECONDS + after })
  const honest = oldSize <= size ? consistencyProof(suite, of, { oldSize, size }) : []
  const { proof = honest } = question
  return decodeAddCheckpoint(encodeAddCheckpoint({ oldSize, proof, checkpoint: change(text) }))
}

function ask(
  question: Ask,
  held?: CosignedTree,
  more: Partial<CosignQuestion> = {},
): CosignOutcome {
  return cosigner.answer({
    request: request(question),
    log: log.known,
    timeSeconds: NOW_SECONDS + 100,
    ...(held && { held }),
    ...more,
  })
}

/** What the cosigner holds after it signed an honest tree of that size. */
function heldAt(size: number): CosignedTree {
  return ask({ oldSize: 0, size }).next!
}

function linesOf({ answer }: CosignOutcome): string {
  expect(answer.status).toBe(200)
  return answer.status === 200 ? answer.lines : ''
}

test('a log that only grows is signed each time', { tags: ['TLG-22'] }, () => {
  const sizes = fc.array(fc.nat(60), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(sizes, (unordered) => {
      let held: CosignedTree | undefined
      for (const size of unordered.toSorted((a, b) => a - b)) {
        const outcome = ask({ oldSize: held?.size ?? 0, size }, held)
        const lines = linesOf(outcome)
        const text = checkpointText(log, { size, root: tree.root(size) })
        const input = { suite, log: log.known, checkpoint: parseCheckpoint(text) }
        const cosigned = addCosignature({ ...input, cosigner: self.known, lines })
        const checkpoint = parseCheckpoint(cosigned)
        const found = verifyCosignatures({ ...input, checkpoint, cosigners: [self.known] })
        expect(found).toMatchObject([{ name: self.name, timeSeconds: NOW_SECONDS + 100 }])
        expect(outcome.next).toMatchObject({ size, signedSeconds: NOW_SECONDS + size })
        held = outcome.next
      }
    }),
    { numRuns: 20 },
  )
})

test.for<{ what: string; question: Ask; status: number; size?: number }>([
  { what: 'old size above the new one', question: { oldSize: 31, size: 30 }, status: 400 },
  { what: 'an old size below', question: { oldSize: 10, size: 40 }, status: 409, size: 20 },
  { what: 'an old size above', question: { oldSize: 25, size: 40 }, status: 409, size: 20 },
  { what: 'no old size', question: { oldSize: 0, size: 40 }, status: 409, size: 20 },
  {
    what: 'a tree that was signed before',
    question: { oldSize: 10, size: 10 },
    status: 409,
    size: 20,
  },
  { what: 'no proof', question: { oldSize: 20, size: 40, proof: [] }, status: 422 },
  {
    what: 'a needless proof',
    question: { oldSize: 20, size: 20, proof: [tree.leaf(0)] },
    status: 422,
  },
  {
    what: 'the proof of another growth',
    question: {
      oldSize: 20,
      size: 40,
      proof: consistencyProof(suite, tree, { oldSize: 20, size: 41 }),
    },
    status: 422,
  },
  { what: 'a fork', question: { oldSize: 20, size: 40, of: fork }, status: 422 },
  { what: 'another root', question: { oldSize: 20, size: 20, of: fork }, status: 422 },
  { what: 'a truncated log', question: { oldSize: 20, size: 19, after: 50 }, status: 422 },
  { what: 'a log older than it was', question: { oldSize: 20, size: 40, after: 1 }, status: 422 },
  {
    what: 'keys of another log',
    question: { oldSize: 20, size: 40, by: signer(3, log.name) },
    status: 403,
  },
  { what: 'another log', question: { oldSize: 20, size: 40, by: signer(3) }, status: 403 },
  {
    what: 'a stripped line',
    question: { oldSize: 20, size: 40, change: (text) => text.replace(/[^\n]+\n$/, '') },
    status: 403,
  },
  {
    what: 'a forged line of the cosigner',
    question: {
      oldSize: 20,
      size: 40,
      change: (text) => text + linesOf(ask({ oldSize: 0, size: 7 })),
    },
    status: 403,
  },
])('$what is answered with $status', { tags: ['TLG-23'] }, ({ question, status, size }) => {
  const { answer, next } = ask(question, heldAt(20))
  expect(answer).toEqual(size === undefined ? { status } : { status, size })
  expect(next).toBeUndefined()
})

test('a log that is not known, and its own, are answered with 404', { tags: ['TLG-23'] }, () => {
  const own = { oldSize: 0, size: 5, by: self }
  const timeSeconds = NOW_SECONDS
  expect(cosigner.answer({ request: request(own), timeSeconds }).answer).toEqual({ status: 404 })
  const question = { request: request(own), log: self.known, timeSeconds }
  expect(cosigner.answer(question).answer).toEqual({ status: 404 })
})

test.for<{ kind: string; question: Ask }>([
  { kind: 'two-roots', question: { oldSize: 20, size: 20, of: fork } },
  { kind: 'two-roots', question: { oldSize: 0, size: 20, of: fork } },
  { kind: 'went-back', question: { oldSize: 20, size: 19, after: 50 } },
  { kind: 'went-back', question: { oldSize: 20, size: 40, after: 1 } },
  { kind: 'rewritten', question: { oldSize: 20, size: 40, of: fork } },
])('$kind is refused with evidence', { tags: ['TLG-24'] }, ({ kind, question }) => {
  const { answer, evidence } = ask(question, heldAt(20))
  expect(answer).toEqual({ status: 422 })
  expect(evidence).toMatchObject({ kind })
  expect(() => verifyEvidence({ suite, evidence: evidence!, log: log.known })).not.toThrow()
})

test('a request that is wrong without a contradiction is no evidence', { tags: ['TLG-24'] }, () => {
  const wrong = { oldSize: 20, size: 40, proof: [] }
  const replayed = { oldSize: 10, size: 10 }
  for (const question of [wrong, replayed]) {
    expect(ask(question, heldAt(20)).evidence).toBeUndefined()
  }
})

test('two forks shown to two cosigners contradict one another later', { tags: ['TLG-24'] }, () => {
  const held = ask({ oldSize: 0, size: 20, of: fork }).next!
  const { evidence } = ask({ oldSize: 20, size: 33 }, held)
  expect(evidence).toMatchObject({ kind: 'rewritten' })
})

test('the same tree may be signed again, and later', { tags: ['TLG-22'] }, () => {
  const held = heldAt(20)
  const again = ask({ oldSize: 20, size: 20, after: 30 }, held)
  expect(again.next).toMatchObject({ size: 20, signedSeconds: NOW_SECONDS + 30 })
  const replayed = ask({ oldSize: 20, size: 20 }, again.next)
  expect(linesOf(replayed)).not.toBe('')
  expect(replayed.next).toMatchObject({ signedSeconds: NOW_SECONDS + 30 })
})

test('the times of a cosigner do not go back with its clock', { tags: ['TLG-25'] }, () => {
  const held = { ...heldAt(20), cosignedSeconds: NOW_SECONDS + 500 }
  const outcome = ask({ oldSize: 20, size: 30 }, held)
  expect(outcome.next).toMatchObject({ cosignedSeconds: NOW_SECONDS + 500 })
  const text = checkpointText(log, { size: 30, root: tree.root(30) }) + linesOf(outcome)
  const found = verifyCosignatures({
    suite,
    checkpoint: parseCheckpoint(text),
    log: log.known,
    cosigners: [self.known],
  })
  expect(found).toMatchObject([{ timeSeconds: NOW_SECONDS + 500 }])
})

test(
  'a cosigner that lost what it held takes it from its own signature',
  { tags: ['TLG-26'] },
  () => {
    const lines = linesOf(ask({ oldSize: 0, size: 40 }))
    const old = heldAt(20)
    const shown: Ask = { oldSize: 40, size: 40, change: (text) => text + lines }
    for (const held of [undefined, old]) {
      const outcome = ask(shown, held, { timeSeconds: NOW_SECONDS })
      expect(outcome.next).toMatchObject({ size: 40, cosignedSeconds: NOW_SECONDS + 100 })
    }
    const behind: Ask = { ...shown, oldSize: 20 }
    expect(ask(behind, old).answer).toEqual({ status: 409, size: 40 })
    const forked: Ask = { ...shown, of: fork }
    expect(ask(forked, old).answer).toEqual({ status: 403 })
  },
)

test('a signature of a smaller tree takes nothing from a cosigner', { tags: ['TLG-26'] }, () => {
  const lines = linesOf(ask({ oldSize: 0, size: 10 }))
  const shown: Ask = { oldSize: 10, size: 10, change: (text) => text + lines }
  expect(ask(shown, heldAt(20)).answer).toEqual({ status: 409, size: 20 })
})

const BYTES = encodeAddCheckpoint({
  oldSize: 3,
  proof: consistencyProof(suite, tree, { oldSize: 3, size: 7 }),
  checkpoint: checkpointText(log, { size: 7, root: tree.root(7) }),
})
const TEXT = new TextDecoder().decode(BYTES)
const HASH = `${tree.leaf(0).toBase64()}\n`

test('a request reads as it is written', { tags: ['TLG-27'] }, () => {
  const read = decodeAddCheckpoint(BYTES)
  expect(read).toMatchObject({ oldSize: 3, checkpoint: { origin: log.name, size: 7 } })
  expect(read.proof).toEqual(consistencyProof(suite, tree, { oldSize: 3, size: 7 }))
  expect(TEXT.startsWith('old 3\n')).toBe(true)
  const full = TEXT.replace(/^old 3\n[^]*?\n\n/, `old 3\n${HASH.repeat(63)}\n`)
  expect(decodeAddCheckpoint(new TextEncoder().encode(full)).proof).toHaveLength(63)
})

test.for<{ what: string; change: (text: string) => string; code?: string }>([
  { what: 'nothing', change: () => '' },
  { what: 'no old size', change: (text) => text.replace('old 3\n', '') },
  { what: 'a leading zero', change: (text) => text.replace('old 3', 'old 03') },
  { what: 'two spaces', change: (text) => text.replace('old 3', 'old  3') },
  { what: 'an old size of 2^53', change: (text) => text.replace('old 3', 'old 9007199254740992') },
  { what: 'no hash', change: (text) => text.replace('old 3\n', 'old 3\nAAAA\n') },
  {
    what: '64 hashes',
    change: (text) => text.replace(/^old 3\n[^]*?\n\n/, `old 3\n${HASH.repeat(64)}\n`),
  },
  {
    what: '1000 hashes',
    change: (text) => text.replace(/^old 3\n[^]*?\n\n/, `old 3\n${HASH.repeat(1000)}\n`),
  },
  { what: 'no checkpoint', change: (text) => text.replace(/\n\n[^]*/, '\n\n') },
  { what: 'a NUL', change: (text) => text.replace('old', 'old\0') },
  { what: 'too many bytes', change: (text) => text + 'x'.repeat(70_000), code: 'note-too-long' },
])('a request with $what is refused', { tags: ['TLG-27'] }, ({ change, code }) => {
  const bytes = new TextEncoder().encode(change(TEXT))
  expect(() => decodeAddCheckpoint(bytes)).toThrow(refusal(code ?? 'note-malformed'))
})

test('answers read as they are written', { tags: ['TLG-27'] }, () => {
  const answers = [
    { status: 200, lines: `${DASH} x AAAAAAA=\n` },
    { status: 409, size: 12 },
    { status: 400 },
    { status: 403 },
    { status: 404 },
    { status: 422 },
  ] as const
  for (const answer of answers) {
    expect(decodeCosignAnswer(encodeCosignAnswer(answer))).toEqual(answer)
  }
})

test.for([
  '',
  '200',
  '201\n',
  '409\n',
  '409\n12',
  '409\n012\n',
  '409\n1\n2\n',
  '404\nmore',
  ' 404\n',
  '422',
])('the answer %j is refused', { tags: ['TLG-27'] }, (text) => {
  expect(() => decodeCosignAnswer(new TextEncoder().encode(text))).toThrow(
    refusal('note-malformed'),
  )
})

test('an answer of more than 16,384 bytes is refused', { tags: ['TLG-27'] }, () => {
  const bytes = new TextEncoder().encode(`200\n${'x'.repeat(16_380)}`)
  expect(decodeCosignAnswer(bytes)).toMatchObject({ status: 200 })
  expect(() => decodeCosignAnswer(Uint8Array.of(...bytes, 10))).toThrow(refusal('note-too-long'))
})
