import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ask, cutOffMesh, progresses, watchCall } from './support/cut-off-mesh.ts'
import type { ReadyMesh, ReadyNode } from './support/ready-mesh.ts'

/** Half of the minute after which a node that has enough answers asks whoever is heard and has not answered. */
const SOON = { timeout: 30_000, interval: 100 }

let mesh: ReadyMesh
let desk: ReadyNode
let plant: ReadyNode

beforeAll(async () => {
  mesh = await cutOffMesh({ names: ['desk', 'plant'] })
  desk = mesh.node('desk')
  plant = mesh.node('plant')
})

afterAll(async () => {
  await mesh?.close()
})

function states({ daemon }: ReadyNode, from: number): readonly unknown[] {
  const events = daemon.events.slice(from).filter(({ event }) => event === 'freshness')
  return events.map(({ state }) => state)
}

test(
  'a second witness is added while a call is under way: it goes on, and both nodes are fresh again at once',
  { tags: ['FRS-26'], timeout: 90_000 },
  async () => {
    const { host } = await watchCall(desk, plant)
    const from = mesh.nodes.map(({ daemon }) => daemon.events.length)
    const file = join(plant.directory, 'node.pub.json')
    await ask(desk, 'admin', 'change', '--add-witness', file, '--yes')
    await vi.waitFor(async () => {
      for (const node of mesh.nodes) {
        const status = await ask(node, 'status')
        expect(status).toMatchObject({ freshness: 'fresh', witnesses: '2 of 2 count, 2 needed' })
      }
    }, SOON)
    await progresses(host)
    for (const [at, node] of mesh.nodes.entries()) {
      const seen = states(node, from[at] ?? 0)
      console.log(`${node.name}: ${seen.join(', ')}`)
      expect(seen).not.toContain('stop')
    }
    await host.leave()
  },
)
