import { randomBytes, randomInt } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { nodeSuite } from '@warren/crypto'
import { multihashOf } from '@warren/identity'
import { Daemon, type Outcome, runWarren } from '@warren/demo/warren-process'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { keptRevocations } from './support/kept-removals.ts'
import { type ReadyMesh, readyMesh, type ReadyNode } from './support/ready-mesh.ts'

const ROUNDS = 8
/** The node takes up what a command brings shortly before its end: it is killed from this share of the duration on, and up to half of it later. */
const FROM_SHARE = 0.65
const TOGETHER = { timeout: 20_000, interval: 100 }

let requests = 0
let mesh: ReadyMesh
let admin: ReadyNode
let other: ReadyNode

beforeAll(async () => {
  mesh = await readyMesh({ names: ['admin', 'other'] })
  admin = mesh.node('admin')
  other = mesh.node('other')
})

afterAll(async () => {
  await mesh?.close()
})

/** Ids of all revocations in the store of a node. */
function removalsOf(node: ReadyNode): readonly string[] {
  return [...keptRevocations(node).keys()]
}

/** Revokes a key that nobody has. */
async function revokeAKey(): Promise<Outcome> {
  // Where the node is gone, what was signed is kept in a file.
  requests += 1
  const out = ['--out', join(mesh.root, `request-${requests}.json`)]
  const key = `z${multihashOf(nodeSuite, randomBytes(32).toString('hex'))}`
  const words = ['revoke', '--key', key, '--class', 'lost', '--reason', 'found', '--yes']
  return runWarren(['--json', '--dir', admin.directory, ...words, ...out])
}

test(
  'an administrator’s node that is killed at any moment has what it acknowledged or passed on',
  { tags: ['NODE-15'], timeout: 180_000 },
  async () => {
    const fromMs = performance.now()
    await revokeAKey()
    const durationMs = performance.now() - fromMs
    const outcomes = { acknowledged: 0, killedBefore: 0, heardByOther: 0 }
    for (let round = 0; round < ROUNDS; round += 1) {
      const killMs = Math.round(durationMs * (FROM_SHARE + randomInt(100) / 200))
      console.log(`round ${round}: killed ${killMs} ms after the start of the command`)
      const command = revokeAKey()
      await Promise.race([delay(killMs), command])
      await admin.daemon.kill()
      const { code, stdout } = await command
      const [kept, heard] = [removalsOf(admin), removalsOf(other)]
      expect(kept).toEqual(expect.arrayContaining([...heard]))
      if (code === 0) {
        outcomes.acknowledged += 1
        expect(JSON.parse(stdout)).toMatchObject({ results: [{ id: expect.toBeOneOf([...kept]) }] })
      } else {
        outcomes.killedBefore += 1
      }
      admin.daemon = await Daemon.start(admin.directory)
      // Once it is back, the others learn of what it had not told them yet.
      await vi.waitFor(() => expect(removalsOf(other).length).toBe(kept.length), TOGETHER)
      outcomes.heardByOther += heard.length === kept.length ? 1 : 0
    }
    console.log(outcomes)
  },
)
