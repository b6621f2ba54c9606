import type { JsonObject } from '@warren/core'
import { RecordSet, type Standing, standingOf } from '@warren/membership'
import { describe, expect, test } from 'vitest'
import { edited, NOW_MS, suite, utf8 } from './builders.ts'
import {
  grant,
  idOf,
  person,
  revocation,
  revoked,
  withAll,
  witnessedMesh,
} from './record-builders.ts'
import { type Siege, SyncLab, SyncNode } from './sync-pair.ts'

/* One node, and a neighbour that breaks the rules of the exchange. */

const mesh = witnessedMesh()
const [admin] = mesh.admins
if (admin === undefined) throw new Error('an admin')
const member = person(0)
const gone = revoked(mesh, member)
const many = Array.from({ length: 20 }, (_, at) => revoked(mesh, person(1), at + 1))
const ZERO = '0'.repeat(64)
const LIE = 'a'.repeat(64)

const NOTHING: JsonObject = { root: ZERO, count: 0 }

function heads(removal: JsonObject): JsonObject {
  return {
    type: 'heads',
    heads: { checkpoint: NOTHING, removal, grant: NOTHING },
    reply: false,
  }
}

interface Below {
  readonly ids?: readonly string[]
  readonly sums?: readonly JsonObject[]
}

function below(prefix: string, { ids = [], sums = [] }: Below): JsonObject {
  return { type: 'below', part: 'removal', prefix, ids, sums }
}

function records(texts: readonly string[], answer: 'part' | 'last' | 'more' | 'none'): JsonObject {
  return { type: 'records', texts, answer }
}

/** The neighbour has said how many removals it has, and has been asked for them. */
function asked(count: number, set = mesh.empty): Siege {
  const siege = SyncLab.against(set)
  siege.tell(heads({ root: LIE, count }))
  expect(siege.impostor.last('ask')).toMatchObject({ part: 'removal', prefix: '' })
  return siege
}

/** The neighbour has named records, and has been asked for them. */
function wanted(texts: readonly string[], set = mesh.empty): Siege {
  const siege = asked(texts.length, set)
  siege.tell(below('', { ids: texts.map(idOf) }))
  expect(siege.impostor.last('want')).toMatchObject({ ids: texts.map(idOf) })
  return siege
}

