import { canonicalJson, type JsonObject } from '@warren/core'
import { type AdminSigner, type SyncLimits, WitnessDuty } from '@warren/membership'
import { expect, test } from 'vitest'
import { decodeBeacon, witnessContext } from '../src/freshness/decode-beacon.ts'
import {
  decodeChallenge,
  encodeChallenge,
  nonceText,
  signResponse,
} from '../src/freshness/fresh-response.ts'
import { HOUR_MS, NOW_MS, suite, utf8 } from './builders.ts'
import {
  adminChange,
  beacon,
  crowd as crowdOf,
  grant,
  person,
  quarantine,
  revoked,
  withAll,
  witnessedMesh,
} from './record-builders.ts'
import { Impostor, SyncLab, SyncNode } from './sync-pair.ts'

/* Beacons, challenges and answers between neighbours, some of which lie. */

const mesh = witnessedMesh({ witnesses: 3, kWitness: 2 })
const [one, two] = [witnessAt(0), witnessAt(1)]
const { meshId } = mesh.charter

function witnessAt(at: number): AdminSigner {
  const witness = mesh.witnesses[at]
  if (witness === undefined) throw new Error('a witness')
  return witness
}

interface End {
  readonly lab: SyncLab
  readonly node: SyncNode
  readonly link: string
}

function tell({ lab, node, link }: End, message: JsonObject): void {
  const bytes = utf8(canonicalJson(message))
  lab.do(node, node.sync.handle({ type: 'message', link, bytes }, lab.nowMs))
  lab.settle()
}

/** A node that asks, its neighbour, and an impostor behind that: it has been passed the challenge of the first. */
function chain() {
  const lab = new SyncLab()
  const [asker, relay, impostor] = [
    new SyncNode('asker', mesh.empty),
    new SyncNode('relay', mesh.empty),
    new Impostor('impostor'),
  ]
  lab.connect(asker, relay)
  const link = lab.connect(relay, impostor)
  lab.settle()
  lab.pass(1, asker)
  lab.settle()
  const text = impostor.last('challenge')?.['text']
  if (typeof text !== 'string') throw new Error('a challenge')
  const nonce = nonceText(decodeChallenge(meshId, text))
  return { lab, asker, relay, impostor, link, nonce }
}

function answerOf(nonce: string, witness: AdminSigner = one): JsonObject {
  const beaconText = beacon(mesh, witness, { seq: 1 })
  const text = signResponse({
    suite,
    meshId,
    witness,
    nonce: Buffer.from(nonce.slice(1), 'base64url'),
    beacon: decodeBeacon(witnessContext(mesh.empty), beaconText),
    timeMs: NOW_MS,
  })
  return { type: 'answer', nonce, text, beaconText }
}

test(
  'a forged answer ends the connection of whoever made it, and none between honest nodes',
  { tags: ['FRS-24', 'THR-32'] },
  () => {
    const { lab, asker, relay, link, nonce } = chain()
    tell({ lab, node: relay, link }, { ...answerOf(nonce), text: '{}' })
    expect(asker.cuts).toEqual([])
    expect(relay.cuts).toEqual(['record-malformed'])
  },
)

test(
  'an answer in which another nonce is answered is not passed back',
  { tags: ['FRS-24'] },
  () => {
    const { lab, asker, relay, link, nonce } = chain()
    const other = `u${'A'.repeat(43)}`
    const before = relay.sentMessages
    tell({ lab, node: relay, link }, { ...answerOf(other), nonce })
    expect(relay.sentMessages).toBe(before)
    expect([...asker.cuts, ...relay.cuts]).toEqual([])
  },
)

test(
  'an answer is passed back once for each witness, for ten seconds and no longer',
  { tags: ['FRS-24'] },
  () => {
    const { lab, asker, relay, link, nonce } = chain()
    const before = relay.sentMessages
    for (const witness of [one, one, one])
      tell({ lab, node: relay, link }, answerOf(nonce, witness))
    expect(relay.sentMessages).toBe(before + 1)
    lab.nowMs += 10_000
    tell({ lab, node: relay, link }, answerOf(nonce, two))
    expect(relay.sentMessages).toBe(before + 2)
    expect(asker.sync.meshTimeMs(lab.nowMs)).toBeGreaterThanOrEqual(NOW_MS)

    const late = chain()
    const sent = late.relay.sentMessages
    late.lab.nowMs += 10_001
    tell({ ...late, node: late.relay }, answerOf(late.nonce))
    expect(late.relay.sentMessages).toBe(sent)
    expect(late.relay.cuts).toEqual([])
  },
)

