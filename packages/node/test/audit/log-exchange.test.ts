import type { Did } from '@warren/identity'
import { encodeAddCheckpoint, parseCheckpoint, verifyEvidence } from '@warren/tlog'
import { expect, test } from 'vitest'
import { decodeQuestion, encodeQuestion } from '../../src/audit/audit-question.ts'
import { LogExchange } from '../../src/audit/log-exchange.ts'
import { LogMesh, type LogNode, suite } from './log-node.ts'

/** A log, and two that can cosign it and talk to one another. */
function threeNodes(): { mesh: LogMesh; node: LogNode; one: LogNode; other: LogNode } {
  const mesh = new LogMesh()
  const [node, one, other] = [mesh.node(1), mesh.node(2), mesh.node(3)]
  return { mesh, node, one, other }
}

async function cosign(node: LogNode, by: LogNode): Promise<void> {
  const note = node.log.note!
  const oldSize = by.store().cosignedTrees.get(node.log.did)?.size ?? 0
  const proof = await node.log.consistencyProof(oldSize, parseCheckpoint(note).size)
  const request = encodeAddCheckpoint({ oldSize, proof, checkpoint: note })
  await by.cosigner.answer(encodeQuestion({ ask: 'cosign', request }), node.log.did)
}

/** Tells one cosigner one story and the other another, and goes on with the second. */
async function tellTwoStories(
  { node, one, other }: ReturnType<typeof threeNodes>,
  sizes: { one: number; other: number },
): Promise<void> {
  node.log.grow(sizes.one)
  await cosign(node, one)
  node.log.entries = node.log.entries.slice(0, 5)
  node.log.rewrite(2)
  node.log.grow(sizes.other - 5)
  await cosign(node, other)
}

test.for([
  { one: 20, other: 20, kind: 'two-roots' },
  { one: 20, other: 23, kind: 'rewritten' },
  { one: 16, other: 23, kind: 'rewritten' },
  { one: 23, other: 20, kind: 'went-back' },
])(
  'two stories of $one and $other entries are found: $kind',
  { tags: ['THR-36', 'AWT-8', 'AWT-3'] },
  async ({ kind, ...sizes }) => {
    const nodes = threeNodes()
    const { node, one, other } = nodes
    await tellTwoStories(nodes, sizes)
    await one.exchange.round()
    await other.exchange.round()
    for (const { evidence } of [one, other]) {
      expect(evidence[0]).toMatchObject({ kind })
      expect(() =>
        verifyEvidence({ suite, evidence: evidence[0]!, log: node.log.key.signer }),
      ).not.toThrow()
    }
  },
)

test(
  'a log that has only grown is cosigned again once it has shown that',
  { tags: ['AWT-8'] },
  async () => {
    const { mesh, node, one, other } = threeNodes()
    node.log.grow(20)
    await cosign(node, one)
    node.log.grow(3)
    await cosign(node, other)
    mesh.away.add(node.log.did)
    await one.exchange.round()
    expect(one.doubts.has(node.log.did)).toBe(true)
    await expect(cosign(node, one)).rejects.toMatchObject({ code: 'audit-doubted' })
    mesh.away.delete(node.log.did)
    await one.exchange.round()
    await other.exchange.round()
    expect([one.alerts, other.alerts, one.evidence, other.evidence]).toEqual([[], [], [], []])
    await cosign(node, one)
    expect(one.store().cosignedTrees.get(node.log.did)).toMatchObject({ size: 23 })
  },
)

test.for([
  { shows: 'nothing', answer: Buffer.alloc(0) },
  { shows: 'no hashes', answer: Buffer.alloc(33) },
  { shows: 'hashes of nothing', answer: Buffer.alloc(32 * 4) },
])(
  'a log that shows $shows is not cosigned any more, and its cosigners say so once',
  { tags: ['AWT-8'] },
  async ({ answer }) => {
    const nodes = threeNodes()
    const { node, one } = nodes
    await tellTwoStories(nodes, { one: 20, other: 23 })
    node.cosigner.answer = async () => answer
    await one.exchange.round()
    await one.exchange.round()
    expect(one.evidence).toEqual([])
    expect(one.alerts).toMatchObject([{ code: 'log-unproven', about: node.log.did }])
    await expect(cosign(node, one)).rejects.toMatchObject({ code: 'audit-doubted' })
  },
)

