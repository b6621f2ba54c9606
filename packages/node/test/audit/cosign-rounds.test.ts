import { setImmediate as nextTurn } from 'node:timers/promises'
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

test(
  'whoever has not cosigned in six rounds is asked no more, and three of five keep no log from being cosigned',
  { tags: ['AWT-14'] },
  async () => {
    const { mesh, node } = meshOf(11)
    await node.rounds.tick()
    const first = node.rounds.status().asked
    const silent = first.slice(0, 3)
    for (const did of silent) mesh.silent.add(did)
    for (let round = 1; round <= 6; round += 1) {
      await grownRound(mesh, node)
      expect(node.rounds.status()).toMatchObject({ asked: first, size: 10 })
    }
    await grownRound(mesh, node)
    const { asked, size } = node.rounds.status()
    expect(size).toBe(node.log.entries.length)
    expect(asked).toHaveLength(5)
    expect(asked.filter((did) => first.includes(did))).toEqual(first.slice(3))
  },
)

test('five rounds of silence are forgiven', { tags: ['AWT-14'] }, async () => {
  const { mesh, node } = meshOf(11)
  await node.rounds.tick()
  const first = node.rounds.status().asked
  for (let time = 0; time < 3; time += 1) {
    mesh.silent.add(first[0]!)
    for (let round = 1; round <= 5; round += 1) await grownRound(mesh, node)
    mesh.silent.delete(first[0]!)
    await grownRound(mesh, node)
  }
  expect(node.rounds.status().asked).toEqual(first)
})

test.for([
  { afterMs: 599_999, isAsked: false },
  { afterMs: 600_000, isAsked: true },
])(
  'who was silent may be chosen again after $afterMs ms: $isAsked',
  { tags: ['AWT-14'] },
  async ({ afterMs, isAsked }) => {
    const { mesh, node } = meshOf(7)
    await node.rounds.tick()
    const [silent, gone] = node.rounds.status().asked
    mesh.silent.add(silent!)
    for (let round = 1; round <= 7; round += 1) await grownRound(mesh, node)
    const restingMs = mesh.nowMs
    expect(node.rounds.status().asked).not.toContain(silent)
    mesh.away.add(gone!)
    mesh.nowMs = restingMs + afterMs - 5_000
    await grownRound(mesh, node)
    const { asked } = node.rounds.status()
    expect(asked).toHaveLength(5)
    expect(asked.includes(silent!)).toBe(isAsked)
  },
)

test(
  'where there is nobody else the silent are asked on, and enough is more than half of all five',
  { tags: ['AWT-14', 'AWT-6'] },
  async () => {
    const { mesh, node, others } = meshOf(5)
    for (const { log } of others.slice(0, 3)) mesh.silent.add(log.did)
    for (let round = 1; round <= 20; round += 1) await grownRound(mesh, node)
    expect(node.rounds.status()).toMatchObject({ asked: { length: 5 }, size: 0 })
    mesh.silent.clear()
    await grownRound(mesh, node)
    expect(node.rounds.status()).toMatchObject({ size: node.log.entries.length })
  },
)

/** Lets a member answer only when a test says so; how many questions wait for that. */
function slow({ cosigner }: LogNode): { waiting: number; answer: () => void } {
  const gate = Promise.withResolvers<void>()
  const state = { waiting: 0, answer: gate.resolve }
  const answer = cosigner.answer.bind(cosigner)
  cosigner.answer = async (...question) => {
    state.waiting += 1
    await gate.promise
    return answer(...question)
  }
  return state
}

/** Lets time pass and a tick begin; resolves when all have answered who do so at once. */
async function tickAfter(
  ms: number,
  { mesh, node }: { mesh: LogMesh; node: LogNode },
): Promise<void> {
  mesh.nowMs += ms
  void node.rounds.tick()
  await nextTurn()
}

test(
  'one that is slow keeps nobody waiting, is asked nothing more meanwhile, and counts when it answers',
  { tags: ['AWT-15', 'AWT-6'] },
  async () => {
    const all = meshOf(5)
    const { node, others } = all
    const late = slow(others[0]!)
    await tickAfter(0, all)
    await tickAfter(1_000, all)
    expect(node.rounds.status().size).toBe(10)
    node.log.grow(1)
    await tickAfter(4_000, all)
    await tickAfter(1_000, all)
    expect(node.rounds.status()).toMatchObject({ size: 11, asked: { length: 5 } })
    expect(late.waiting).toBe(1)
    late.answer()
    await nextTurn()
    const last = parseCheckpoint(node.kept.at(-1)!)
    expect(last.size).toBe(10)
    expect(last.lines.map(({ name }) => name)).toContain(others[0]!.log.key.signer.name)
    expect(node.rounds.status().size).toBe(11)
  },
)

test('three of five that are slow are enough when they answer', { tags: ['AWT-15'] }, async () => {
  const all = meshOf(5)
  const { node, others } = all
  const late = others.slice(0, 3).map((each) => slow(each))
  await tickAfter(0, all)
  await tickAfter(1_000, all)
  expect(node.rounds.status().size).toBe(0)
  node.log.grow(1)
  await tickAfter(4_000, all)
  for (const { answer } of late) answer()
  await nextTurn()
  expect(node.rounds.status().size).toBe(10)
  await tickAfter(5_000, all)
  expect(node.rounds.status().size).toBe(11)
})

test(
  'what was cosigned is kept before the rounds have stopped, and nothing is asked after that',
  { tags: ['AWT-15', 'AWT-6'] },
  async () => {
    const all = meshOf(2)
    const { mesh, node, others } = all
    const [late] = others
    const { answer } = slow(late!)
    await tickAfter(0, all)
    await tickAfter(1_000, all)
    const stopped = node.rounds.stop()
    answer()
    await stopped
    expect(parseCheckpoint(node.kept.at(-1)!).lines.map(({ name }) => name)).toContain(
      late!.log.key.signer.name,
    )
    const { length } = mesh.asked
    await grownRound(mesh, node)
    expect(mesh.asked).toHaveLength(length)
  },
)

test(
  'a round that is about to begin as the rounds are stopped does not',
  { tags: ['AWT-15'] },
  async () => {
    const { mesh, node } = meshOf(2)
    const ticking = node.rounds.tick()
    await node.rounds.stop()
    await ticking
    expect(mesh.asked).toEqual([])
    expect(node.kept).toEqual([])
  },
)