test(
  'beacons and answers of a witness that one of two neighbours does not know, or knows no more, part nobody',
  { tags: ['FRS-24'] },
  () => {
    const change = adminChange(mesh, {
      by: mesh.admins,
      removeWitnesses: [one.did],
    })
    const lab = new SyncLab()
    const old = new SyncNode('old', mesh.empty)
    const source = new Impostor('source')
    const link = lab.connect(old, source)
    tell({ lab, node: old, link }, { type: 'beacons', texts: [beacon(mesh, one, { seq: 3 })] })
    const young = new SyncNode('young', withAll(mesh.empty, change))
    lab.connect(young, old)
    lab.settle()
    expect([...old.cuts, ...young.cuts]).toEqual([])
    expect(old.set.trie('removal').root).toBe(young.set.trie('removal').root)
  },
)

test(
  'who brings the challenge of somebody else first does not keep the answer from the next, nor does it get two',
  { tags: ['FRS-20'] },
  () => {
    const lab = new SyncLab()
    const duty = new WitnessDuty({ witness: one, from: { firstWallMs: NOW_MS }, nowMs: 0 })
    const node = new SyncNode('witness', mesh.empty, { duty })
    const others = ['first', 'second', 'third', 'fourth'].map((name) => new Impostor(name))
    const links = others.map((other) => lab.connect(node, other))
    lab.pass(1, node)
    for (const note of node.notes) {
      if (note.type === 'reserve') lab.do(node, node.sync.handle({ ...note, type: 'reserved' }, 1))
    }
    const text = encodeChallenge(meshId, new Uint8Array(32).fill(1))
    for (const link of [...links, ...links]) {
      tell({ lab, node, link }, { type: 'challenge', text, hops: 0 })
    }
    expect(others.map((other) => other.count('answer'))).toEqual([1, 1, 1, 0])
  },
)

/** A node between one impostor that speaks and others that listen; no answer is missed. */
function crowd(listeners: number, limits: Partial<SyncLimits> = {}) {
  const lab = new SyncLab()
  const node = new SyncNode('node', mesh.empty, { answerMs: HOUR_MS, ...limits })
  const speaker = new Impostor('speaker')
  const link = lab.connect(node, speaker)
  const others = Array.from({ length: listeners }, (_, at) => new Impostor(`listener ${at}`))
  for (const other of others) lab.connect(node, other)
  lab.pass(1, node)
  lab.settle()
  return { lab, node, link, speaker, others }
}

function challengeOf(fill: number, hops = 3): JsonObject {
  return { type: 'challenge', text: encodeChallenge(meshId, new Uint8Array(32).fill(fill)), hops }
}

test(
  'a beacon that could change nothing is not even verified, and one that could is',
  { tags: ['FRS-21'] },
  () => {
    const { node, link, lab } = crowd(0)
    const [second, third] = [beacon(mesh, one, { seq: 2 }), beacon(mesh, one, { seq: 3 })]
    tell({ lab, node, link }, { type: 'beacons', texts: [third] })
    tell({ lab, node, link }, { type: 'beacons', texts: [forged(second), forged(third)] })
    expect(node.cuts).toEqual([])
    tell({ lab, node, link }, { type: 'beacons', texts: [forged(beacon(mesh, one, { seq: 4 }))] })
    expect(node.cuts).toEqual(['record-unproved'])
  },
)

test(
  'a lie under a number that is known is verified, and proves itself',
  { tags: ['FRS-21', 'FRS-9'] },
  () => {
    const { node, link, lab } = crowd(0)
    const texts = [0, 1].map((removalCount) => beacon(mesh, one, { seq: 3, removalCount }))
    tell({ lab, node, link }, { type: 'beacons', texts })
    expect(node.set.trie('removal').count).toBe(1)
  },
)

