import {
  cosign as signLines,
  type CosignAnswer,
  decodeCosignAnswer,
  encodeAddCheckpoint,
  encodeCosignAnswer,
  parseCheckpoint,
  verifyCosignatures,
  verifyEvidence,
} from '@warren/tlog'
import { expect, test } from 'vitest'
import { encodeQuestion } from '../../src/audit/audit-question.ts'
import { LogMesh, type LogNode, NOW_SECONDS, suite } from './log-node.ts'

const DAY_MS = 86_400_000
/** Mesh time when a mesh has made its first round. */
const START_MS = NOW_SECONDS * 1000 + 1_005_000
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59)

/** A mesh of one log and some that can cosign it; the log has so many entries. */
function meshOf(count: number, entries = 10): { mesh: LogMesh; node: LogNode; others: LogNode[] } {
  const mesh = new LogMesh()
  const node = mesh.node(1)
  const others = Array.from({ length: count }, (_, at) => mesh.node(at + 2))
  node.log.grow(entries)
  return { mesh, node, others }
}

async function round({ mesh, node }: { mesh: LogMesh; node: LogNode }): Promise<void> {
  mesh.nowMs += 5_000
  await node.rounds.tick()
}

/** Asks for a cosignature in the name of a node, by hand. */
async function cosign(
  node: LogNode,
  by: LogNode,
  wish: { oldSize: number; note?: string; proof?: readonly Uint8Array[]; as?: LogNode },
): Promise<CosignAnswer> {
  const { oldSize, note = node.log.note ?? '', as = node } = wish
  const { size } = parseCheckpoint(note)
  const proof = wish.proof ?? (await node.log.consistencyProof(oldSize, size))
  const request = encodeAddCheckpoint({ oldSize, proof, checkpoint: note })
  const answer = await by.cosigner.answer(encodeQuestion({ ask: 'cosign', request }), as.log.did)
  return decodeCosignAnswer(answer)
}

test(
  'a log is cosigned by those around it, and what they signed is kept',
  { tags: ['AWT-1', 'AWT-6'] },
  async () => {
    const all = meshOf(3)
    const { node, others } = all
    await round(all)
    node.log.grow(7)
    await round(all)
    const cosigners = others.map(({ log }) => log.key.signer)
    const notes = node.kept.map((note) => parseCheckpoint(note))
    expect(notes.map(({ size }) => size)).toEqual([10, 17])
    for (const checkpoint of notes) {
      const input = { suite, checkpoint, log: node.log.key.signer, cosigners }
      expect(verifyCosignatures(input)).toHaveLength(3)
    }
    expect([...node.keptLogs.values()].toSorted()).toEqual(
      others.map(({ log }) => log.key.keyLog).toSorted(),
    )
    expect(node.rounds.status()).toMatchObject({ size: 17, isAlarmed: false })
    for (const { store } of others) {
      expect(store().cosignedTrees.get(node.log.did)).toMatchObject({ size: 17 })
    }
  },
)

test('what was signed is on the disk before the answer leaves', { tags: ['AWT-2'] }, async () => {
  const { node, others } = meshOf(1)
  const [by] = others
  by!.store().close()
  await expect(cosign(node, by!, { oldSize: 0 })).rejects.toMatchObject({ code: 'store-closed' })
})

test.for([
  { name: 'of somebody who is no member', remove: true, status: 404 },
  { name: 'of another member', byOther: true, status: 404 },
  { name: 'that makes no sense', malformed: true, status: 400 },
])('a request $name is answered with $status', { tags: ['AWT-1'] }, async (row) => {
  const { mesh, node, others } = meshOf(2)
  const [by, other] = others
  if (row.remove === true) mesh.removed.add(node.log.did)
  if (row.malformed === true) {
    const question = encodeQuestion({ ask: 'cosign', request: Buffer.from('old one\n\n') })
    const answer = await by!.cosigner.answer(question, node.log.did)
    expect(decodeCosignAnswer(answer)).toEqual({ status: row.status })
  } else {
    const as = row.byOther === true ? other! : node
    expect(await cosign(node, by!, { oldSize: 0, as })).toEqual({ status: row.status })
  }
  expect(by!.store().cosignedTrees.after('', 10_001)).toEqual([])
})

