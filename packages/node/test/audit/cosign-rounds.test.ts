import { encodeCosignAnswer, parseCheckpoint } from '@warren/tlog'
import { expect, test } from 'vitest'
import { chooseCosigners } from '../../src/audit/choose-cosigners.ts'
import { LogMesh, type LogNode, suite } from './log-node.ts'

function meshOf(count: number): { mesh: LogMesh; node: LogNode; others: LogNode[] } {
  const mesh = new LogMesh()
  const node = mesh.node(1)
  const others = Array.from({ length: count }, (_, at) => mesh.node(at + 2))
  node.log.grow(10)
  return { mesh, node, others }
}

function sizes({ kept }: LogNode): readonly number[] {
  return kept.map((note) => parseCheckpoint(note).size)
}

test.for([
  { name: 'a moment too soon', afterMs: 4_999, entries: 1, expected: [10] },
  { name: 'after five seconds', afterMs: 5_000, entries: 1, expected: [10, 11] },
  { name: 'soon, with one entry too few', afterMs: 1_000, entries: 1_023, expected: [10] },
  { name: 'soon, with so many entries', afterMs: 1_000, entries: 1_024, expected: [10, 1_034] },
  { name: 'late, with nothing new', afterMs: 60_000, entries: 0, expected: [10] },
])('a log is cosigned again $name: $expected', { tags: ['AWT-6'] }, async (row) => {
  const { mesh, node } = meshOf(1)
  await node.rounds.tick()
  if (row.entries > 0) node.log.grow(row.entries)
  mesh.nowMs += row.afterMs
  await node.rounds.tick()
  expect(sizes(node)).toEqual(row.expected)
})

test('up to five are asked, and the same ones again', { tags: ['AWT-6'] }, async () => {
  const { mesh, node } = meshOf(8)
  await node.rounds.tick()
  const first = node.rounds.status().asked
  expect(first).toHaveLength(5)
  node.log.grow(1)
  mesh.nowMs += 5_000
  const [gone] = first
  mesh.away.add(gone!)
  await node.rounds.tick()
  const second = node.rounds.status().asked
  expect(second).toHaveLength(5)
  expect(second.filter((did) => first.includes(did))).toHaveLength(4)
  expect(second).not.toContain(gone)
})

const SELF = { did: 'did:self', enclave: 'plant' }
const candidates = (...enclaves: readonly string[]): { did: string; enclave: string }[] =>
  enclaves.map((enclave, at) => ({ did: `did:${at}`, enclave }))
const enclavesOf = (dids: readonly string[], all: { did: string; enclave: string }[]): string[] =>
  dids.map((did) => all.find((each) => each.did === did)?.enclave ?? '').toSorted()

test.for([
  { of: ['plant', 'plant', 'office', 'port'], countMax: 2, chosen: ['office', 'port'] },
  { of: ['plant', 'plant', 'office', 'port'], countMax: 3, chosen: ['office', 'plant', 'port'] },
  { of: ['plant', 'plant'], countMax: 5, chosen: ['plant', 'plant'] },
  { of: [], countMax: 5, chosen: [] },
])(
  'of members of $of those of $chosen are asked',
  { tags: ['AWT-6'] },
  ({ of, countMax, chosen }) => {
    const all = candidates(...of)
    const dids = chooseCosigners(suite, SELF, { candidates: all, before: [], countMax })
    expect(enclavesOf(dids, all)).toEqual(chosen)
  },
)

test(
  'a node never asks itself, and the order in which others are known changes nothing',
  { tags: ['AWT-6'] },
  () => {
    const all = [...candidates('a', 'a', 'a', 'b', 'b', 'b'), SELF]
    const wish = { before: [], countMax: 4 }
    const dids = chooseCosigners(suite, SELF, { candidates: all, ...wish })
    expect(dids).not.toContain(SELF.did)
    expect(chooseCosigners(suite, SELF, { candidates: all.toReversed(), ...wish })).toEqual(dids)
  },
)

test(
  'whoever comes later is asked too, though nothing was added',
  { tags: ['AWT-6'] },
  async () => {
    const { mesh, node, others } = meshOf(2)
    const { did } = others[1]!.log
    mesh.away.add(did)
    await node.rounds.tick()
    expect(node.rounds.status().cosigners).toHaveLength(1)
    mesh.away.delete(did)
    for (let round = 0; round < 3; round += 1) {
      mesh.nowMs += 5_000
      await node.rounds.tick()
    }
    expect(node.rounds.status().cosigners).toHaveLength(2)
    expect(sizes(node)).toEqual([10, 10])
  },
)