test(
  'a witness that says more than an honest one ever does is not passed on any further for a while',
  { tags: ['FRS-21', 'THR-33'] },
  () => {
    const { node, link, lab, others } = crowd(1)
    const say = (from: number, to: number): void => {
      for (let seq = from; seq <= to; seq += 1) {
        tell({ lab, node, link }, { type: 'beacons', texts: [beacon(mesh, one, { seq })] })
      }
    }
    say(1, 10)
    expect(others[0]?.count('beacons')).toBe(8)
    lab.nowMs = 999
    say(11, 11)
    expect(others[0]?.count('beacons')).toBe(8)
    lab.nowMs = 1_000
    say(12, 13)
    expect(others[0]?.count('beacons')).toBe(9)
    // Nobody else is held back by it.
    tell({ lab, node, link }, { type: 'beacons', texts: [beacon(mesh, two, { seq: 1 })] })
    expect(others[0]?.count('beacons')).toBe(10)
  },
)

test.for([
  { hops: 8, passedOn: 2 },
  { hops: 3, passedOn: 2 },
  { hops: 1, passedOn: 0 },
  { hops: 0, passedOn: undefined },
])(
  'a challenge that is to go $hops neighbours further is passed on with $passedOn',
  { tags: ['FRS-22', 'THR-33'] },
  ({ hops, passedOn }) => {
    const { node, link, lab, others } = crowd(1)
    const before = others[0]?.count('challenge') ?? 0
    tell({ lab, node, link }, challengeOf(1, hops))
    const heard = others[0]?.count('challenge') === before + 1
    expect(heard ? others[0]?.last('challenge')?.['hops'] : undefined).toBe(passedOn)
  },
)

test(
  'neighbours that ask without end leave room for what the node asks itself',
  { tags: ['FRS-22', 'THR-33'] },
  () => {
    const { node, link, lab, others } = crowd(1)
    const second = lab.connect(node, new Impostor('second'))
    const before = others[0]?.count('challenge') ?? 0
    for (let fill = 1; fill <= 40; fill += 1) {
      tell({ lab, node, link: fill % 2 === 0 ? link : second }, challengeOf(fill))
    }
    // Of the eight that the other side deals with at once.
    expect((others[0]?.count('challenge') ?? 0) - before).toBe(6)
  },
)

/** A node between neighbours that ask without end, an honest one, and a witness, towards whom all of that goes. */
function besieged(hostile: number) {
  const { lab, node, link } = crowd(0)
  const witness = new Impostor(one.did)
  lab.connect(node, witness)
  const links = Array.from({ length: hostile }, (_, at) =>
    lab.connect(node, new Impostor(`hostile ${at}`)),
  )
  const challenge = (): JsonObject => ({
    type: 'challenge',
    text: encodeChallenge(meshId, suite.randomBytes(32)),
    hops: 1,
  })
  const isPassedOn = (message: JsonObject, by = link): boolean => {
    tell({ lab, node, link: by }, message)
    return witness.last('challenge')?.['text'] === message['text']
  }
  const besiege = (seconds: number): number => {
    let passed = 0
    for (let second = 0; second < seconds; second += 1) {
      lab.nowMs += 1_000
      for (const each of links) if (isPassedOn(challenge(), each)) passed += 1
    }
    return passed
  }
  return { lab, node, link, links, challenge, isPassedOn, besiege }
}

test.for([3, 12, 40])(
  '%i neighbours that ask without end do not keep the challenges of an honest one from going on',
  { tags: ['FRS-22', 'THR-33'] },
  (hostile) => {
    const { challenge, isPassedOn, besiege } = besieged(hostile)
    // Each has a part of its own once in four seconds for each of the neighbours, with the honest one and the witness.
    const pauseSeconds = (hostile + 2) * 4
    const outcomes = Array.from({ length: 4 }, () => {
      const flood = besiege(pauseSeconds)
      return { flood, honest: isPassedOn(challenge()) }
    })
    expect(outcomes.map(({ honest }) => honest)).toEqual([true, true, true, true])
    // All of it together is three in four seconds, and six at once.
    for (const { flood } of outcomes) expect(flood).toBeLessThanOrEqual(pauseSeconds * 0.75 + 6)
  },
)