describe('a neighbour is cut', () => {
  test.for([
    { what: 'no JSON', bytes: utf8('x') },
    { what: 'no text', bytes: Uint8Array.of(0xff) },
    { what: 'a type that there is not', bytes: utf8('{"type":"gimme"}') },
    { what: 'a member too many', bytes: utf8('{"ids":[],"more":1,"type":"have"}') },
    { what: 'an odd prefix', bytes: utf8('{"part":"grant","prefix":"abc","type":"ask"}') },
    { what: 'more bytes than one message has', bytes: new Uint8Array(1_048_577).fill(0x20) },
  ])('for $what', { tags: ['SYN-8'] }, ({ bytes }) => {
    const { node, tell } = SyncLab.against(mesh.empty)
    tell(bytes)
    expect(node.cuts).toEqual(['sync-malformed'])
  })

  test.for([
    { what: 'an answer that nobody asked for', tell: below('', { ids: [] }) },
    { what: 'the end of an answer that nobody asked for', tell: records([], 'last') },
    { what: 'records that nobody asked for', tell: records([gone], 'last') },
  ])('for $what', { tags: ['SYN-8'] }, ({ tell: message }) => {
    const { node, tell } = SyncLab.against(mesh.empty)
    tell(message)
    expect(node.cuts).toEqual(['sync-malformed'])
  })

  test('for an answer that promises more and brings nothing', { tags: ['SYN-14', 'SYN-8'] }, () => {
    const { node, impostor, tell } = wanted([gone, ...many])
    tell(records([gone], 'more'))
    expect(node.cuts).toEqual([])
    expect(impostor.last('want')).toMatchObject({ ids: many.map(idOf) })
    tell(records([], 'more'))
    expect(node.cuts).toEqual(['sync-malformed'])
  })

  test('for what it names and does not give', { tags: ['SYN-8'] }, () => {
    const { node, tell } = wanted([gone, ...many])
    tell(records([gone], 'last'))
    expect(node.cuts).toEqual(['records-withheld'])
    // What it gave is in force all the same.
    expect(node.set.has(idOf(gone))).toBe(true)
  })

  test('for nothing but silence, when it owes its heads or an answer', { tags: ['SYN-8'] }, () => {
    for (const { lab, node } of [SyncLab.against(mesh.empty), asked(1), wanted([gone])]) {
      lab.pass(9_999, node)
      expect(node.cuts).toEqual([])
      lab.pass(1, node)
      expect(node.cuts).toEqual(['records-silent'])
    }
  })

  test('for silence when it was asked for its heads later on', { tags: ['SYN-8'] }, () => {
    const { lab, node, impostor, tell } = SyncLab.against(mesh.empty)
    tell(heads(NOTHING))
    lab.pass(5_000, node)
    lab.settle()
    expect(impostor.last('heads')).toMatchObject({ reply: true })
    lab.pass(10_000, node)
    expect(node.cuts).toEqual(['records-silent'])
  })

  test('for being one too many', { tags: ['SYN-8', 'SYN-9'] }, () => {
    const node = new SyncNode('node', mesh.empty, { linksMax: 1 })
    const lab = new SyncLab()
    lab.connect(node, new SyncNode('x', mesh.empty))
    lab.connect(node, new SyncNode('y', mesh.empty))
    lab.settle()
    expect(node.cuts).toEqual(['links-exhausted'])
    expect(node.settled).toHaveLength(1)
  })

  test('for the code of a record that is refused for good', { tags: ['SYN-8'] }, () => {
    const wrong = [
      { text: edited(gone, (record) => void (record['extra'] = 1)), code: 'record-malformed' },
      {
        text: edited(gone, (record) => void (record['mesh'] = idOf(gone))),
        code: 'record-foreign',
      },
      { text: edited(gone, (record) => void record.proof.pop()), code: 'record-unproved' },
    ]
    for (const { text, code } of wrong) {
      const { node, tell } = SyncLab.against(mesh.empty)
      tell(records([text], 'none'))
      expect(node.cuts).toEqual([code])
    }
  })

  test('for records that prove nothing when all that it has is known', { tags: ['SYN-8'] }, () => {
    const lone = revocation(mesh, { by: [admin], targets: [{ did: member.did, maxGen: 1 }] })
    const { node, tell } = wanted([lone])
    tell(records([lone], 'last'))
    // The part is looked at a second time, and everything is known by then.
    tell(below('', { ids: [idOf(lone)] }))
    tell(records([lone], 'last'))
    expect(node.cuts).toEqual(['record-unproved'])
    expect(node.settled).toEqual([])
    expect(node.set.size).toBe(0)
  })

  test('for pushing what proves nothing, once its heads have come', { tags: ['SYN-8'] }, () => {
    const lone = revocation(mesh, { by: [admin], targets: [{ did: member.did, maxGen: 1 }] })
    const { node, impostor, tell } = SyncLab.against(mesh.empty)
    tell(heads(NOTHING))
    tell(records([lone], 'none'))
    expect(node.cuts).toEqual([])
    expect(impostor.last('heads')).toMatchObject({ reply: true })
    tell(heads(NOTHING))
    expect(node.cuts).toEqual(['record-unproved'])
  })
})

