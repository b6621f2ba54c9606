import { canonicalJson, type JsonObject } from '@warren/core'
import { type AdminSigner, WitnessDuty } from '@warren/membership'
import { expect, test } from 'vitest'
import { decodeBeacon, witnessContext } from '../src/freshness/decode-beacon.ts'
import {
  decodeChallenge,
  encodeChallenge,
  nonceText,
  signResponse,
} from '../src/freshness/fresh-response.ts'
import { NOW_MS, suite, utf8 } from './builders.ts'
import { adminChange, beacon, withAll, witnessedMesh } from './record-builders.ts'
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
  { tags: ['FRS-21', 'THR-32'] },
  () => {
    const { lab, asker, relay, link, nonce } = chain()
    tell({ lab, node: relay, link }, { ...answerOf(nonce), text: '{}' })
    expect(asker.cuts).toEqual([])
    expect(relay.cuts).toEqual(['record-malformed'])
  },
)

test(
  'an answer in which another nonce is answered is not passed back',
  { tags: ['FRS-21'] },
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
  { tags: ['FRS-21'] },
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
  { tags: ['FRS-21'] },
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
