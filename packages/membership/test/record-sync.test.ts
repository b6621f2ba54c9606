import { adminSigner, type RecordSet, standingOf } from '@warren/membership'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { edited, NOW_MS, utf8 } from './builders.ts'
import {
  adminChange,
  beacon,
  checkpoint,
  enrolled,
  enrollerCredential,
  forkProof,
  grant,
  idOf,
  person,
  pooled,
  revocation,
  revoked,
  seenBy,
  withAll,
  witnessedMesh,
} from './record-builders.ts'
import { SyncLab, SyncNode } from './sync-pair.ts'

const mesh = witnessedMesh()
const [a, b, c] = mesh.admins
const [one, two] = mesh.witnesses
if (a === undefined || b === undefined || c === undefined) throw new Error('three admins')
if (one === undefined || two === undefined) throw new Error('two witnesses')
const member = person(0)
const membership = grant(mesh, member).text
const gone = revoked(mesh, member)

function nodesOf(set: RecordSet, ...names: readonly string[]): SyncNode[] {
  return names.map((name) => new SyncNode(name, set))
}

function rootsOf(set: RecordSet): readonly string[] {
  return (['checkpoint', 'removal', 'grant'] as const).map((part) => set.trie(part).root)
}

function statusOf({ set }: SyncNode): string {
  return standingOf(set, member.did, NOW_MS).status
}

/** Revocations of generations, signed once each. */
function revocations(count: number, from = 1): readonly string[] {
  return Array.from({ length: count }, (_, at) => revoked(mesh, person(1), from + at))
}

const many = revocations(70)

describe('a new connection', () => {
  test(
    'settles on both sides when every removal has come, whoever had it',
    { tags: ['SYN-1'] },
    () => {
      const left = new SyncNode('left', withAll(mesh.empty, membership, gone))
      const right = new SyncNode('right', withAll(mesh.empty, ...many))
      const lab = new SyncLab()
      const link = lab.connect(left, right)
      expect([left.settled, right.settled]).toEqual([[], []])
      lab.settle()
      expect([left.settled, right.settled]).toEqual([[link], [link]])
      expect(rootsOf(right.set)).toEqual(rootsOf(left.set))
      expect(right.set.size).toBe(72)
      expect([...left.cuts, ...right.cuts]).toEqual([])
    },
  )

  test(
    'of two nodes that know the same settles after their heads and no question',
    { tags: ['SYN-1'] },
    () => {
      const [left, right] = nodesOf(withAll(mesh.empty, membership, gone), 'left', 'right')
      if (left === undefined || right === undefined) throw new Error('two nodes')
      const lab = new SyncLab()
      lab.connect(left, right)
      // Heads, and which beacons each has.
      expect(lab.settle()).toBe(2 * 2)
      expect([left.settled.length, right.settled.length]).toEqual([1, 1])
    },
  )

  test(
    'is in force before it settles, and does not wait for grants',
    { tags: ['SYN-1', 'SYN-3'] },
    () => {
      const left = new SyncNode('left', withAll(mesh.empty, membership, gone))
      const right = new SyncNode('right', mesh.empty)
      const lab = new SyncLab()
      lab.connect(left, right)
      lab.settle()
      const steps = right.steps.filter((step) => step !== 'send' && step !== 'wake')
      expect(steps).toEqual(['changed', 'store', 'settle', 'changed', 'store'])
    },
  )
})

/** Hands a set to a newcomer, and says how that ended. */
function handOver(set: RecordSet): {
  readonly young: SyncNode
  readonly bytes: number
  readonly end: object
} {
  const [old, young] = [new SyncNode('old', set), new SyncNode('young', mesh.empty)]
  const lab = new SyncLab()
  lab.connect(old, young)
  lab.settle()
  const cuts = [...old.cuts, ...young.cuts]
  const end = { cuts, roots: rootsOf(young.set), settled: young.settled.length }
  return { young, bytes: old.sentBytes, end }
}

