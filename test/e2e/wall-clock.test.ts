import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '@warren/core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import {
  ask,
  atMs,
  cutOffMesh,
  expectGone,
  progresses,
  refusedCall,
  watchCall,
} from './support/cut-off-mesh.ts'
import { errorOf } from './support/raw-host.ts'
import type { ReadyMesh, ReadyNode } from './support/ready-mesh.ts'

const PRELOAD = join(import.meta.dirname, 'children/shifted-wall-clock.ts')
const DAY_MS = 86_400_000
/** Longer than a membership, and than anything else that ends. */
const FAR_MS = 800 * DAY_MS
/** No beacon is so late on a busy machine that knowledge ages without a reason. */
const AGES = { beacon: 1, warn: 5, deny: 8, stop: 12, skew: 20 }
/** Within this every round of a node has come round, and knowledge that nothing renews is too old for anything. */
const SETTLED_SECONDS = 14
/** A node looks four times a second, and the machine may be busy. */
const OFF_MS_MAX = 1_500
const SOON = { timeout: 30_000, interval: 200 }
/** What a node says when it begins to take somebody, or what it knows, for something else. */
const CHANGES: ReadonlySet<unknown> = new Set([
  'freshness',
  'admitted',
  'refused',
  'refused-call',
  'lost',
  'cut-off',
  'self-cut-off',
  'let-in',
  'catalog-unanswered',
  'defect',
])

let clocks: string
let mesh: ReadyMesh
let witness: ReadyNode
let plant: ReadyNode
let crane: ReadyNode

beforeAll(async () => {
  clocks = mkdtempSync(join(tmpdir(), 'warren-clocks-'))
  const names = ['witness', 'plant', 'crane']
  for (const name of names) setBy(name, 0)
  const ages = Object.entries(AGES).flatMap(([name, seconds]) => [`--${name}`, String(seconds)])
  mesh = await cutOffMesh({
    names,
    found: ['init', ...ages],
    launch: (name) => [
      'env',
      `NODE_OPTIONS=--import=${PRELOAD}`,
      `WALL_CLOCK_SHIFT_FILE=${join(clocks, name)}`,
    ],
  })
  witness = mesh.node('witness')
  plant = mesh.node('plant')
  crane = mesh.node('crane')
})

afterAll(async () => {
  await mesh?.close()
  rmSync(clocks, { recursive: true, force: true })
})

/** Sets the wall clock of a machine to another time. */
function setBy(name: string, shiftMs: number): void {
  const file = join(clocks, name)
  writeFileSync(`${file}.new`, String(shiftMs))
  renameSync(`${file}.new`, file)
}

/** Waits until a node has run on for so long that whatever it does from time to time is done. */
async function settles(node: ReadyNode): Promise<void> {
  const uptime = async (): Promise<number> => Number((await ask(node, 'status'))['uptimeSeconds'])
  const until = (await uptime()) + SETTLED_SECONDS
  await vi.waitFor(async () => expect(await uptime()).toBeGreaterThanOrEqual(until), SOON)
}

/** How everybody stands, as a node sees it. */
async function view(node: ReadyNode): Promise<object> {
  const { freshness, standing, memberUntil, reachable } = await ask(node, 'status')
  const { members } = await ask(node, 'members')
  return { freshness, standing, memberUntil, reachable, members }
}

function changesSince({ daemon }: ReadyNode, seen: number): readonly JsonObject[] {
  return daemon.events.slice(seen).filter(({ event }) => CHANGES.has(event))
}

test.for([
  { what: 'forward by more than two years', shiftMs: FAR_MS },
  { what: 'back by as much', shiftMs: -FAR_MS },
])(
  'a wall clock that is set $what changes nothing of what a node takes anybody for',
  { tags: ['NODE-11', 'FRS-8', 'FRS-14'], timeout: 90_000 },
  async ({ shiftMs }) => {
    await vi.waitFor(async () => {
      for (const node of mesh.nodes) {
        expect(await ask(node, 'status')).toMatchObject({ freshness: 'fresh' })
      }
    }, SOON)
    const { host } = await watchCall(crane, plant)
    const before = await Promise.all([plant, crane].map(view))
    const seen = mesh.nodes.map(({ daemon }) => daemon.events.length)
    for (const { name } of [witness, plant]) setBy(name, shiftMs)
    await settles(plant)
    expect(await Promise.all([plant, crane].map(view))).toEqual(before)
    await progresses(host)
    const call = ['call', 'plant', 'echo', '--args', '{"text":"here"}']
    expect(await ask(crane, ...call)).toMatchObject({ content: [{ text: 'here' }] })
    const changes = mesh.nodes.map((node, at) => changesSince(node, seen[at] ?? 0))
    expect(changes).toEqual([[], [], []])
    await host.leave()
  },
)

test(
  'a wall clock that is set while knowledge grows old makes it neither younger nor older',
  { tags: ['NODE-11', 'NODE-12', 'FRS-6'], timeout: 90_000 },
  async () => {
    const { host, serverPids } = await watchCall(crane, plant)
    const seen = plant.daemon.events.length
    const stateOf = async (state: string): Promise<number> => {
      const isNew = (event: JsonObject): boolean => plant.daemon.events.indexOf(event) >= seen
      return atMs(
        await plant.daemon.event(
          (event) => event['event'] === 'freshness' && event['state'] === state && isNew(event),
          SOON.timeout,
        ),
      )
    }
    await witness.daemon.stop()
    setBy('plant', FAR_MS)
    const aging = await stateOf('aging')
    setBy('plant', -FAR_MS)
    const denyNew = await stateOf('deny-new')
    expect(await refusedCall(crane, 'plant')).toMatch(/^(knowledge-stale|no-such-server)$/)
    await progresses(host)
    setBy('plant', FAR_MS)
    const stop = await stateOf('stop')
    errorOf(await host.hears(({ id, method }) => id === 1 && method === undefined), -32_001)
    await expectGone(serverPids)
    const apartMs = [denyNew - aging, stop - denyNew]
    console.log('ms from aging to deny-new, and from there to stop:', apartMs)
    for (const [at, seconds] of [AGES.deny - AGES.warn, AGES.stop - AGES.deny].entries()) {
      expect(apartMs[at]).toBeGreaterThan(1_000 * seconds - OFF_MS_MAX)
      expect(apartMs[at]).toBeLessThan(1_000 * seconds + OFF_MS_MAX)
    }
  },
)
