import { askWarren, Daemon, runWarren } from '@warren/demo/warren-process'
import { isJsonObject, type JsonObject } from '@warren/core'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type ReadyMesh, readyMesh, type ReadyNode } from './support/ready-mesh.ts'
import { rewriteAuditLog } from './support/rewrite-audit-log.ts'

const SETUP_MS = 120_000
const SOON = { timeout: 60_000, interval: 500 }

let mesh: ReadyMesh
let desk: ReadyNode
let plant: ReadyNode
let crane: ReadyNode

beforeAll(async () => {
  mesh = await readyMesh({ names: ['desk', 'plant', 'crane'] })
  desk = mesh.node('desk')
  plant = mesh.node('plant')
  crane = mesh.node('crane')
}, SETUP_MS)

afterAll(async () => {
  await mesh?.close()
})

async function ask({ directory }: ReadyNode, ...words: readonly string[]): Promise<JsonObject> {
  return askWarren(['--dir', directory, ...words])
}

/** How many entries are cosigned by both others; 0 while they are not. */
async function cosignedEntries(node: ReadyNode): Promise<number> {
  const { auditCosigned } = await ask(node, 'status')
  if (!isJsonObject(auditCosigned) || auditCosigned['cosigners'] !== '2 of 2 asked') return 0
  return Number(auditCosigned['cosignedEntries'])
}

function auditLog({ directory }: ReadyNode): string {
  const segments = join(directory, 'audit/segments')
  return readdirSync(segments)
    .map((name) => readFileSync(join(segments, name), 'utf8'))
    .join('')
}

test(
  'nodes cosign one another’s logs, and keep what was cosigned',
  { tags: ['AWT-6'], timeout: 90_000 },
  async () => {
    for (const node of mesh.nodes) {
      await vi.waitFor(async () => expect(await cosignedEntries(node)).toBeGreaterThan(2), SOON)
      const cosigned = readFileSync(join(node.directory, 'audit/cosigned.log'), 'utf8')
      for (const other of mesh.nodes) {
        const scid = other.did.split(':')[2] ?? ''
        expect(cosigned.includes(`warren.internal/${scid}`)).toBe(true)
      }
      expect(readdirSync(join(node.directory, 'audit/witness'))).toHaveLength(2)
    }
  },
)

test(
  'a log that was rewritten under the node’s own keys is shown everywhere, by every command that shows members',
  { tags: ['THR-36', 'AWT-3', 'AWT-9', 'REC-17'], timeout: 180_000 },
  async () => {
    expect(await ask(desk, 'status')).toMatchObject({ forkedAuditLogs: [] })
    await plant.daemon.stop()
    let changed = 0
    await rewriteAuditLog({
      directory: plant.directory,
      passphrase: 'only for tests',
      change: (entry) => {
        if (entry['kind'] !== 'start' || entry['seq'] !== 0) return entry
        changed += 1
        return { ...entry, version: '9.9.9' }
      },
    })
    expect(changed).toBe(1)
    // The log fits together, and nothing on this machine can tell.
    plant.daemon = await Daemon.start(plant.directory)
    for (const node of mesh.nodes) {
      await vi.waitFor(async () => {
        expect(await ask(node, 'status')).toMatchObject({ forkedAuditLogs: [plant.did] })
      }, SOON)
      const isTold = (): boolean => auditLog(node).includes('"code":"log-forked"')
      await vi.waitFor(() => expect(isTold()).toBe(true), SOON)
    }
    const { members } = await ask(crane, 'members')
    const shown = expect.objectContaining({
      did: plant.did,
      status: 'member',
      why: 'its audit log contradicts itself',
    })
    expect(members).toContainEqual(shown)
    const why = await runWarren(['--dir', crane.directory, 'why', 'plant'])
    expect(why.stdout).toContain('its audit log contradicts itself: two checkpoints that it signed')
  },
)