/** How it ends well: nobody cut, and both the same. */
function alike(set: RecordSet): object {
  return { cuts: [], roots: rootsOf(set), settled: 1 }
}

describe('everything comes in an order in which it can be known', () => {
  const others = [11, 12].map((at) => adminSigner(pooled(at)))
  const freshAdmins = [8, 9].map((at) => adminSigner(pooled(at)))

  test('also what witnesses wrote who came later', { tags: ['SYN-2'] }, () => {
    const change = adminChange(mesh, { by: [a, b], addWitnesses: others })
    const set = seenBy(withAll(mesh.empty, change, gone), others, { added: [idOf(gone)] })
    expect(handOver(set).end).toEqual(alike(set))
  })

  test(
    'also revocations without proofs, vouched for by witnesses who came later',
    { tags: ['SYN-2', 'SYN-10'] },
    () => {
      const change = adminChange(mesh, {
        by: [a, b],
        addWitnesses: others,
        removeWitnesses: mesh.witnesses.map(({ did }) => did),
      })
      const seen = seenBy(withAll(mesh.empty, change), others, { added: many.map(idOf) })
      const set = withAll(seen, ...many.map(bare))
      expect(handOver(set).end).toEqual(alike(set))
    },
  )

  test(
    'also what was signed by admins who came later, in more messages than one',
    { tags: ['SYN-2'] },
    () => {
      const change = adminChange(mesh, { by: [a, b], add: freshAdmins, kAdmin: 4 })
      const [x, y] = freshAdmins
      if (x === undefined || y === undefined) throw new Error('two')
      const theirs = Array.from({ length: 40 }, (_, at) =>
        revocation(mesh, { by: [x, y], targets: [{ did: member.did, maxGen: at + 1 }] }),
      )
      const old = new SyncNode('old', withAll(mesh.empty, change, ...theirs), { idsMax: 4 })
      const young = new SyncNode('young', mesh.empty, { idsMax: 4 })
      const lab = new SyncLab()
      lab.connect(old, young)
      lab.settle()
      expect([...old.cuts, ...young.cuts]).toEqual([])
      expect(young.set.trie('removal').root).toBe(old.set.trie('removal').root)
    },
  )

  test(
    'also memberships of an enroller whom the newcomer does not know yet',
    { tags: ['SYN-2'] },
    () => {
      const enroller = adminSigner(person(3))
      const credential = enrollerCredential(mesh, { enroller })
      const set = withAll(mesh.empty, credential, enrolled(mesh, { enroller, member }))
      expect(handOver(set).end).toEqual(alike(set))
    },
  )
})

/** A record without its proofs. */
function bare(text: string): string {
  return edited(text, (record) => {
    const loose: Partial<typeof record> = record
    delete loose.proof
  })
}