test(
  'what a log has not signed raises no doubt, whoever shows it',
  { tags: ['AWT-8'] },
  async () => {
    const { node, one, other } = threeNodes()
    node.log.grow(20)
    await cosign(node, one)
    const forged = other.log
      .grow(23)
      .replaceAll(other.log.key.signer.name, node.log.key.signer.name)
    const question = encodeQuestion({ ask: 'compare', checkpoint: forged })
    const shown = await one.cosigner.answer(question, other.log.did)
    expect(Buffer.from(shown).toString()).toBe(
      one.store().cosignedTrees.get(node.log.did)?.checkpoint,
    )
    expect(one.doubts.has(node.log.did)).toBe(false)
    expect(one.evidence).toEqual([])
  },
)

test(
  'who is shown a log that it does not hold, or of no member, shows nothing',
  { tags: ['AWT-8'] },
  async () => {
    const { mesh, node, one, other } = threeNodes()
    const question = encodeQuestion({ ask: 'compare', checkpoint: node.log.grow(20) })
    expect(await one.cosigner.answer(question, other.log.did)).toHaveLength(0)
    await cosign(node, one)
    mesh.removed.add(node.log.did)
    expect(await one.cosigner.answer(question, other.log.did)).toHaveLength(0)
  },
)

/** Shows one node, in the name of another, a checkpoint of the log, and waits until that log has been asked. */
async function show(note: string, { to, by }: { to: LogNode; by: LogNode }): Promise<void> {
  const question = encodeQuestion({ ask: 'compare', checkpoint: note })
  await to.cosigner.answer(question, by.log.did)
  await to.doubts.settled()
}

/** How often the log has been asked what it was. */
function asked({ asked: questions }: LogMesh): number {
  return questions.filter(({ question }) => decodeQuestion(question).ask === 'history').length
}

test(
  'a member that shows old checkpoints, another one before each round, keeps nobody from cosigning',
  { tags: ['AWT-12'] },
  async () => {
    const { node, one, other } = threeNodes()
    const old = Array.from({ length: 12 }, () => node.log.grow(3))
    await cosign(node, one)
    for (const note of old.slice(0, -1)) {
      await show(note, { to: one, by: other })
      const size = parseCheckpoint(node.log.grow(3)).size
      await cosign(node, one)
      expect(one.store().cosignedTrees.get(node.log.did)).toMatchObject({ size })
    }
    expect([one.alerts, one.evidence]).toEqual([[], []])
  },
)

test(
  'what was shown to belong to a log raises no doubt again, of as many as 16 checkpoints',
  { tags: ['AWT-12'] },
  async () => {
    const { mesh, node, one, other } = threeNodes()
    const old = Array.from({ length: 17 }, () => node.log.grow(3))
    node.log.grow(3)
    await cosign(node, one)
    for (const note of old.slice(0, 16)) await show(note, { to: one, by: other })
    expect(asked(mesh)).toBe(16)
    for (const note of old.slice(0, 16)) await show(note, { to: one, by: other })
    expect(asked(mesh)).toBe(16)
    mesh.nowMs += 10_000
    await show(old[16]!, { to: one, by: other })
    await show(old[0]!, { to: one, by: other })
    expect(asked(mesh)).toBe(18)
  },
)

test(
  'a larger tree that was settled once is compared again with what was cosigned since',
  { tags: ['AWT-8', 'AWT-12'] },
  async () => {
    const { node, one, other } = threeNodes()
    node.log.grow(20)
    await cosign(node, one)
    const first = node.log.grow(3)
    await show(first, { to: one, by: other })
    expect(one.doubts.has(node.log.did)).toBe(false)
    node.log.rewrite(21)
    node.log.grow(4)
    await cosign(node, one)
    expect(one.store().cosignedTrees.get(node.log.did)).toMatchObject({ size: 27 })
    await show(first, { to: one, by: other })
    expect(one.evidence).toMatchObject([{ kind: 'rewritten' }])
    await expect(cosign(node, one)).rejects.toMatchObject({ code: 'audit-doubted' })
  },
)

test(
  'a member raises 16 doubts in ten seconds, and none beyond; others still do',
  { tags: ['AWT-12'] },
  async () => {
    const { mesh, node, one, other } = threeNodes()
    const third = mesh.node(4)
    const old = Array.from({ length: 19 }, () => node.log.grow(3))
    node.log.grow(3)
    await cosign(node, one)
    for (const note of old.slice(0, 17)) await show(note, { to: one, by: other })
    expect(asked(mesh)).toBe(16)
    await show(old[17]!, { to: one, by: third })
    expect(asked(mesh)).toBe(17)
    mesh.nowMs += 9_999
    await show(old[18]!, { to: one, by: other })
    expect(asked(mesh)).toBe(17)
    mesh.nowMs += 1
    await show(old[18]!, { to: one, by: other })
    expect(asked(mesh)).toBe(18)
  },
)

