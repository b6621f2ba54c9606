import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Daemon, runWarren } from '@warren/demo/warren-process'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ask, cutOffMesh, eventAbout, reachesServer, refusedCall } from './support/cut-off-mesh.ts'
import type { ReadyMesh, ReadyNode } from './support/ready-mesh.ts'

const ADMINS = ['alice', 'bob', 'carol']
const SOON = { timeout: 40_000, interval: 250 }
const DID = expect.stringMatching(/^did:webvh:/)

let root: string
let mesh: ReadyMesh
let desk: ReadyNode
let plant: ReadyNode
let crane: ReadyNode

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'warren-admins-'))
  for (const name of ADMINS) writeFileSync(file(name), `only for tests: ${name}\n`, { mode: 0o600 })
  const several = ['--of', '3', '--threshold', '2', '--admin-passphrase-file', ...ADMINS.map(file)]
  mesh = await cutOffMesh({
    names: ['desk', 'plant', 'crane'],
    found: ['admin', 'init', ...several],
  })
  desk = mesh.node('desk')
  plant = mesh.node('plant')
  crane = mesh.node('crane')
}, 120_000)

afterAll(async () => {
  await mesh?.close()
  rmSync(root, { recursive: true, force: true })
})

function file(name: string): string {
  return join(root, name)
}

/** The keys of an administrator, as every command that signs takes them. */
function keysOf(name: string): readonly string[] {
  const keys = join(desk.directory, `admins/admin-${ADMINS.indexOf(name) + 1}.keys`)
  return ['--keys', keys, '--passphrase-file', file(name), '--yes']
}

async function calls(node: ReadyNode, server: string): Promise<void> {
  const words = ['call', server, 'echo', '--args', '{"text":"here"}', '--timeout', '5s']
  expect(await ask(node, ...words)).toMatchObject({ content: [{ text: 'here' }] })
}

test(
  'one of three administrators keeps a member out, for a time that ends by itself',
  { tags: ['NODE-18', 'CLI-13'], timeout: 120_000 },
  async () => {
    await reachesServer(crane, 'plant')
    const words = ['quarantine', 'crane', '--for', '8s', '--reason', 'odd traffic']
    expect(await ask(desk, ...words, ...keysOf('alice'))).toMatchObject({ submitted: true })
    expect(await eventAbout(plant, 'cut-off', crane)).toMatchObject({
      code: 'membership-quarantined',
    })
    expect(await refusedCall(crane, 'plant')).toBe('no-such-server')
    await eventAbout(plant, 'let-in', crane)
    await vi.waitFor(async () => calls(crane, 'plant'), SOON)
  },
)

test(
  'a revocation waits for a second administrator, and takes effect with the signature',
  { tags: ['CLI-13', 'CER-4', 'NODE-13'], timeout: 120_000 },
  async () => {
    const out = file('revoke.json')
    const words = [
      'revoke',
      'crane',
      '--class',
      'lost',
      '--reason',
      'left in a train',
      '--out',
      out,
    ]
    const asked = await ask(desk, ...words, ...keysOf('alice'))
    expect(asked).toMatchObject({ file: out, submitted: false, needed: 1, missing: [DID, DID] })
    const early = await runWarren(['--dir', desk.directory, 'submit', out])
    expect(early).toMatchObject({ code: 3, stdout: '' })
    expect(early.stderr).toContain('[request-incomplete]')
    await calls(crane, 'plant')

    await ask(desk, 'sign', out, ...keysOf('bob'))
    expect(await ask(desk, 'submit', out)).toMatchObject({ results: [{ outcome: 'accepted' }] })
    await vi.waitFor(() => {
      const cuts = plant.daemon.events.filter(
        ({ event, did }) => event === 'cut-off' && did === crane.did,
      )
      expect(cuts.map(({ code }) => code)).toEqual(['membership-quarantined', 'membership-revoked'])
    }, SOON)
    expect(await refusedCall(crane, 'plant')).toBe('no-such-server')
  },
)

test(
  'a revoked member comes back under its DID with new keys, and not with the old ones',
  { tags: ['NODE-14', 'CER-12'], timeout: 180_000 },
  async () => {
    await crane.daemon.stop()
    const old = `${crane.directory}-old`
    cpSync(crane.directory, old, { recursive: true })
    const secret = ['--passphrase-file', mesh.passphraseFile]
    const [asked, admitted] = [file('return.json'), file('readmit.json')]
    await ask(crane, 'join', '--request', asked, '--return', ...secret)
    await ask(desk, 'readmit', asked, '--out', admitted, ...keysOf('alice'))
    await ask(desk, 'sign', admitted, ...keysOf('carol'))
    expect(await ask(desk, 'submit', admitted)).toMatchObject({ complete: true })
    await ask(crane, 'join', '--membership', admitted, '--mesh', mesh.meshId, ...secret)
    crane.daemon = await Daemon.start(crane.directory)
    await vi.waitFor(async () => calls(crane, 'plant'), SOON)
    const { members } = await ask(plant, 'members')
    expect(members).toContainEqual(
      expect.objectContaining({ did: crane.did, gen: 2, status: 'member' }),
    )

    await crane.daemon.stop()
    const replayed = await Daemon.start(old)
    await replayed.event(({ event }) => event === 'refused', SOON.timeout)
    expect(await ask({ ...crane, directory: old }, 'status')).toMatchObject({ peers: 0 })
    expect(JSON.stringify(await ask(plant, 'peers'))).not.toContain(crane.did)
    await replayed.stop()
    crane.daemon = await Daemon.start(crane.directory)
    await vi.waitFor(async () => calls(crane, 'plant'), SOON)
  },
)