describe('a new removal', () => {
  test('reaches every neighbour at once, and those behind them', { tags: ['SYN-5'] }, () => {
    const nodes = nodesOf(withAll(mesh.empty, membership), 'a', 'b', 'c')
    const [first, second, third] = nodes
    if (first === undefined || second === undefined || third === undefined) throw new Error('three')
    const lab = new SyncLab()
    lab.connect(first, second)
    lab.connect(second, third)
    lab.settle()
    lab.submit(first, gone)
    lab.settle()
    expect(nodes.map(statusOf)).toEqual(['revoked', 'revoked', 'revoked'])
    expect(nodes.map(({ changed }) => changed)).toEqual([
      [[member.did]],
      [[member.did]],
      [[member.did]],
    ])
    expect(first.notes.map(({ type }) => type)).toEqual(['judged', 'submitted', 'gossip'])
    expect(third.notes).toEqual([])
  })

  test('goes whole to so many neighbours and by name to the rest', { tags: ['SYN-5'] }, () => {
    const start = withAll(mesh.empty, membership)
    const [source] = nodesOf(start, 'source')
    const middle = new SyncNode('middle', start, { relayMax: 1 })
    const ends = nodesOf(start, 'x', 'y', 'z')
    if (source === undefined) throw new Error('a source')
    const lab = new SyncLab()
    lab.connect(source, middle)
    for (const end of ends) lab.connect(middle, end)
    lab.settle()
    lab.submit(source, gone)
    lab.settle()
    expect(ends.map(statusOf).filter((status) => status === 'revoked')).toHaveLength(1)
    lab.pass(200, middle)
    lab.settle()
    expect(ends.map(statusOf)).toEqual(['revoked', 'revoked', 'revoked'])
  })

  test('is not sent back to whoever sent it', { tags: ['SYN-5'] }, () => {
    const { lab, node, impostor, tell } = SyncLab.against(withAll(mesh.empty, membership))
    tell({ type: 'records', texts: [gone], answer: 'none' })
    lab.pass(200, node)
    lab.settle()
    expect(statusOf(node)).toBe('revoked')
    expect([impostor.count('records'), impostor.count('have')]).toEqual([0, 0])
  })

  test('in a crowd is left to the comparison of heads', { tags: ['SYN-5'] }, () => {
    const [left, right] = nodesOf(mesh.empty, 'left', 'right')
    if (left === undefined || right === undefined) throw new Error('two nodes')
    const lab = new SyncLab()
    lab.connect(left, right)
    lab.settle()
    lab.submit(left, ...many.slice(0, 17))
    lab.settle()
    expect(right.set.size).toBe(0)
    lab.pass(200, left)
    lab.settle()
    expect(right.set.size).toBe(17)
    lab.submit(left, ...many.slice(17, 33))
    lab.settle()
    expect(right.set.size).toBe(33)
  })

  test(
    'is passed on only when it is durable, and is in force at once all the same',
    { tags: ['SYN-3', 'SYN-4'] },
    () => {
      const [left, right] = nodesOf(withAll(mesh.empty, membership), 'left', 'right')
      if (left === undefined || right === undefined) throw new Error('two nodes')
      const lab = new SyncLab()
      lab.connect(left, right)
      lab.settle()
      left.isDiskFull = true
      lab.submit(left, gone)
      lab.settle()
      expect([statusOf(left), statusOf(right)]).toEqual(['revoked', 'member'])
      expect(left.notes).toMatchObject([
        { type: 'judged', refused: [] },
        { type: 'submitted', durable: false },
        { type: 'alarm', code: 'records-not-durable' },
      ])
      const order = left.steps.filter((step) => step === 'changed' || step === 'store')
      expect(order).toEqual(['changed', 'store'])
      lab.pass(1_999, left)
      left.isDiskFull = false
      lab.settle()
      expect(statusOf(right)).toBe('member')
      lab.pass(1, left)
      lab.settle()
      expect(statusOf(right)).toBe('revoked')
    },
  )

  test(
    'that the disk did not take is not acknowledged when it is brought again',
    { tags: ['SYN-4'] },
    () => {
      const [left] = nodesOf(mesh.empty, 'left')
      if (left === undefined) throw new Error('a node')
      const lab = new SyncLab()
      const answer = (): unknown => left.notes.findLast(({ type }) => type === 'submitted')
      left.isDiskFull = true
      for (let at = 0; at < 2; at += 1) {
        lab.submit(left, gone)
        expect(answer()).toMatchObject({ durable: false })
      }
      left.isDiskFull = false
      lab.pass(2_000, left)
      lab.submit(left, gone)
      expect(answer()).toMatchObject({ durable: true })
    },
  )

  test('that the disk will not take is tried again and again', { tags: ['SYN-4'] }, () => {
    const [left] = nodesOf(mesh.empty, 'left')
    if (left === undefined) throw new Error('a node')
    const lab = new SyncLab()
    left.isDiskFull = true
    lab.submit(left, gone)
    for (let at = 0; at < 3; at += 1) lab.pass(2_000, left)
    expect(left.steps.filter((step) => step === 'store')).toHaveLength(4)
    expect(left.notes.filter(({ type }) => type === 'alarm')).toHaveLength(4)
  })
})