test.for([
  { answering: 3, enough: true },
  { answering: 2, enough: false },
])('$answering of 4 are enough: $enough', { tags: ['AWT-6'] }, async ({ answering, enough }) => {
  const { node, others } = meshOf(4)
  for (const { store } of others.slice(answering)) store().close()
  await node.rounds.tick()
  expect(sizes(node)).toEqual([10])
  expect(node.rounds.status().size).toBe(enough ? 10 : 0)
})

test(
  'a log that nobody cosigns is alarmed about after ten minutes, once, until somebody does',
  { tags: ['AWT-7'] },
  async () => {
    const { mesh, node, others } = meshOf(1)
    const { did } = others[0]!.log
    mesh.silent.add(did)
    await node.rounds.tick()
    mesh.nowMs += 599_999
    await node.rounds.tick()
    expect(node.alerts).toEqual([])
    mesh.nowMs += 1
    await node.rounds.tick()
    mesh.nowMs += 700_000
    await node.rounds.tick()
    expect(node.alerts).toMatchObject([{ code: 'uncosigned', severity: 'error' }])
    expect(node.rounds.status()).toMatchObject({ isAlarmed: true, uncosignedMs: 1_300_000 })
    mesh.silent.delete(did)
    mesh.nowMs += 5_000
    await node.rounds.tick()
    expect(node.alerts).toMatchObject([{ code: 'uncosigned' }, { code: 'cosigned-again' }])
    expect(node.rounds.status()).toMatchObject({ isAlarmed: false, uncosignedMs: 0, size: 10 })
  },
)

test('a node that is alone waits without an alarm', { tags: ['AWT-7'] }, async () => {
  const { mesh, node, others } = meshOf(1)
  mesh.away.add(others[0]!.log.did)
  await node.rounds.tick()
  mesh.nowMs += 6_000_000
  await node.rounds.tick()
  expect(node.alerts).toEqual([])
  expect(mesh.asked).toEqual([])
})

test('a log that is behind what a member has cosigned says so', { tags: ['AWT-7'] }, async () => {
  const { mesh, node } = meshOf(1)
  node.log.grow(5, 10)
  await node.rounds.tick()
  // An older copy of the log, signed anew within the second of the newest checkpoint.
  node.log.entries.length = 12
  node.log.sign(10)
  mesh.nowMs += 5_000
  await node.rounds.tick()
  expect(node.alerts).toMatchObject([{ code: 'log-behind', severity: 'error' }])
  expect(sizes(node)).toEqual([15])
})

/** A member that says, as long as it lies, that it has cosigned more than any log has. */
function liar(node: LogNode): { lies: boolean } {
  const state = { lies: true }
  const answer = node.cosigner.answer.bind(node.cosigner)
  node.cosigner.answer = async (...question) =>
    state.lies
      ? encodeCosignAnswer({ status: 409, size: Number.MAX_SAFE_INTEGER })
      : answer(...question)
  return state
}

async function grownRound(mesh: LogMesh, node: LogNode): Promise<void> {
  node.log.grow(2)
  mesh.nowMs += 5_000
  await node.rounds.tick()
}

const codes = ({ alerts }: LogNode): readonly string[] => alerts.map(({ code }) => code)

test(
  'a lie of one member is told once, and keeps neither what another one finds nor its own next finding from being told',
  { tags: ['AWT-7'] },
  async () => {
    const { mesh, node, others } = meshOf(2)
    const lying = liar(others[0]!)
    for (let count = 0; count < 3; count += 1) await grownRound(mesh, node)
    expect(codes(node)).toEqual(['log-behind'])
    lying.lies = false
    await grownRound(mesh, node)
    node.log.rewrite(0)
    await grownRound(mesh, node)
    await grownRound(mesh, node)
    expect(codes(node)).toEqual(['log-behind', 'cosign-refused', 'cosign-refused'])
    expect(new Set(node.alerts.slice(1).map(({ about }) => about))).toEqual(
      new Set(others.map(({ log }) => log.did)),
    )
  },
)

test.for([
  { pauseMs: 599_999, told: 1 },
  { pauseMs: 600_000, told: 2 },
])(
  'a member that lies, cosigns, and lies again $pauseMs ms later is told of $told times',
  { tags: ['AWT-7'] },
  async ({ pauseMs, told }) => {
    const { mesh, node, others } = meshOf(1)
    const lying = liar(others[0]!)
    await grownRound(mesh, node)
    const firstMs = mesh.nowMs
    lying.lies = false
    await grownRound(mesh, node)
    lying.lies = true
    mesh.nowMs = firstMs + pauseMs - 5_000
    await grownRound(mesh, node)
    expect(codes(node).filter((code) => code === 'log-behind')).toHaveLength(told)
  },
)