describe('what a neighbour can make this node do is bounded', () => {
  test('it must name as many ids as it said there are', { tags: ['SYN-9'] }, () => {
    const exact = asked(20)
    exact.tell(below('', { ids: many.map(idOf) }))
    expect(exact.node.cuts).toEqual([])
    const fewer = asked(21)
    fewer.tell(below('', { ids: many.map(idOf) }))
    expect(fewer.node.cuts).toEqual(['sync-malformed'])
  })

  test(
    'it must sum up as many as it said, two digits further down and each once',
    { tags: ['SYN-9'] },
    () => {
      const sum = (
        prefix: string,
        count: number,
      ): { prefix: string; count: number; digest: string } => ({
        prefix,
        count,
        digest: LIE,
      })
      const good = asked(20)
      good.tell(below('', { sums: [sum('00', 10), sum('ff', 10)] }))
      expect(good.node.cuts).toEqual([])
      expect(good.impostor.count('ask')).toBe(3)
      for (const sums of [
        [sum('00', 10), sum('ff', 9)],
        [sum('00', 10), sum('00', 10)],
        [sum('0000', 20)],
      ]) {
        const bad = asked(20)
        bad.tell(below('', { sums }))
        expect(bad.node.cuts).toEqual(['sync-malformed'])
      }
      const both = asked(1)
      both.tell(below('', { ids: [idOf(gone)], sums: [sum('00', 1)] }))
      expect(both.node.cuts).toEqual(['sync-malformed'])
    },
  )

  test('it cannot name an id below a prefix where it does not belong', { tags: ['SYN-9'] }, () => {
    const { node, impostor, tell } = asked(20)
    const key = mesh.empty.trie('removal').keyOf(idOf(gone))
    const other = key.startsWith('00') ? '11' : '00'
    tell(below('', { sums: [{ prefix: other, count: 20, digest: LIE }] }))
    expect(impostor.last('ask')).toMatchObject({ prefix: other })
    tell(below(other, { ids: [idOf(gone)] }))
    expect(node.cuts).toEqual(['sync-malformed'])
  })

  test(
    'it must give what it has named before it is asked for more than 512 and what is under way',
    { tags: ['SYN-9'] },
    () => {
      const { node, impostor, tell } = asked(256 * 3)
      const bulk = madeUpIds()
      const sums = [...bulk.keys()].map((prefix) => ({ prefix, count: 3, digest: LIE }))
      tell(below('', { sums }))
      expect(impostor.count('ask')).toBe(1 + 8)
      for (let at = 1; at < impostor.count('ask'); at += 1) {
        const { prefix } = impostor.heard.filter(({ type }) => type === 'ask')[at] as {
          prefix: string
        }
        tell(below(prefix, { ids: bulk.get(prefix) ?? [] }))
      }
      expect(node.cuts).toEqual([])
      const wants = impostor.heard.filter(({ type }) => type === 'want') as { ids?: string[] }[]
      expect(wants.map(({ ids }) => ids?.length)).toEqual([512])
      tell(records([], 'last'))
      expect(node.cuts).toEqual(['records-withheld'])
    },
  )

  test('it cannot go on and on with answers that hold nothing', { tags: ['SYN-9'] }, () => {
    const { node, tell } = wanted([gone, ...many])
    tell(records([], 'part'))
    expect(node.cuts).toEqual(['sync-malformed'])
  })

  test(
    'it is asked for its heads once, however much it says that it has',
    { tags: ['SYN-9'] },
    () => {
      const { node, impostor, tell } = SyncLab.against(mesh.empty)
      tell(heads(NOTHING))
      for (const text of many) tell({ type: 'have', ids: [idOf(text)] })
      expect(impostor.count('heads')).toBe(2)
      expect(node.cuts).toEqual([])
    },
  )

  test(
    'of what it pushes no more than 256 wait for what is to prove them',
    { tags: ['SYN-9'] },
    () => {
      const lone = Array.from({ length: 3 }, (_, at) =>
        revocation(mesh, { by: [admin], targets: [{ did: member.did, maxGen: at + 1 }] }),
      )
      const { node, tell } = SyncLab.against(mesh.empty, { openPushedMax: 2 })
      for (const [at, text] of lone.entries()) {
        tell(records([text], 'none'))
        expect(node.cuts).toEqual(at < 2 ? [] : ['record-unproved'])
      }
    },
  )

  test(
    'nor do more wait because it shows its heads again and again while it owes an answer',
    { tags: ['SYN-9', 'THR-21'] },
    () => {
      const lone = Array.from({ length: 3 }, (_, at) =>
        revocation(mesh, { by: [admin], targets: [{ did: member.did, maxGen: at + 1 }] }),
      )
      const siege = SyncLab.against(mesh.empty, { openPushedMax: 2 })
      const shown = heads({ root: LIE, count: 5 })
      siege.tell(shown)
      for (const [at, text] of lone.entries()) {
        // What waits already does not wait twice.
        if (at > 0) siege.tell(records([lone[0]!], 'none'))
        siege.tell(records([text], 'none'))
        expect(siege.node.cuts).toEqual(at < 2 ? [] : ['record-unproved'])
        if (at < 2) siege.tell(shown)
      }
    },
  )

  test('it is answered what it asks, in 256 sums or ids at most', { tags: ['SYN-9'] }, () => {
    const { impostor, tell } = SyncLab.against(withAll(mesh.empty, ...many), { namedMax: 4 })
    tell({ type: 'ask', part: 'removal', prefix: '' })
    const { ids, sums } = impostor.last('below') as { ids: string[]; sums: { count: number }[] }
    expect(ids).toEqual([])
    expect(sums.reduce((total, { count }) => total + count, 0)).toBe(20)
    tell({ type: 'ask', part: 'removal', prefix: 'f'.repeat(64) })
    expect(impostor.last('below')).toMatchObject({ ids: [], sums: [] })
    tell({ type: 'want', ids: [idOf(gone)], bare: false })
    expect(impostor.last('records')).toEqual({ type: 'records', texts: [], answer: 'last' })
  })
})