describe('sets become equal', () => {
  const POOL = [
    membership,
    gone,
    ...many.slice(0, 6),
    adminChange(mesh, { by: [a, b], remove: [c.did], kAdmin: 2 }),
    checkpoint(mesh.empty, one, { added: [idOf(gone)] }),
    checkpoint(mesh.empty, two, { added: [idOf(gone)] }),
    forkProof(mesh, beacon(mesh, one, { seq: 1 }), beacon(mesh, one, { seq: 1, removalCount: 1 })),
    grant(mesh, person(2)).text,
  ]

  test(
    'whatever each of three had, and in whatever order the links deliver',
    { tags: ['SYN-6'] },
    () => {
      const part = fc.subarray(POOL)
      fc.assert(
        fc.property(
          fc.tuple(part, part, part),
          fc.infiniteStream(fc.nat(1_000)),
          (parts, chance) => {
            const [left, middle, right] = parts.map(
              (texts, at) => new SyncNode(`n${at}`, withAll(mesh.empty, ...texts)),
            )
            if (left === undefined || middle === undefined || right === undefined)
              throw new Error('three')
            const nodes = [left, middle, right]
            const lab = new SyncLab()
            lab.connect(left, middle)
            lab.connect(middle, right)
            const pick = (below: number): number => (chance.next().value ?? 0) % below
            lab.settleShuffled(pick)
            for (let round = 0; round < 4; round += 1) {
              lab.pass(5_000, ...nodes)
              lab.settleShuffled(pick)
            }
            expect(nodes.flatMap(({ cuts }) => cuts)).toEqual([])
            const all = withAll(mesh.empty, ...parts.flat())
            for (const { set } of nodes) expect(rootsOf(set)).toEqual(rootsOf(all))
          },
        ),
        { numRuns: 25 },
      )
    },
  )

  test('also when every connection broke in the middle', { tags: ['SYN-6'] }, () => {
    const left = new SyncNode('left', withAll(mesh.empty, ...POOL))
    const right = new SyncNode('right', mesh.empty)
    const lab = new SyncLab()
    lab.connect(left, right)
    lab.breakAll()
    expect(right.set.size).toBe(0)
    lab.connect(left, right)
    lab.settle()
    expect(rootsOf(right.set)).toEqual(rootsOf(left.set))
  })

  test('though one neighbour hides what another tells', { tags: ['SYN-6'] }, () => {
    const { lab, node, link, tell } = SyncLab.against(withAll(mesh.empty, membership))
    const empty = { root: '0'.repeat(64), count: 0 }
    tell({
      type: 'heads',
      heads: { checkpoint: empty, removal: empty, grant: empty },
      reply: false,
    })
    expect(node.settled).toEqual([link])
    const honest = new SyncNode('honest', withAll(mesh.empty, membership, gone))
    lab.connect(node, honest)
    lab.settle()
    expect(statusOf(node)).toBe('revoked')
  })

  test(
    'though a neighbour shows its newest heads while older ones are being compared',
    { tags: ['SYN-6', 'SYN-1'] },
    () => {
      const left = new SyncNode('left', withAll(mesh.empty, ...many.slice(0, 3)))
      const right = new SyncNode('right', mesh.empty)
      const lab = new SyncLab()
      lab.connect(left, right)
      lab.submit(left, ...many)
      lab.pass(200, left)
      lab.settle()
      expect(rootsOf(right.set)).toEqual(rootsOf(left.set))
    },
  )
})

