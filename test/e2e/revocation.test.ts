import { Daemon } from '@warren/demo/warren-process'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import {
  ask,
  atMs,
  cutOffMesh,
  eventAbout,
  expectGone,
  reachesServer,
  refusedCall,
  revoke,
  watchCall,
} from './support/cut-off-mesh.ts'
import { errorOf } from './support/raw-host.ts'
import { keptRevocations } from './support/kept-removals.ts'
import { meets, type ReadyMesh, type ReadyNode } from './support/ready-mesh.ts'

/** Goal: 100 ms; what is asserted is generous, since the machine may be busy. */
const CUT_MS_MAX = 2_000
const SETTLED = { timeout: 20_000, interval: 100 }

let mesh: ReadyMesh
let admin: ReadyNode
let plant: ReadyNode

beforeAll(async () => {
  mesh = await cutOffMesh({ names: ['admin', 'plant'] })
  admin = mesh.node('admin')
  plant = mesh.node('plant')
})

afterAll(async () => {
  await mesh?.close()
})

/** Whom a node knows now, and which servers it could call. */
async function known(node: ReadyNode): Promise<{ peers: string; servers: string }> {
  const [peers, tools] = [await ask(node, 'peers'), await ask(node, 'tools')]
  return { peers: JSON.stringify(peers['peers']), servers: JSON.stringify(tools['tools']) }
}

async function expectRevokedAt(node: ReadyNode, revoked: ReadyNode): Promise<void> {
  const { members } = await ask(node, 'members')
  expect(members).toContainEqual(expect.objectContaining({ did: revoked.did, status: 'revoked' }))
  expect((await known(node)).peers).not.toContain(revoked.did)
}

test(
  'a caller that is revoked: its call ends, its server process too, and it is not heard again',
  { tags: ['NODE-13', 'NODE-14'] },
  async () => {
    const crane = await mesh.join('crane')
    await reachesServer(plant, 'crane')
    const { host, serverPids } = await watchCall(crane, plant)
    const submitted = await revoke(admin, 'crane')
    expect(submitted).toMatchObject({ submitted: true, results: [{ outcome: 'accepted' }] })

    errorOf(await host.hears(({ id, method }) => id === 1 && method === undefined), -32_001)
    const toldMs = Date.now()
    const cut = await eventAbout(plant, 'cut-off', crane)
    const done = await eventAbout(plant, 'cut-off-done', crane)
    await expectGone(serverPids)
    console.log('a caller is revoked, ms at the provider from the arrival of the record:', {
      cut: cut['afterMs'],
      allEnded: done['afterMs'],
      hostToldAfterCut: toldMs - atMs(cut),
    })
    expect(cut).toMatchObject({ code: 'membership-revoked' })
    expect(done['afterMs']).toBeLessThan(CUT_MS_MAX)

    const left = await known(plant)
    expect(left.peers).toContain(admin.did)
    expect(left.peers).not.toContain(crane.did)
    expect(left.servers).not.toContain(crane.did)
    expect(await refusedCall(crane, 'plant')).toBe('no-such-server')
    expect(await ask(crane, 'status')).toMatchObject({ peers: 0, reachable: ['crane'] })
    await host.leave()
    await crane.daemon.stop()
  },
)

test(
  'a provider that is revoked: the call of the other side’s host ends, and what it offered is gone',
  { tags: ['NODE-13'] },
  async () => {
    const quay = await mesh.join('quay')
    const { host, serverPids } = await watchCall(plant, quay)
    await revoke(admin, 'quay')
    errorOf(await host.hears(({ id, method }) => id === 1 && method === undefined), -32_001)
    const done = await eventAbout(plant, 'cut-off-done', quay)
    console.log('a provider is revoked, ms from the arrival of the record:', done['afterMs'])
    expect(done['afterMs']).toBeLessThan(CUT_MS_MAX)
    await expectGone(serverPids)
    const left = await known(plant)
    expect(left.peers).not.toContain(quay.did)
    expect(left.servers).not.toContain(quay.did)
    expect(await refusedCall(plant, 'quay')).toBe('no-such-server')
    await host.leave()
    await quay.daemon.stop()
  },
)

