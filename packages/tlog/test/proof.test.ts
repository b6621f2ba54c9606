import {
  cosign,
  formatProof,
  inclusionProof,
  parseCheckpoint,
  parseProof,
  type TlogProof,
  type TrustPolicy,
  verifyProof,
} from '@warren/tlog'
import { expect, test } from 'vitest'
import { checkpointText, NOW_SECONDS, signer } from './logs.ts'
import { entries, MemoryTree, refusal, suite } from './trees.ts'

const ENTRIES = entries(70)
const tree = new MemoryTree(ENTRIES)
const HEAD = { size: 70, root: tree.root(70) }
const log = signer(1)
const cosigner = signer(2)
const LINES = cosign({
  suite,
  name: cosigner.name,
  signers: cosigner.signers,
  origin: log.name,
  ...HEAD,
  timeSeconds: NOW_SECONDS + 1,
})
const POLICY: TrustPolicy = {
  logs: [log.known],
  cosigners: [cosigner.known],
  quorum: { cosigner: cosigner.name },
}
const PROOF: TlogProof = {
  index: 33,
  hashes: inclusionProof(suite, tree, { index: 33, size: 70 }),
  checkpoint: parseCheckpoint(checkpointText(log, HEAD) + LINES),
}
const TEXT = formatProof(PROOF)

function judge(change: Partial<TlogProof>, entry = ENTRIES[33]!): unknown {
  return verifyProof({ suite, proof: { ...PROOF, ...change }, entry, policy: POLICY })
}

test('a proof says which entry stood in the log, and who saw it', { tags: ['TLG-28'] }, () => {
  const { head, cosignatures } = verifyProof({
    suite,
    proof: parseProof(TEXT),
    entry: ENTRIES[33]!,
    policy: POLICY,
  })
  expect(head).toMatchObject({ origin: log.name, ...HEAD, timeSeconds: NOW_SECONDS })
  expect(cosignatures).toMatchObject([{ name: cosigner.name, timeSeconds: NOW_SECONDS + 1 }])
})

test('a proof of anything else is refused', { tags: ['TLG-28'] }, () => {
  expect(() => judge({}, ENTRIES[32])).toThrow(refusal('inclusion-unproven'))
  expect(() => judge({ index: 32 })).toThrow(refusal('inclusion-unproven'))
  expect(() => judge({ index: 70 })).toThrow(refusal('index-out-of-range'))
  expect(() => judge({ hashes: PROOF.hashes.slice(1) })).toThrow(refusal('proof-length'))
  const { checkpoint } = PROOF
  const uncosigned = { ...checkpoint, lines: checkpoint.lines.slice(0, 2) }
  expect(() => judge({ checkpoint: uncosigned })).toThrow(refusal('quorum-missed'))
  const stripped = { ...checkpoint, lines: checkpoint.lines.slice(1) }
  expect(() => judge({ checkpoint: stripped })).toThrow(refusal('signature-missing'))
})

test(
  'an entry of a tree that was made up is refused by its checkpoint',
  { tags: ['TLG-28'] },
  () => {
    const made = new MemoryTree(ENTRIES.with(33, new Uint8Array(9)))
    const hashes = inclusionProof(suite, made, { index: 33, size: 70 })
    const checkpoint = { ...PROOF.checkpoint, root: made.root(70) }
    expect(() => judge({ hashes, checkpoint }, new Uint8Array(9))).toThrow(
      refusal('signature-wrong'),
    )
  },
)

test('a proof reads as it is written, with whatever extra it carries', { tags: ['TLG-29'] }, () => {
  expect(parseProof(TEXT)).toEqual(PROOF)
  expect(TEXT.startsWith('c2sp.org/tlog-proof@v1\nindex 33\n')).toBe(true)
  for (const length of [0, 1, 65_536]) {
    const extra = new Uint8Array(length).fill(7)
    const text = formatProof({ ...PROOF, extra })
    expect(parseProof(text)).toEqual({ ...PROOF, extra })
  }
  const only = formatProof({ ...PROOF, index: 0, hashes: [] })
  expect(parseProof(only)).toMatchObject({ index: 0, hashes: [] })
  expect(() => formatProof({ ...PROOF, extra: new Uint8Array(65_537) })).toThrow(
    refusal('note-malformed'),
  )
  expect(() => formatProof({ ...PROOF, index: -1 })).toThrow(refusal('size-malformed'))
})

const HASH = `${tree.leaf(0).toBase64()}\n`

test.for<{ what: string; change: (text: string) => string; code?: string }>([
  { what: 'nothing', change: () => '' },
  { what: 'another first line', change: (text) => text.replace('@v1', '@v2') },
  { what: 'no index', change: (text) => text.replace('index 33\n', '') },
  { what: 'two indexes', change: (text) => text.replace('index 33\n', 'index 33\nindex 33\n') },
  { what: 'a leading zero', change: (text) => text.replace('index 33', 'index 033') },
  {
    what: 'extra behind the index',
    change: (text) => text.replace('index 33\n', 'index 33\nextra AAAA\n'),
  },
  { what: 'two extras', change: (text) => text.replace('index', 'extra AAAA\nextra AAAA\nindex') },
  { what: 'extra that is not base64', change: (text) => text.replace('index', 'extra %\nindex') },
  { what: 'a short hash', change: (text) => text.replace('index 33\n', 'index 33\nAAAA\n') },
  {
    what: '64 hashes',
    change: (text) => text.replace(/index 33\n[^]*?\n\n/, `index 33\n${HASH.repeat(64)}\n`),
  },
  {
    what: '1000 hashes',
    change: (text) => text.replace(/index 33\n[^]*?\n\n/, `index 33\n${HASH.repeat(1000)}\n`),
  },
  { what: 'no checkpoint', change: (text) => text.replace(/\n\n[^]*/, '\n\n') },
  { what: 'a carriage return', change: (text) => text.replace('\n', '\r\n') },
  { what: 'too many bytes', change: (text) => text + 'x'.repeat(210_000), code: 'note-too-long' },
])('a proof with $what is refused', { tags: ['TLG-29'] }, ({ change, code }) => {
  expect(() => parseProof(change(TEXT))).toThrow(refusal(code ?? 'note-malformed'))
})

test('63 hashes are read', { tags: ['TLG-29'] }, () => {
  const text = TEXT.replace(/index 33\n[^]*?\n\n/, `index 33\n${HASH.repeat(63)}\n`)
  expect(parseProof(text).hashes).toHaveLength(63)
})
