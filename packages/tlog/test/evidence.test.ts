import {
  type Evidence,
  evidenceJson,
  findEvidence,
  historyProof,
  parseCheckpoint,
  parseEvidence,
  verifyEvidence,
} from '@warren/tlog'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkpointText, NOW_SECONDS, signer } from './logs.ts'
import { entries, MemoryTree, refusal, suite } from './trees.ts'

const ENTRIES = entries(40)
const tree = new MemoryTree(ENTRIES)
/** The same log after its third entry was changed. */
const fork = new MemoryTree(ENTRIES.with(2, new Uint8Array(1)))
const log = signer(1)

interface Said {
  readonly size: number
  readonly after?: number
  readonly of?: MemoryTree
  readonly by?: typeof log
}

function said({ size, after = 0, of = tree, by = log }: Said): string {
  return checkpointText(by, { size, root: of.root(size), timeSeconds: NOW_SECONDS + after })
}

function find(first: Said, second: Said, history?: readonly Uint8Array[]): Evidence | undefined {
  const checkpoints = [parseCheckpoint(said(first)), parseCheckpoint(said(second))] as const
  return findEvidence({ suite, log: log.known, checkpoints, ...(history && { history }) })
}

function judge(evidence: Evidence, known = log.known): void {
  verifyEvidence({ suite, evidence, log: known })
}

const GROWTH = { oldSize: 12, size: 20 }
const HISTORY = historyProof(suite, fork, GROWTH)
const FORKED = { size: 20, after: 9, of: fork }

test.for<{ kind: string; evidence: Evidence | undefined }>([
  { kind: 'two-roots', evidence: find({ size: 20 }, { size: 20, of: fork }) },
  { kind: 'went-back', evidence: find({ size: 21, after: 5 }, { size: 20, after: 6 }) },
  { kind: 'rewritten', evidence: find(FORKED, { size: 12 }, HISTORY) },
])(
  '$kind is evidence for everybody who knows the keys',
  { tags: ['TLG-20'] },
  ({ kind, evidence }) => {
    expect(evidence).toMatchObject({ kind, origin: log.name })
    const json: unknown = JSON.parse(JSON.stringify(evidenceJson(evidence!)))
    const again = parseEvidence(json as ReturnType<typeof evidenceJson>)
    expect(again).toEqual(evidence)
    expect(() => judge(again)).not.toThrow()
    expect(() => judge(again, { name: log.name, keys: signer(2).known.keys })).toThrow(
      refusal('signature-missing'),
    )
    expect(() => judge(again, signer(2).known)).toThrow(refusal('origin-foreign'))
  },
)

test.for<{ what: string; first: Said; second: Said; history?: readonly Uint8Array[] }>([
  { what: 'one checkpoint twice', first: { size: 20 }, second: { size: 20 } },
  { what: 'one tree at two times', first: { size: 20 }, second: { size: 20, after: 5 } },
  { what: 'growth', first: { size: 20 }, second: { size: 21, after: 1 } },
  { what: 'growth within a second', first: { size: 21 }, second: { size: 20 } },
  { what: 'a fork that nobody has shown the history of', first: { size: 12 }, second: FORKED },
  {
    what: 'the history of an honest tree',
    first: { size: 12 },
    second: { size: 20, after: 1 },
    history: historyProof(suite, tree, GROWTH),
  },
  {
    what: 'the history of another tree',
    first: { size: 12 },
    second: { size: 20, after: 1 },
    history: HISTORY,
  },
])('$what is no evidence', { tags: ['TLG-21'] }, ({ first, second, history }) => {
  expect(find(first, second, history)).toBeUndefined()
})

test(
  'honest logs leave no evidence, whatever they sign and whoever proves',
  { tags: ['TLG-21'] },
  () => {
    const times = fc.nat(5)
    const size = fc.integer({ min: 0, max: 40 })
    fc.assert(
      fc.property(size, size, times, (one, other, after) => {
        const [oldSize, larger] = one < other ? [one, other] : [other, one]
        const shown = oldSize === 0 ? [] : historyProof(suite, tree, { oldSize, size: larger })
        expect(find({ size: larger, after }, { size: oldSize }, shown)).toBeUndefined()
      }),
      { numRuns: 40 },
    )
  },
)