test.for([
  { name: 'as much as a day after', offMs: DAY_MS, cosigners: 2 },
  { name: 'as much as a day before', offMs: -DAY_MS, cosigners: 2 },
  { name: 'more than a day after', offMs: DAY_MS + 1_000, cosigners: 1 },
  { name: 'more than a day before', offMs: -DAY_MS - 1_000, cosigners: 1 },
  { name: 'in the last second of 9999, after', offMs: LAST_MS - START_MS, cosigners: 1 },
  { name: 'in no year that has four digits, after', offMs: 2 ** 52, cosigners: 1 },
])(
  'of two who cosign, one at a time that is $name mesh time, $cosigners count',
  { tags: ['AWT-11'] },
  async ({ offMs, cosigners }) => {
    const all = meshOf(2)
    const { mesh, node, others } = all
    mesh.clockOffMs.set(others[0]!.log.did, offMs)
    await round(all)
    const known = others.map(({ log }) => log.key.signer)
    const checkpoint = parseCheckpoint(node.kept[0]!)
    const input = { suite, checkpoint, log: node.log.key.signer, cosigners: known }
    expect(verifyCosignatures(input)).toHaveLength(cosigners)
  },
)

test.for([
  { name: 'its own keys', borrowed: false, cosigners: 2 },
  { name: 'the Ed25519 key of the other one', borrowed: true, cosigners: 1 },
])(
  'of two who cosign, one lists the keys of the other and signs with $name: $cosigners count',
  { tags: ['AWT-11'] },
  async ({ borrowed, cosigners }) => {
    const all = meshOf(2)
    const { mesh, node, others } = all
    const [honest, hostile] = [others[0]!.log, others[1]!]
    mesh.away.add(hostile.log.did)
    await round(all)
    mesh.away.delete(hostile.log.did)
    const { key } = hostile.log
    const [own, stolen] = [key.signer.keys[0]!, honest.key.signer.keys[0]!]
    const listed = { ...key.signer, keys: [own, stolen, { ...own, ed25519: stolen.ed25519 }] }
    const logOf = mesh.logOf.bind(mesh)
    mesh.logOf = (did) => (did === key.did ? { ...key, signer: listed } : logOf(did))
    const { ed25519, mlDsa44 } = hostile.log.signers
    const signers = { ed25519: borrowed ? honest.signers.ed25519 : ed25519, mlDsa44 }
    // Whoever sees what another one has signed can put that line under its own name.
    hostile.cosigner.answer = async () => {
      const { origin, size, root } = parseCheckpoint(node.log.note!)
      const { name } = key.signer
      const timeSeconds = NOW_SECONDS + 1_000
      const lines = signLines({ suite, name, signers, timeSeconds, origin, size, root })
      return encodeCosignAnswer({ status: 200, lines })
    }
    await round(all)
    expect(node.rounds.status()).toMatchObject({ asked: { length: 2 }, size: 10 })
    const signed = parseCheckpoint(node.kept.at(-1)!).lines.map(({ name }) => name)
    expect(new Set(signed).size).toBe(1 + cosigners)
    expect(signed).toContain(honest.key.signer.name)
  },
)

test('a note without one of its two lines is not cosigned', { tags: ['AWT-1'] }, async () => {
  const { node, others } = meshOf(1)
  const note = node.log.note!
  const stripped = `${note.split('\n').slice(0, -2).join('\n')}\n`
  expect(await cosign(node, others[0]!, { oldSize: 0, note: stripped })).toEqual({ status: 403 })
  expect(others[0]!.alerts).toMatchObject([{ code: 'log-refused', about: node.log.did }])
})

test(
  'an old note again is told what is held, and takes nothing back',
  { tags: ['AWT-2'] },
  async () => {
    const { node, others } = meshOf(1)
    const [by] = others
    const old = node.log.note!
    expect((await cosign(node, by!, { oldSize: 0 })).status).toBe(200)
    node.log.grow(5)
    expect((await cosign(node, by!, { oldSize: 10 })).status).toBe(200)
    expect(await cosign(node, by!, { oldSize: 0, note: old })).toEqual({ status: 409, size: 15 })
    expect(await cosign(node, by!, { oldSize: 10, note: old, proof: [] })).toEqual({
      status: 409,
      size: 15,
    })
    expect(by!.store().cosignedTrees.get(node.log.did)).toMatchObject({ size: 15 })
  },
)

test(
  'of two requests in a race one is told to begin from the other',
  { tags: ['AWT-2'] },
  async () => {
    const { node, others } = meshOf(1)
    const [by] = others
    await cosign(node, by!, { oldSize: 0 })
    const left = node.log.grow(3)
    const right = node.log.grow(4)
    const answers = await Promise.all([
      cosign(node, by!, { oldSize: 10, note: left }),
      cosign(node, by!, { oldSize: 10, note: right }),
    ])
    expect(answers.map(({ status }) => status)).toEqual([200, 409])
  },
)

