import { Daemon } from '@warren/demo/warren-process'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import {
  ask,
  atMs,
  cutOffMesh,
  expectGone,
  progresses,
  reachesServer,
  refusedCall,
  watchCall,
} from './support/cut-off-mesh.ts'
import { errorOf } from './support/raw-host.ts'
import { meets, type ReadyMesh, type ReadyNode } from './support/ready-mesh.ts'

const AGES = { beacon: 1, warn: 2, deny: 5, stop: 10, skew: 20 }
/** The watch looks four times a second, and the machine may be busy. */
const LATE_MS_MAX = 2_000
/** The last beacon was up to an interval old, says its time in whole seconds, and stopping takes a moment. */
const EARLY_MS_MAX = 1_000 * AGES.beacon + 1_000 + 500
const STATE_TIMEOUT_MS = 20_000
const FRESH = { timeout: 20_000, interval: 100 }

let mesh: ReadyMesh
let witness: ReadyNode
let plant: ReadyNode
let crane: ReadyNode

beforeAll(async () => {
  const ages = Object.entries(AGES).flatMap(([name, seconds]) => [`--${name}`, String(seconds)])
  mesh = await cutOffMesh({ names: ['witness', 'plant', 'crane'], found: ['init', ...ages] })
  witness = mesh.node('witness')
  plant = mesh.node('plant')
  crane = mesh.node('crane')
})

afterAll(async () => {
  await mesh?.close()
})

/** When a node says that it has come to a state, from now on. */
function stateSince({ daemon }: ReadyNode, state: string): Promise<number> {
  const seen = daemon.events.length
  const isNew = (event: unknown): boolean =>
    daemon.events.slice(seen).some((each) => each === event)
  return daemon
    .event(
      (event) => event['event'] === 'freshness' && event['state'] === state && isNew(event),
      STATE_TIMEOUT_MS,
    )
    .then(atMs)
}

async function isFresh(node: ReadyNode): Promise<void> {
  await vi.waitFor(async () => {
    expect(await ask(node, 'status')).toMatchObject({ freshness: 'fresh' })
  }, FRESH)
}

async function echoes(node: ReadyNode, server: string): Promise<void> {
  const answer = await ask(
    node,
    'call',
    server,
    'echo',
    '--args',
    '{"text":"here"}',
    '--timeout',
    '5s',
  )
  expect(answer).toMatchObject({ content: [{ text: 'here' }] })
}

test(
  'without a witness a node ages, begins nothing new, ends everything, and recovers by itself',
  { tags: ['NODE-12', 'NODE-43', 'FRS-6'], timeout: 90_000 },
  async () => {
    await Promise.all([isFresh(plant), isFresh(crane)])
    const { host, serverPids } = await watchCall(crane, plant)
    const states = ['aging', 'deny-new', 'stop'].map(async (state) => stateSince(plant, state))
    await witness.daemon.stop()
    const stoppedMs = Date.now()
    const [aging, denyNew, stop] = states
    await denyNew
    // A call of another node is refused there, and here before anything of it is sent.
    expect(await refusedCall(crane, 'plant')).toBe('knowledge-stale')
    await progresses(host)
    const cut = stop?.then(async (ms) => {
      errorOf(await host.hears(({ id, method }) => id === 1 && method === undefined), -32_001)
      return ms
    })
    const ages = await Promise.all([aging, denyNew, cut])
    const afterMs = ages.map((ms) => (ms ?? Number.NaN) - stoppedMs)
    console.log('ms after the witness had stopped: aging, deny-new, stop', afterMs)
    for (const [at, seconds] of [AGES.warn, AGES.deny, AGES.stop].entries()) {
      expect(afterMs[at]).toBeGreaterThan(1_000 * seconds - EARLY_MS_MAX)
      expect(afterMs[at]).toBeLessThan(1_000 * seconds + LATE_MS_MAX)
    }
    for (const state of ['aging', 'deny-new', 'stop']) {
      const warned = expect.objectContaining({ event: 'freshness', state, level: 'warn' })
      expect(plant.daemon.events).toContainEqual(warned)
    }
    const { warnings } = await ask(plant, 'status')
    expect(warnings).toContainEqual(
      expect.stringMatching(/^no new beacon has come for \d+ seconds: stop$/),
    )
    await expectGone(serverPids)
    await echoes(plant, 'plant')

    witness.daemon = await Daemon.start(witness.directory)
    await Promise.all([isFresh(plant), isFresh(crane)])
    await reachesServer(crane, 'plant')
    await echoes(crane, 'plant')
    await host.leave()
  },
)

test(
  'a node that starts without a witness serves its own hosts alone, until one answers',
  { tags: ['NODE-12', 'FRS-4'], timeout: 90_000 },
  async () => {
    await Promise.all([isFresh(plant), isFresh(crane)])
    await reachesServer(crane, 'plant')
    await Promise.all([witness.daemon.kill(), plant.daemon.kill()])
    plant.daemon = await Daemon.start(plant.directory)
    expect(await ask(plant, 'status')).toMatchObject({
      freshness: 'stop: no witness has answered since this node started',
    })
    await echoes(plant, 'plant')
    expect(await refusedCall(crane, 'plant')).toMatch(/^(no-such-server|knowledge-stale|peer-.*)$/)
    witness.daemon = await Daemon.start(witness.directory)
    await Promise.all([isFresh(plant), isFresh(crane)])
    await meets(plant, crane)
    await reachesServer(crane, 'plant')
    await echoes(crane, 'plant')
  },
)

test(
  'an island grant lets the server that it names go on, and no other',
  { tags: ['FRS-12', 'NODE-16'], timeout: 90_000 },
  async () => {
    await Promise.all([isFresh(plant), isFresh(crane)])
    await reachesServer(crane, 'plant')
    await reachesServer(plant, 'crane')
    await ask(
      witness,
      'island',
      'main',
      '--stale',
      '1h',
      '--server',
      'plant',
      '--until',
      '1d',
      '--yes',
    )
    await vi.waitFor(async () => {
      for (const node of [plant, crane]) {
        expect(await ask(node, 'status')).toMatchObject({ islandServers: ['plant: fresh'] })
      }
    }, FRESH)
    const { host: other, serverPids } = await watchCall(plant, crane)
    const { host: going, serverPids: goingOn } = await watchCall(crane, plant)
    const stop = Promise.all([stateSince(plant, 'stop'), stateSince(crane, 'stop')])
    await witness.daemon.stop()
    await stop
    errorOf(await other.hears(({ id, method }) => id === 1 && method === undefined), -32_001)
    await expectGone(serverPids)
    // What had begun by the grant has not ended, and more may be begun.
    await progresses(going)
    await reachesServer(crane, 'plant')
    await echoes(crane, 'plant')
    expect(await refusedCall(plant, 'crane')).toBe('knowledge-stale')
    expect(await ask(plant, 'status')).toMatchObject({
      freshness: 'stop',
      islandServers: [expect.stringMatching(/^plant: (fresh|aging)$/)],
    })
    await progresses(going)
    expect(going.heard.filter(({ id, method }) => id === 1 && method === undefined)).toEqual([])
    await going.leave()
    await expectGone(goingOn)
    await other.leave()
  },
)