describe('revocations without proofs', () => {
  const seen = seenBy(withAll(mesh.empty, ...many), [one, two], { added: many.map(idOf) })

  test('save most of the bytes where witnesses vouch for them', { tags: ['SYN-10'] }, () => {
    const { young, bytes, end } = handOver(seen)
    expect(end).toEqual(alike(seen))
    const records = [...young.set.records()].filter(({ type }) => type === 'revocation')
    expect(records.every(({ signers }) => signers.length === 0)).toBe(true)
    expect(bytes).toBeLessThan(handOver(withAll(mesh.empty, ...many)).bytes / 3)
  })

  test('are not sent where nobody vouches, or few are missing', { tags: ['SYN-10'] }, () => {
    const few = seenBy(withAll(mesh.empty, ...many.slice(0, 63)), [one, two], {
      added: many.map(idOf),
    })
    const unseen = seenBy(withAll(mesh.empty, ...many), [one], { added: many.map(idOf) })
    for (const set of [few, unseen]) {
      const records = [...handOver(set).young.set.records()].filter(
        ({ type }) => type === 'revocation',
      )
      expect(records.every(({ signers }) => signers.length === 2)).toBe(true)
    }
    const enough = seenBy(withAll(mesh.empty, ...many.slice(0, 64)), [one, two], {
      added: many.map(idOf),
    })
    expect(
      [...handOver(enough).young.set.records()].some(({ signers }) => signers.length === 0),
    ).toBe(true)
  })

  test(
    'are sent as well by a node that loaded them without a look at the proofs, and with proofs to who wants those',
    { tags: ['SYN-10', 'REC-14'] },
    () => {
      const texts = [...seen.records()].map(({ text }) => text)
      const logs = texts.filter((text) => text.includes('WarrenCheckpoint'))
      const loaded = withAll(mesh.empty, ...logs).accept(texts, { isOwn: true }).set
      const taken = [...loaded.records()].filter(({ type }) => type === 'revocation')
      expect(taken.every(({ signers }) => signers.length === 0)).toBe(true)
      expect(taken.map(({ text }) => text).toSorted()).toEqual(many.toSorted())
      expect(handOver(loaded).bytes).toBe(handOver(seen).bytes)
    },
  )

  test(
    'are passed on by who has nothing else, though the witness has forked since',
    { tags: ['SYN-10'] },
    () => {
      const { young } = handOver(seen)
      const forked = withAll(
        young.set,
        forkProof(
          mesh,
          beacon(mesh, one, { seq: 1 }),
          beacon(mesh, one, { seq: 1, removalCount: 1 }),
        ),
      )
      expect(handOver(forked).end).toEqual(alike(forked))
    },
  )
})

describe('gossip', () => {
  function verdicts(texts: readonly string[], isDiskFull = false): readonly string[] {
    const node = new SyncNode('node', withAll(mesh.empty, membership))
    node.isDiskFull = isDiskFull
    const lab = new SyncLab()
    const bytes = utf8(JSON.stringify({ answer: 'none', texts, type: 'records' }))
    lab.do(node, node.sync.handle({ type: 'gossip', ref: 7, bytes }, 0))
    return node.notes.flatMap((effect) => (effect.type === 'verdict' ? [effect.verdict] : []))
  }
  const wrong = edited(gone, (record) => void (record['extra'] = 1))
  const lone = revocation(mesh, { by: [a], targets: [{ did: member.did, maxGen: 1 }] })

  test.for([
    { what: 'new and durable', texts: [gone], verdict: 'accept' },
    { what: 'known', texts: [membership], verdict: 'ignore' },
    { what: 'not signed by enough, as far as is known', texts: [lone], verdict: 'ignore' },
    { what: 'wrong', texts: [wrong], verdict: 'reject' },
    { what: 'good and then wrong', texts: [gone, wrong], verdict: 'reject' },
  ])(
    'that is $what is answered with $verdict, once',
    { tags: ['SYN-12'] },
    ({ texts, verdict }) => {
      expect(verdicts(texts)).toEqual([verdict])
    },
  )

  test(
    'that cannot be written is not passed on, and what is no message is rejected',
    { tags: ['SYN-12'] },
    () => {
      expect(verdicts([gone], true)).toEqual(['ignore'])
      const node = new SyncNode('node', mesh.empty)
      for (const text of ['x', '{"ids":[],"type":"have"}']) {
        const effects = node.sync.handle({ type: 'gossip', ref: 1, bytes: utf8(text) }, 0)
        expect(effects).toEqual([{ type: 'verdict', ref: 1, verdict: 'reject' }])
      }
    },
  )
})