test('every fork is shown by the history of the forked tree', { tags: ['TLG-20'] }, () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 3, max: 39 }),
      fc.integer({ min: 1, max: 40 }),
      (oldSize, more) => {
        const size = Math.min(40, oldSize + more)
        const history = historyProof(suite, fork, { oldSize, size })
        const evidence = find({ size: oldSize }, { size, of: fork, after: 1 }, history)
        expect(evidence).toMatchObject({ kind: 'rewritten' })
      },
    ),
    { numRuns: 40 },
  )
})

const GOOD = find(FORKED, { size: 12 }, HISTORY)!

test('evidence of another kind than it says is refused', { tags: ['TLG-21'] }, () => {
  const unproven = refusal('evidence-unproven')
  expect(() => judge({ ...GOOD, kind: 'two-roots', history: [] })).toThrow(unproven)
  expect(() => judge({ ...GOOD, kind: 'went-back', history: [] })).toThrow(unproven)
  const wentBack = find({ size: 21, after: 5 }, { size: 20, after: 6 })!
  expect(() => judge({ ...wentBack, history: HISTORY })).toThrow(unproven)
  const [smaller, larger] = wentBack.checkpoints
  expect(() => judge({ ...wentBack, checkpoints: [larger, smaller] })).toThrow(unproven)
})

test('a history of other hashes is refused', { tags: ['TLG-21'] }, () => {
  const other = HISTORY.with(0, tree.leaf(0))
  expect(() => judge({ ...GOOD, history: other })).toThrow(refusal('evidence-unproven'))
  expect(() => judge({ ...GOOD, history: HISTORY.slice(1) })).toThrow(refusal('proof-length'))
  expect(() => judge({ ...GOOD, history: [] })).toThrow(refusal('proof-length'))
})

test('a checkpoint that the log did not sign is refused', { tags: ['TLG-21'] }, () => {
  const [smaller, larger] = GOOD.checkpoints
  const forged = { ...smaller, root: fork.root(11) }
  expect(() => judge({ ...GOOD, checkpoints: [forged, larger] })).toThrow(
    refusal('signature-wrong'),
  )
})

test('evidence keeps the lines of the log alone', { tags: ['TLG-20'] }, () => {
  const cosigned = parseCheckpoint(`${said({ size: 20 })}\u2014 ${log.name} AAAAAAA=\n`)
  const other = parseCheckpoint(said({ size: 20, of: fork }))
  const evidence = findEvidence({ suite, log: log.known, checkpoints: [cosigned, other] })
  expect(evidence!.checkpoints.map(({ lines }) => lines.length)).toEqual([2, 2])
})

const JSON_FORM = evidenceJson(GOOD)
const [TEXT] = JSON_FORM['checkpoints'] as readonly string[]

test.for<{ what: string; json: Parameters<typeof parseEvidence>[0] }>([
  { what: 'no object', json: [] },
  { what: 'an unknown kind', json: { ...JSON_FORM, kind: 'toString' } },
  { what: 'an unknown member', json: { ...JSON_FORM, more: 1 } },
  { what: 'no checkpoints', json: { kind: 'two-roots', history: [] } },
  { what: 'one checkpoint', json: { ...JSON_FORM, checkpoints: [TEXT!] } },
  { what: 'three checkpoints', json: { ...JSON_FORM, checkpoints: [TEXT!, TEXT!, TEXT!] } },
  { what: 'a checkpoint that is no text', json: { ...JSON_FORM, checkpoints: [TEXT!, 1] } },
  { what: 'a line more', json: { ...JSON_FORM, checkpoints: [TEXT!, `${TEXT}— x AAAAAAA=\n`] } },
  { what: 'no history', json: { kind: 'two-roots', checkpoints: [TEXT!, TEXT!] } },
  { what: 'a history of no hashes', json: { ...JSON_FORM, history: ['AAAA'] } },
  {
    what: 'a history too long',
    json: { ...JSON_FORM, history: Array(55).fill(tree.leaf(0).toBase64()) },
  },
])('evidence with $what is refused', { tags: ['TLG-21'] }, ({ json }) => {
  expect(() => parseEvidence(json)).toThrow(refusal('evidence-malformed'))
})
