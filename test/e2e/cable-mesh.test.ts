import type { JsonObject } from '@warren/core'
import { askWarren } from '@warren/demo/warren-process'
import { createLab, type Lab, labSupport } from '@warren/netlab'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { connectCommand, reaches, serveProgram } from './support/mesh-hosts.ts'
import { RawHost } from './support/raw-host.ts'
import {
  type ReadyMesh,
  readyMesh,
  type ReadyMeshInit,
  type ReadyNode,
} from './support/ready-mesh.ts'

const SERVER = join(import.meta.dirname, 'support/slow-server.ts')
const SETUP_MS = 120_000
const NAMES = ['desk', 'lab', 'plant']
/** Three silent keep-alive intervals of five seconds, and some for a busy machine. */
const SILENCE_MS_MAX = 25_000
const AGAIN = { timeout: 60_000, interval: 200 }

const support = labSupport()
if (!support.available) console.log(`skipped: meshes on cables of their own: ${support.reason}`)

/** A mesh of real nodes on the hosts of a lab, of which each but the desk offers one server under its own name. */
async function meshOn(wires: Lab, meet?: ReadyMeshInit['meet']): Promise<ReadyMesh> {
  return readyMesh({
    names: NAMES,
    launch: (name) => wires.host(name).launch,
    listen: () => undefined,
    ...(meet === undefined ? {} : { meet }),
    prepare: async ({ name, directory }) => {
      if (name !== 'desk') serveProgram(directory, name, [SERVER])
    },
  })
}

async function echo({ directory, launch }: ReadyNode, server: string): Promise<JsonObject> {
  const words = ['call', server, 'echo', '--args', '{"text":"across"}', '--timeout', '5s']
  return askWarren(['--dir', directory, ...words], launch)
}

const ANSWER = { content: [{ type: 'text', text: 'across' }] }

describe.skipIf(!support.available)('on one cable, without a default route', () => {
  let wires: Lab
  let mesh: ReadyMesh

  beforeAll(async () => {
    const both = [{ switch: 'front' }, { switch: 'back' }]
    wires = await createLab({
      switches: ['front', 'back'],
      hosts: { desk: [{ switch: 'front' }], lab: both, plant: both },
    })
    mesh = await meshOn(wires)
  }, SETUP_MS)

  afterAll(async () => {
    await mesh?.close()
    await wires?.close()
  })

  test('three nodes find each other and call each other’s tools', { tags: ['LAN-1'] }, async () => {
    const [desk, lab, plant] = NAMES.map((name) => mesh.node(name))
    for (const name of NAMES) {
      const { stdout } = await wires.host(name).exec(['ip', 'route', 'show', 'default'])
      expect(stdout).toBe('')
    }
    await reaches(desk!, ['lab', 'plant'])
    expect(await echo(desk!, 'lab')).toMatchObject(ANSWER)
    expect(await echo(desk!, 'plant')).toMatchObject(ANSWER)
    await reaches(lab!, ['lab', 'plant'])
    expect(await echo(lab!, 'plant')).toMatchObject(ANSWER)
    expect(await echo(plant!, 'lab')).toMatchObject(ANSWER)
  })

  test(
    'a pulled cable: the call in flight ends in time, another cable takes over, and plugged back all is well',
    { tags: ['NET-10', 'LAN-2'], timeout: 180_000 },
    async () => {
      const [desk, plant] = [mesh.node('desk'), mesh.node('plant')]
      const single = RawHost.start(connectCommand(desk, 'lab'))
      await single.initialize()
      const all = RawHost.start(connectCommand(desk))
      await all.initialize()
      const call = { name: 'lab__echo', arguments: { text: 'across' } }
      expect(await all.ask(1, 'tools/call', call)).toMatchObject({ result: ANSWER })
      single.say({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'hang', arguments: {} },
      })
      await single.ask(2, 'tools/call', { name: 'echo', arguments: { text: 'the server is up' } })

      const pulledAt = performance.now()
      await wires.host('lab').cable('eth0').pull()
      const ended = await vi.waitFor(
        () => {
          const answer = single.heard.find(({ id }) => id === 1)
          expect(answer).toBeDefined()
          return answer
        },
        { timeout: SILENCE_MS_MAX, interval: 20 },
      )
      const endedMs = performance.now() - pulledAt
      expect(ended).toMatchObject({ error: { code: -32_001 } })
      const asked = await all.ask(2, 'tools/call', call)
      expect(asked).toMatchObject({ result: { isError: true } })
      await vi.waitFor(async () => expect(await echo(plant, 'lab')).toMatchObject(ANSWER), AGAIN)
      const otherCableMs = performance.now() - pulledAt

      await wires.host('lab').cable('eth0').plug()
      const pluggedAt = performance.now()
      let id = 2
      await vi.waitFor(async () => {
        id += 1
        expect(await all.ask(id, 'tools/call', call)).toMatchObject({ result: ANSWER })
      }, AGAIN)
      const againMs = performance.now() - pluggedAt
      console.log('a pulled cable:', { endedMs, otherCableMs, againMs })
      expect(await echo(desk, 'lab')).toMatchObject(ANSWER)
      await single.leave()
      await all.leave()
    },
  )
})

describe.skipIf(!support.available)('on IPv6 alone, over a node with two network cards', () => {
  let wires: Lab
  let mesh: ReadyMesh

  beforeAll(async () => {
    const [front, back] = [
      { switch: 'front', family: 'ipv6' },
      { switch: 'back', family: 'ipv6' },
    ] as const
    wires = await createLab({
      switches: ['front', 'back'],
      hosts: { desk: [front, back], lab: [front], plant: [back] },
    })
    mesh = await meshOn(wires, (name, other) => [name, other].includes('desk'))
  }, SETUP_MS)

  afterAll(async () => {
    await mesh?.close()
    await wires?.close()
  })

  test(
    'the node between calls tools on both sides, and nobody reaches through it',
    { tags: ['LAN-1', 'LAN-3', 'LAN-11'] },
    async () => {
      const [desk, lab, plant] = NAMES.map((name) => mesh.node(name))
      await reaches(desk!, ['lab', 'plant'])
      expect(await echo(desk!, 'lab')).toMatchObject(ANSWER)
      expect(await echo(desk!, 'plant')).toMatchObject(ANSWER)
      await reaches(lab!, ['lab'])
      await reaches(plant!, ['plant'])
    },
  )
})