test('no message is larger than its bound', { tags: ['SYN-13'] }, () => {
  const bound = 40_000
  const old = new SyncNode('old', withAll(mesh.empty, ...many), { messageBytesMax: bound })
  const young = new SyncNode('young', mesh.empty, { messageBytesMax: bound, bareFrom: 1_000 })
  const lab = new SyncLab()
  lab.connect(old, young)
  lab.settle()
  expect(young.set.size).toBe(many.length)
  expect(old.largestMessage).toBeLessThanOrEqual(bound)
  expect(old.largestMessage).toBeGreaterThan(bound / 2)
})

test('an answer that is cut short is asked for until all has come', { tags: ['SYN-14'] }, () => {
  const lengthOf = (texts: readonly string[]): number => texts.join('').length
  const answerLengthMax = lengthOf(many) / 10
  const full = withAll(mesh.empty, ...many)
  const young = new SyncNode('young', mesh.empty, { bareFrom: 1_000 })
  const lab = new SyncLab()
  lab.connect(new SyncNode('old', full, { answerLengthMax }), young)
  lab.settle()
  expect(rootsOf(young.set)).toEqual(rootsOf(full))
  expect(young.cuts).toEqual([])

  const siege = SyncLab.against(full, { answerLengthMax })
  siege.tell({ type: 'want', ids: many.map(idOf), bare: false })
  const answer = siege.impostor.last('records')
  expect(answer?.['answer']).toBe('more')
  const texts = full
    .trie('removal')
    .idsBelow('')
    .map((id) => full.get(id)?.text ?? '')
  const given = texts.filter((text) => JSON.stringify(answer).includes(JSON.stringify(text)))
  expect(lengthOf(given)).toBeLessThanOrEqual(answerLengthMax)
  expect(lengthOf(given)).toBeGreaterThan(answerLengthMax / 2)
})

test(
  'of records that are longer than an answer one is given at a time',
  { tags: ['SYN-14'] },
  () => {
    const { impostor, tell } = SyncLab.against(withAll(mesh.empty, ...many), { answerLengthMax: 1 })
    const [first = '', second = ''] = many
    tell({ type: 'want', ids: [idOf(first), idOf(second)], bare: false })
    expect(impostor.last('records')).toMatchObject({ texts: [first], answer: 'more' })
    tell({ type: 'want', ids: [idOf(second)], bare: false })
    expect(impostor.last('records')).toMatchObject({ texts: [second], answer: 'last' })
  },
)

test(
  'a mesh that is full of grants goes on exchanging removals with whoever offers more',
  { tags: ['SYN-11'] },
  () => {
    const full = withAll(mesh.emptyWith({ grantsMax: 1 }), membership)
    const [node, other] = [
      new SyncNode('node', full),
      new SyncNode('other', withAll(mesh.empty, grant(mesh, person(2)).text, ...many.slice(0, 2))),
    ]
    const lab = new SyncLab()
    lab.connect(node, other)
    lab.settle()
    expect([...node.cuts, ...other.cuts]).toEqual([])
    expect([node.set.trie('removal').count, node.set.trie('grant').count]).toEqual([2, 1])
    lab.submit(other, gone)
    lab.settle()
    lab.pass(5_000, node, other)
    lab.settle()
    expect(statusOf(node)).toBe('revoked')
    expect(node.cuts).toEqual([])
    // What there is no room for has come once, and does not come again.
    const { sentBytes } = other
    lab.pass(5_000, node, other)
    lab.settle()
    expect(other.sentBytes - sentBytes).toBeLessThan(grant(mesh, person(2)).text.length)
  },
)