test(
  'a log that could not be asked is asked again when it wants to be cosigned',
  { tags: ['AWT-12'] },
  async () => {
    const { mesh, node, one, other } = threeNodes()
    const old = node.log.grow(3)
    node.log.grow(3)
    await cosign(node, one)
    mesh.away.add(node.log.did)
    await show(old, { to: one, by: other })
    await expect(cosign(node, one)).rejects.toMatchObject({ code: 'audit-doubted' })
    await one.doubts.settled()
    expect(one.doubts.has(node.log.did)).toBe(true)
    mesh.away.delete(node.log.did)
    await expect(cosign(node, one)).rejects.toMatchObject({ code: 'audit-doubted' })
    await one.doubts.settled()
    node.log.grow(1)
    await cosign(node, one)
    expect(one.store().cosignedTrees.get(node.log.did)).toMatchObject({ size: 7 })
  },
)

test('a question is read as it was written', { tags: ['AWT-5'] }, () => {
  const questions = [
    { ask: 'cosign', request: Buffer.from('old 0\n\n') },
    { ask: 'compare', checkpoint: 'ä\n' },
    { ask: 'history', oldSize: 0, size: Number.MAX_SAFE_INTEGER },
  ] as const
  for (const question of questions) {
    expect(decodeQuestion(encodeQuestion(question))).toEqual(question)
  }
})

test.for([
  '',
  'cosign',
  'cosigned\n',
  'history 3 2\n',
  'history 1 2',
  'history 1 2\nmore',
  'history 01 2\n',
  'history 0 0\n',
  'history -1 2\n',
  `history 1 ${Number.MAX_SAFE_INTEGER + 1}\n`,
  `${'x'.repeat(100)}\n`,
])('%j is no question', { tags: ['AWT-5'] }, (text) => {
  expect(() => decodeQuestion(Buffer.from(text))).toThrow(
    expect.objectContaining({ name: 'NodeError', code: 'audit-question-malformed' }),
  )
})

/** One who has cosigned so many logs, of which the first ones are of nobody who is a member now, and what it does. */
function manyLogs(counts: { all: number; gone: number }): {
  exchange: LogExchange
  dids: readonly Did[]
  /** Whose key log was looked up, and whose log compared, since this was emptied last. */
  did: { lookedUp: string[]; compared: number }
} {
  const { log, store, doubts } = new LogMesh().node(1)
  const dids = Array.from(
    { length: counts.all },
    (_, at): Did => `did:webvh:${String(at).padStart(3, '0')}`,
  )
  const tree = { size: 1, signedSeconds: 1, cosignedSeconds: 1, checkpoint: log.grow(1) }
  for (const each of dids) store().cosignedTrees.advance({ did: each, ...tree }, undefined)
  const did = { lookedUp: new Array<string>(), compared: 0 }
  const exchange = new LogExchange({
    random: { randomBytes: (length) => new Uint8Array(length) },
    trees: store().cosignedTrees,
    doubts,
    logOf: (of) => {
      did.lookedUp.push(of)
      const at = dids.findIndex((each) => each === of)
      const known = dids[at]
      return known === undefined || at < counts.gone ? undefined : { ...log.key, did: known }
    },
    members: () => ['did:webvh:peer'],
    ask: async () => {
      did.compared += 1
      return new Uint8Array()
    },
  })
  return { exchange, dids, did }
}

test(
  'of however many logs, 8 in a round are looked up and compared, and each in its turn',
  { tags: ['AWT-13'] },
  async () => {
    const { exchange, dids, did } = manyLogs({ all: 20, gone: 0 })
    for (const expected of [
      dids.slice(0, 8),
      dids.slice(8, 16),
      dids.slice(16),
      dids.slice(0, 8),
    ]) {
      did.lookedUp.length = 0
      did.compared = 0
      await exchange.round()
      expect(did.lookedUp).toEqual(expected)
      expect(did.compared).toBe(expected.length)
    }
  },
)

test.for([
  { gone: 63, rounds: [1, 1, 1] },
  { gone: 64, rounds: [0, 2, 0] },
])(
  'of $gone members who have left, and two who have not, 64 logs at most are looked at in a round',
  { tags: ['AWT-13'] },
  async ({ gone, rounds }) => {
    const { exchange, did } = manyLogs({ all: gone + 2, gone })
    for (const compared of rounds) {
      did.lookedUp.length = 0
      did.compared = 0
      await exchange.round()
      expect(did.lookedUp.length).toBeLessThanOrEqual(64)
      expect(did.compared).toBe(compared)
    }
  },
)