test(
  'a revoked node that starts again at once with the same keys is refused by everybody',
  { tags: ['NODE-14'] },
  async () => {
    const ferry = await mesh.join('ferry')
    await revoke(admin, 'ferry')
    await eventAbout(plant, 'cut-off', ferry)
    await ferry.daemon.kill()
    ferry.daemon = await Daemon.start(ferry.directory)
    await vi.waitFor(async () => {
      // It asks those that it knows, and each of them says no.
      expect(ferry.daemon.events.map(({ event }) => event)).toContain('dial-failed')
      expect(await ask(ferry, 'status')).toMatchObject({ peers: 0 })
    }, SETTLED)
    for (const node of [admin, plant]) {
      expect((await known(node)).peers).not.toContain(ferry.did)
    }
    await ferry.daemon.stop()
  },
)

test(
  'a provider that is killed once a revocation is written does not know less when it is back',
  { tags: ['NODE-14'] },
  async () => {
    const tug = await mesh.join('tug')
    await reachesServer(plant, 'tug')
    await revoke(admin, 'tug')
    await vi.waitFor(
      () => expect([...keptRevocations(plant).values()].join()).toContain(tug.did),
      SETTLED,
    )
    await plant.daemon.kill()
    plant.daemon = await Daemon.start(plant.directory)
    await meets(plant, admin)
    await meets(admin, plant)
    await expectRevokedAt(plant, tug)
    expect(
      plant.daemon.events.filter(({ event, did }) => event === 'admitted' && did === tug.did),
    ).toEqual([])
    await tug.daemon.stop()
  },
)

test(
  'a provider that is killed the moment it acts on a revocation learns of what it has not written when it is back',
  { tags: ['NODE-14'] },
  async () => {
    const scow = await mesh.join('scow')
    await reachesServer(plant, 'scow')
    await revoke(admin, 'scow')
    await eventAbout(plant, 'cut-off', scow)
    await plant.daemon.kill()
    plant.daemon = await Daemon.start(plant.directory)
    await meets(plant, admin)
    await vi.waitFor(() => expectRevokedAt(plant, scow), SETTLED)
    expect(await refusedCall(plant, 'scow')).toMatch(/^(no-such-server|knowledge-stale)$/)
    await scow.daemon.stop()
  },
)

test(
  'two nodes that dial each other while one of them is revoked do not keep each other',
  { tags: ['NODE-14'] },
  async () => {
    const pilot = await mesh.join('pilot')
    await Promise.all([plant.daemon.kill(), pilot.daemon.kill()])
    const [again, back] = await Promise.all([
      Daemon.start(plant.directory),
      Daemon.start(pilot.directory),
      revoke(admin, 'pilot'),
    ])
    plant.daemon = again
    pilot.daemon = back
    await meets(plant, admin)
    await vi.waitFor(async () => {
      await expectRevokedAt(plant, pilot)
      expect(await ask(pilot, 'status')).toMatchObject({ peers: 0 })
    }, SETTLED)
    await pilot.daemon.stop()
  },
)

test(
  'a node that hears of it late cuts off at once when it hears',
  { tags: ['NODE-13'] },
  async () => {
    const barge = await mesh.join('barge')
    const { host, serverPids } = await watchCall(barge, plant)
    plant.daemon.process.kill('SIGSTOP')
    await revoke(admin, 'barge')
    const awakeMs = Date.now()
    plant.daemon.process.kill('SIGCONT')
    const cut = await eventAbout(plant, 'cut-off', barge)
    console.log('a node that slept cuts off, ms after it woke:', atMs(cut) - awakeMs)
    errorOf(await host.hears(({ id, method }) => id === 1 && method === undefined), -32_001)
    await expectGone(serverPids)
    await host.leave()
  },
)