/** Three ids that nobody has below each prefix of two digits. */
function madeUpIds(): ReadonlyMap<string, readonly string[]> {
  const trie = mesh.empty.trie('removal')
  const prefixes = Array.from({ length: 256 }, (_, at) => at.toString(16).padStart(2, '0'))
  const ids = new Map<string, string[]>(prefixes.map((prefix) => [prefix, []]))
  for (let at = 0; [...ids.values()].some(({ length }) => length < 3); at += 1) {
    const id = `zQm${at.toString(9).replaceAll('0', '9').padStart(44, 'x')}`
    const bucket = ids.get(trie.keyOf(id).slice(0, 2))
    if (bucket !== undefined && bucket.length < 3 && !bucket.includes(id)) bucket.push(id)
  }
  return ids
}

/** A mesh whose suite counts what it verifies. */
function counted(): { readonly empty: RecordSet; readonly verified: () => number } {
  let count = 0
  const ed25519: typeof suite.ed25519 = {
    ...suite.ed25519,
    verify: (input) => {
      count += 1
      return suite.ed25519.verify(input)
    },
  }
  return { empty: RecordSet.empty({ ...suite, ed25519 }, mesh.charter), verified: () => count }
}

describe('signatures', () => {
  test(
    'are verified once, however often a record comes and in whatever copy',
    { tags: ['SYN-7'] },
    () => {
      const { empty, verified } = counted()
      const { node, tell } = SyncLab.against(empty)
      const copy = edited(gone, (record) => void (record.proof = record.proof.toReversed()))
      for (const text of [gone, gone, copy, gone]) tell(records([text], 'none'))
      expect(node.cuts).toEqual([])
      expect(verified()).toBe(2)
    },
  )

  test('of what waits for others within one message are verified once', { tags: ['SYN-7'] }, () => {
    const { empty, verified } = counted()
    const lone = revocation(mesh, { by: [admin], targets: [{ did: member.did, maxGen: 9 }] })
    expect(empty.accept([lone, gone, ...many]).added).toHaveLength(21)
    expect(verified()).toBe(1 + 2 + 40)
  })

  test(
    'behind the first bad record of a neighbour are not looked at',
    { tags: ['SYN-7', 'SYN-8'] },
    () => {
      const { empty, verified } = counted()
      const { node, tell } = SyncLab.against(empty)
      const garbage = many.map((text) =>
        edited(text, (record) => {
          const [first] = record.proof
          if (first !== undefined)
            first.proofValue = `z${'1'.repeat(60)}${first.proofValue.slice(61)}`
        }),
      )
      tell(records([...garbage, gone], 'none'))
      expect(node.cuts).toEqual(['record-unproved'])
      expect(verified()).toBeLessThanOrEqual(1)
      expect(node.set.size).toBe(0)
    },
  )

  test('of records made here are each judged', { tags: ['SYN-8'] }, () => {
    const node = new SyncNode('node', withAll(mesh.empty, grant(mesh, member).text))
    const lab = new SyncLab()
    const wrong = edited(many[0] ?? '', (record) => void record.proof.pop())
    lab.submit(node, wrong, gone)
    const standing: Standing = standingOf(node.set, member.did, NOW_MS)
    expect(standing.status).toBe('revoked')
    expect(node.notes).toMatchObject([
      { type: 'judged', ids: [idOf(gone)], refused: [{ code: 'record-unproved' }] },
      { type: 'submitted', durable: true },
      { type: 'gossip' },
    ])
  })
})