test(
  'a neighbour has its own part again after its pause and not before, whatever connection it comes over',
  { tags: ['FRS-22'] },
  () => {
    const { lab, node, challenge, isPassedOn, besiege, link } = besieged(6)
    besiege(60)
    expect(isPassedOn(challenge())).toBe(true)
    besiege(31)
    expect(isPassedOn(challenge())).toBe(false)
    lab.do(node, node.sync.handle({ type: 'disconnected', link }, lab.nowMs))
    lab.connect(node, new Impostor('speaker'))
    expect(isPassedOn(challenge())).toBe(false)
    besiege(1)
    expect(isPassedOn(challenge())).toBe(true)
  },
)

test.for([
  { how: 'with no way left', hops: 0 },
  { how: 'when it has no part left', hops: 1 },
])(
  'who brings the challenge of somebody else first, $how, does not end it',
  { tags: ['FRS-22', 'FRS-20'] },
  ({ hops }) => {
    const { links, challenge, isPassedOn, besiege } = besieged(6)
    besiege(60)
    const message = challenge()
    expect(isPassedOn({ ...message, hops }, links[0])).toBe(false)
    expect(isPassedOn(message)).toBe(true)
    expect(isPassedOn(message, links[1])).toBe(true)
  },
)

test(
  'what does not go to all neighbours goes to some by chance, and so in time to all',
  { tags: ['FRS-22'] },
  () => {
    const { node, link, lab, others } = crowd(6, { relayMax: 2 })
    for (let seq = 1; seq <= 80; seq += 1) {
      lab.pass(10_000, node)
      lab.settle()
      tell({ lab, node, link }, { type: 'beacons', texts: [beacon(mesh, one, { seq })] })
    }
    for (const type of ['beacons', 'challenge']) {
      expect(others.filter((other) => other.count(type) === 0).map(({ name }) => name)).toEqual([])
    }
  },
)

/** The same with a signature that is none. */
function forged(text: string): string {
  return text.replace(/"proofValue":"z...../u, '"proofValue":"z11111')
}

/** A witness that has said its first beacon; what it has to say from then on is counted. */
function speaking(set = mesh.empty) {
  const lab = new SyncLab()
  const duty = new WitnessDuty({ witness: one, from: { firstWallMs: NOW_MS }, nowMs: 0 })
  const node = new SyncNode('witness', set, { duty })
  const said = (): readonly string[] =>
    node.notes.flatMap((note) => (note.type === 'reserve' ? [note.what] : []))
  lab.pass(1, node)
  const first = said().length
  lab.pass(10_000, node)
  return { lab, node, said: () => said().slice(first) }
}

test(
  'what is new has a second to spread before a witness speaks of it',
  { tags: ['FRS-25'] },
  () => {
    const { lab, node, said } = speaking()
    lab.submit(node, revoked(mesh, person(1)))
    lab.pass(0, node)
    lab.pass(999, node)
    expect(said()).toEqual([])
    lab.pass(1, node)
    expect(said()).toEqual(['beacon', 'checkpoint'])
  },
)

test('more that is new puts off nothing', { tags: ['FRS-25'] }, () => {
  const { lab, node, said } = speaking()
  for (const each of [1, 2, 3, 4]) {
    lab.submit(node, revoked(mesh, person(each)))
    lab.pass(250, node)
  }
  expect(said()).toEqual(['beacon', 'checkpoint'])
})

test('nor does what comes while it calls over its many members', { tags: ['FRS-25'] }, () => {
  const many = crowdOf(mesh.empty, grant(mesh, person(0)), 1_000)
  const { lab, node, said } = speaking(many)
  for (let change = 1; change <= 100; change += 1) {
    lab.submit(node, quarantine(mesh, person(change % 4)))
    lab.pass(25, node)
  }
  expect(said()).toContain('beacon')
})

test(
  'beside an answer only the very beacon that is known is taken unseen',
  { tags: ['FRS-24'] },
  () => {
    const beaconText = beacon(mesh, one, { seq: 1 })
    for (const [shown, cuts] of [
      [beaconText, []],
      [forged(beaconText), ['record-unproved']],
    ] as const) {
      const { lab, relay, link, nonce } = chain()
      tell({ lab, node: relay, link }, { type: 'beacons', texts: [beaconText] })
      const before = relay.sentMessages
      tell({ lab, node: relay, link }, { ...answerOf(nonce), beaconText: shown })
      expect(relay.cuts).toEqual(cuts)
      expect(relay.sentMessages).toBe(before + 1 - cuts.length)
    }
  },
)