/** That a node was told once of each member that its log is not what that one has cosigned, and of nothing else. */
function expectRefusedByAll(node: LogNode, others: readonly LogNode[]): void {
  const told = others.map(({ log }) => ({
    code: 'cosign-refused',
    severity: 'error',
    about: log.did,
  }))
  expect(node.alerts).toHaveLength(told.length)
  expect(node.alerts).toEqual(
    expect.arrayContaining(told.map((each) => expect.objectContaining(each))),
  )
}

test(
  'a log that was rewritten under its own keys is refused by all, and shows it itself',
  { tags: ['THR-36', 'AWT-3', 'AWT-7'] },
  async () => {
    for (const entries of [10, 16]) {
      const all = meshOf(3, entries)
      const { node, others } = all
      await round(all)
      node.log.rewrite(3)
      node.log.grow(2)
      await round(all)
      expect(node.kept).toHaveLength(1)
      for (const { evidence } of others) {
        expect(evidence).toMatchObject([{ kind: 'rewritten' }])
        const [shown] = evidence
        expect(() =>
          verifyEvidence({ suite, evidence: shown!, log: node.log.key.signer }),
        ).not.toThrow()
      }
      expectRefusedByAll(node, others)
    }
  },
)

test(
  'a log that was taken back is refused, told, and shown',
  { tags: ['THR-36', 'AWT-3', 'AWT-7'] },
  async () => {
    const all = meshOf(2)
    const { node, others } = all
    await round(all)
    node.log.entries.length = 6
    node.log.sign(5)
    await round(all)
    expectRefusedByAll(node, others)
    for (const { evidence } of others) expect(evidence).toMatchObject([{ kind: 'went-back' }])
  },
)

test(
  'who was set back to an older copy is reminded of what it signed',
  { tags: ['AWT-4'] },
  async () => {
    const all = meshOf(1)
    const { node, others } = all
    const [by] = others
    await round(all)
    const copy = by!.store().cosignedTrees.after('', 10_001)
    node.log.grow(10)
    await round(all)
    by!.restore(copy)
    node.log.grow(3)
    await round(all)
    expect(by!.store().cosignedTrees.get(node.log.did)).toMatchObject({ size: 23 })
    const shown = all.mesh.asked.slice(-2).map(({ question }) => Buffer.from(question).toString())
    expect(shown[0]).toContain('old 20\n')
    expect(shown[0]).toContain(`— ${by!.log.key.signer.name} `)
    expect(shown[1]).toContain('old 20\n')
    expect(node.kept.map((note) => parseCheckpoint(note).size)).toEqual([10, 20, 23])
  },
)

test(
  'who was set back signs nothing that does not continue what it has',
  { tags: ['AWT-4'] },
  async () => {
    const { node, others } = meshOf(1)
    const [by] = others
    await cosign(node, by!, { oldSize: 0 })
    const copy = by!.store().cosignedTrees.after('', 10_001)
    node.log.grow(10)
    await cosign(node, by!, { oldSize: 10 })
    by!.restore(copy)
    node.log.grow(3)
    expect(await cosign(node, by!, { oldSize: 20 })).toEqual({ status: 409, size: 10 })
    expect((await cosign(node, by!, { oldSize: 10 })).status).toBe(200)
  },
)

test(
  'a flood is refused after so many questions, and heard again later',
  { tags: ['AWT-5'] },
  async () => {
    const { mesh, node, others } = meshOf(2)
    const [by, other] = others
    for (let count = 0; count < 64; count += 1)
      await cosign(node, by!, { oldSize: 0, note: node.log.note! })
    await expect(cosign(node, by!, { oldSize: 0 })).rejects.toMatchObject({
      code: 'audit-asked-too-often',
    })
    other!.log.grow(1)
    expect((await cosign(other!, by!, { oldSize: 0 })).status).toBe(200)
    mesh.nowMs += 10_000
    expect((await cosign(node, by!, { oldSize: 10 })).status).toBe(200)
  },
)

test.for([
  {
    name: 'a proof of 64 hashes',
    request: `old 1\n${`${Buffer.alloc(32).toString('base64')}\n`.repeat(64)}\n`,
    note: true,
  },
  {
    name: 'a note of more than 65,536 bytes',
    request: `old 0\n\n${'x'.repeat(65_537)}`,
    note: false,
  },
  { name: 'nothing', request: '', note: false },
])('$name is answered with 400, and costs no signature', { tags: ['AWT-5'] }, async (row) => {
  const { node, others } = meshOf(1)
  const [by] = others
  const request = Buffer.from(row.note ? `${row.request}${node.log.note}` : row.request)
  const answer = await by!.cosigner.answer(encodeQuestion({ ask: 'cosign', request }), node.log.did)
  expect(decodeCosignAnswer(answer)).toEqual({ status: 400 })
  expect(by!.store().cosignedTrees.after('', 10_001)).toEqual([])
})
