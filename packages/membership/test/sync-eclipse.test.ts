import { canonicalJson, isJsonObject, type JsonObject } from '@warren/core'
import {
  type FreshnessState,
  RecordSync,
  standingOf,
  type SyncEffect,
  type SyncEvent,
  WitnessDuty,
} from '@warren/membership'
import { expect, test } from 'vitest'
import { NOW_MS, suite, utf8, utf8Text } from './builders.ts'
import { grant, person, revoked, withAll, witnessedMesh } from './record-builders.ts'

/* A node whose only neighbour passes on the signs of life of the witness, and hides what was revoked. */

const SECOND_MS = 1_000
const REVOKED_AT_MS = 600 * SECOND_MS
const UNTIL_MS = 1_300 * SECOND_MS

const mesh = witnessedMesh({ witnesses: 1, kWitness: 1 })
const start = withAll(mesh.empty, grant(mesh, person(0)).text)
const { denyMs, skewMs } = mesh.charter.freshness

/** What stands between two nodes: it gives on what it likes, changed as it likes. */
type Passage = (message: JsonObject, victim: RecordSync) => JsonObject | undefined

const honest: Passage = (message) => message

/** Every removal is kept back, and both sides look alike: only the beacons tell. */
const hiding: Passage = (message, victim) => {
  const { type } = message
  if (type === 'records' || type === 'have' || type === 'below') return undefined
  if (type !== 'heads') return message
  const head = (part: 'checkpoint' | 'removal' | 'grant'): JsonObject => {
    const { root, count } = victim.set.trie(part)
    return { root, count }
  }
  const heads = { checkpoint: head('checkpoint'), removal: head('removal'), grant: head('grant') }
  return { ...message, heads }
}

interface Seen {
  /** When the victim last began something for others. */
  readonly lastTrustingMs: number
  readonly states: ReadonlySet<FreshnessState>
  readonly victim: RecordSync
}

/** The witness, the victim, and second after second what the victim says of itself. */
function underPassage(passage: Passage): Seen {
  const [witness] = mesh.witnesses
  if (witness === undefined) throw new Error('a witness')
  const duty = new WitnessDuty({ witness, from: { firstWallMs: NOW_MS }, nowMs: 0 })
  const near = new RecordSync({ set: start, random: suite, nowMs: 0, duty })
  const victim = new RecordSync({ set: start, random: suite, nowMs: 0 })
  const queue: { to: RecordSync; event: SyncEvent }[] = []
  let nowMs = 0
  const take = (node: RecordSync, event: SyncEvent): void => {
    for (const effect of node.handle(event, nowMs)) queue.push(...follow(node, effect))
  }
  const follow = (node: RecordSync, effect: SyncEffect): readonly (typeof queue)[number][] => {
    if (effect.type === 'store')
      return [{ to: node, event: { type: 'stored', batch: effect.batch } }]
    if (effect.type === 'reserve') {
      return [{ to: node, event: { type: 'reserved', what: effect.what, state: effect.state } }]
    }
    if (effect.type !== 'send') return []
    const said: unknown = JSON.parse(utf8Text(effect.bytes))
    if (!isJsonObject(said)) throw new Error('a message is an object')
    const passed = node === near ? passage(said, victim) : said
    if (passed === undefined) return []
    const to = node === near ? victim : near
    return [{ to, event: { type: 'message', link: 'link', bytes: utf8(canonicalJson(passed)) } }]
  }
  const drain = (): void => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      take(next.to, next.event)
    }
  }
  take(near, { type: 'connected', link: 'link', did: person(1).did })
  take(victim, { type: 'connected', link: 'link', did: witness.did })
  const states = new Set<FreshnessState>()
  let lastTrustingMs = 0
  for (; nowMs <= UNTIL_MS; nowMs += SECOND_MS) {
    if (nowMs === REVOKED_AT_MS) {
      take(near, { type: 'submit', ref: 1, texts: [revoked(mesh, person(0))] })
    }
    for (const node of [near, victim]) take(node, { type: 'wake' })
    drain()
    const { state } = victim.judge(nowMs)
    states.add(state)
    if (state === 'fresh' || state === 'aging') lastTrustingMs = nowMs
  }
  return { lastTrustingMs, states, victim }
}

test(
  'a node that is kept in the dark stops trusting at the age of its charter, and not later',
  { tags: ['FRS-11', 'FRS-3'] },
  () => {
    const { lastTrustingMs, victim } = underPassage(hiding)
    expect(standingOf(victim.set, person(0).did, NOW_MS).status).toBe('member')
    const exposedMs = lastTrustingMs - REVOKED_AT_MS
    expect(exposedMs).toBeGreaterThan(0)
    expect(exposedMs).toBeLessThanOrEqual(denyMs + 2 * skewMs)
    console.log(`exposed for ${exposedMs / SECOND_MS} s, deny at ${denyMs / SECOND_MS} s`)
  },
)

test('one that is not stays fresh all the time, and knows', { tags: ['FRS-11'] }, () => {
  const { lastTrustingMs, states, victim } = underPassage(honest)
  expect(lastTrustingMs).toBe(UNTIL_MS)
  expect([...states]).toEqual(['fresh'])
  expect(standingOf(victim.set, person(0).did, NOW_MS).status).toBe('revoked')
})
