import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonicalJson } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { createIdentity, type Identity } from '@warren/identity'
import {
  adminSigner,
  createCharter,
  type FreshnessJudgement,
  issueMembership,
  publicPair,
  randomUuid,
  signByAdmins,
  writeRevocation,
} from '@warren/membership'
import { openStore } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { describeKnowledge } from '../../src/control/describe-knowledge.ts'
import { describeView } from '../../src/control/describe-view.ts'
import { witnessWarnings } from '../../src/control/witness-words.ts'
import type { MeshKnowledge } from '../../src/records/mesh-knowledge.ts'
import { knowledge } from '../knowledge.ts'

const NOW_MS = Date.UTC(2026, 10, 24)
const DAY_MS = 86_400_000

const made = (): Identity => createIdentity({ suite, nowMs: NOW_MS - DAY_MS })
const [admin, own, sound, back, former] = [made(), made(), made(), made(), made()]
const admins = [adminSigner(admin)]
const pairOf = (identity: Identity) => publicPair(adminSigner(identity))
const charter = createCharter({
  suite,
  name: 'test',
  admins,
  k: 1,
  // The third is listed with the keys that it had once.
  witnesses: [pairOf(own), pairOf(sound), { ...pairOf(former), did: back.did }],
  nowMs: NOW_MS - DAY_MS,
})
const [notBeforeMs, nowMs] = [NOW_MS - DAY_MS, NOW_MS - DAY_MS]
const member = ({ log }: Identity, name: string) =>
  issueMembership({
    suite,
    charter,
    admins,
    member: log,
    name,
    enclave: 'hall',
    roles: ['member'],
    notBeforeMs,
    notAfterMs: NOW_MS + DAY_MS,
    nowMs,
  })

function opened(): MeshKnowledge {
  const directory = mkdtempSync(join(tmpdir(), 'warren-witness-'))
  const store = openStore(join(directory, 'warren.db'))
  const clock = { wallMs: () => NOW_MS, monotonicMs: () => 0 }
  const membership = member(own, 'own')
  const node = knowledge({ clock, charter, log: own.log, membership, store, report: () => {} })
  onTestFinished(async () => {
    await node.records.stop()
    store.close()
    rmSync(directory, { recursive: true })
  })
  return node
}

test(
  'a witness whose keys are others than those in the list is named, and one that has none of it is not',
  { tags: ['NODE-45'] },
  async () => {
    const node = opened()
    expect(witnessWarnings(node)).toEqual([])
    await node.records.submit([member(sound, 'sound').text, member(back, 'back').text])
    expect(witnessWarnings(node)).toEqual([
      expect.stringContaining(`the witness back (${back.did}) has other keys than it is listed`),
    ])
  },
)

test('a witness that was revoked is named', { tags: ['NODE-45'] }, async () => {
  const node = opened()
  const document = writeRevocation({
    meshId: charter.meshId,
    uuid: randomUuid(suite),
    claimedMs: NOW_MS,
    class: 'compromised',
    reason: 'stolen',
    targets: [{ did: sound.did, maxGen: 1 }],
    since: [],
  })
  const text = canonicalJson(signByAdmins({ suite, document, signers: admins, createdMs: NOW_MS }))
  await node.records.submit([member(sound, 'sound').text, text])
  expect(witnessWarnings(node)).toEqual([
    expect.stringMatching(/^the witness sound .* was revoked, .*--remove-witness/),
  ])
})

test.for([0, 1])(
  'a witness that has been silent for the limit and %i ms',
  { tags: ['NODE-45'] },
  (overMs) => {
    const node = opened()
    const { denyMs } = charter.freshness
    const judged: FreshnessJudgement = {
      ...node.freshness.judge(),
      state: 'fresh',
      ageMs: 0,
      servers: [],
      counted: [
        { witness: own.did, seq: 1, ageMs: 0 },
        { witness: sound.did, seq: 1, ageMs: denyMs + overMs },
      ],
    }
    const { records, standings } = node
    const freshness = Object.assign(node.freshness, { judge: () => judged })
    const known = describeKnowledge({ records, standings, freshness }, member(own, 'own'))
    expect(known['witnesses']).toMatch(overMs === 0 ? /^2 of 3 count/ : /^1 of 3 count/)
    const { warnings } = describeView({ records, freshness }, undefined)
    const sentence = expect.stringContaining(`${sound.did} has said nothing new for`)
    expect(warnings).toEqual(overMs === 0 ? [] : [sentence])
  },
)
