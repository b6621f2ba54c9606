import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '@warren/core'
import { askWarren, type Outcome, runWarren } from '@warren/demo/warren-process'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ask, eventAbout, revoke } from './support/cut-off-mesh.ts'
import { type ReadyMesh, readyMesh, type ReadyNode, textIn } from './support/ready-mesh.ts'

const AGES = { beacon: 1, warn: 5, deny: 10, stop: 60, skew: 20 }
const SOON = { timeout: 30_000, interval: 200 }
const TRIES_AFTER = 6
/** Three nodes, and until all of them have heard three witnesses. */
const MADE_MS_MAX = 120_000

let mesh: ReadyMesh
let desk: ReadyNode
let press: ReadyNode
let crane: ReadyNode
/** A machine that knows nothing of the mesh. */
let elsewhere: string

beforeAll(async () => {
  const ages = Object.entries(AGES).flatMap(([name, seconds]) => [`--${name}`, String(seconds)])
  mesh = await readyMesh({ names: ['desk', 'press', 'crane'], found: ['init', ...ages] })
  desk = mesh.node('desk')
  press = mesh.node('press')
  crane = mesh.node('crane')
  elsewhere = mkdtempSync(join(tmpdir(), 'warren-elsewhere-'))
  const files = [press, crane].map(({ directory }) => join(directory, 'node.pub.json'))
  const change = ['admin', 'change', '--add-witness', ...files, '--witness-threshold', '2']
  await ask(desk, ...change, '--yes')
  await vi.waitUntil(async () => (await Promise.all(mesh.nodes.map(allCount))).every(Boolean), SOON)
}, MADE_MS_MAX)

afterAll(async () => {
  await mesh?.close()
  if (elsewhere !== undefined) rmSync(elsewhere, { recursive: true, force: true })
})

async function allCount(node: ReadyNode): Promise<boolean> {
  return textIn(await ask(node, 'status'), 'witnesses') === '3 of 3 count, 2 needed'
}

/** What a node writes once enough witnesses say what it knows. */
async function stapled({ directory }: ReadyNode, file: string): Promise<JsonObject> {
  return vi.waitFor(async () => {
    return askWarren(['--dir', directory, 'staple', '--out', file])
  }, SOON)
}

function verifyWords(file: string, ...words: readonly string[]): readonly string[] {
  return ['--dir', join(elsewhere, 'nothing'), 'staple', 'verify', file, ...words]
}

async function refused(file: string, ...words: readonly string[]): Promise<Outcome> {
  const outcome = await runWarren(verifyWords(file, ...words))
  expect(outcome.stdout).toBe('')
  return outcome
}

test(
  'a staple is made at a node, carried away and verified by the mesh id alone',
  { tags: ['STP-2', 'STP-5', 'STP-7', 'CLI-1', 'CLI-2'], timeout: 90_000 },
  async () => {
    const made = await stapled(crane, join(crane.directory, 'crane.staple'))
    const file = join(elsewhere, 'carried.staple')
    cpSync(join(crane.directory, 'crane.staple'), file)
    const here = ['--mesh', mesh.meshId]
    const view = await askWarren(verifyWords(file, ...here, '--max-age', '1h'))
    expect(view).toEqual({
      mesh: mesh.meshId,
      meshName: expect.any(String),
      did: crane.did,
      name: 'crane',
      gen: 1,
      enclave: 'main',
      roles: ['member'],
      keys: [expect.stringMatching(/^z6Mk/), expect.stringMatching(/^u/)],
      peerIds: [expect.stringMatching(/^12D3KooW/)],
      until: expect.stringMatching(/Z$/),
      asOf: made['asOf'],
      ageSeconds: expect.any(Number),
      witnesses: [
        { did: expect.stringMatching(/^did:/), time: expect.stringMatching(/Z$/) },
        { did: expect.stringMatching(/^did:/), time: made['asOf'] },
      ],
    })
    expect(await askWarren(verifyWords(file, ...here))).toMatchObject({ ageSeconds: null })
    const spoken = await runWarren(verifyWords(file, ...here))
    expect(spoken).toMatchObject({ code: 0 })
    expect(spoken.stdout).toContain(`as of ${textIn(made, 'asOf')}`)
    expect(spoken.stdout).toContain('nobody has looked at')

    // Printed, it is the same kind of text.
    const shown = await vi.waitFor(() => ask(press, 'staple'), SOON)
    const printed = join(elsewhere, 'printed.staple')
    writeFileSync(printed, textIn(shown, 'staple'))
    expect(await askWarren(verifyWords(printed, ...here))).toMatchObject({ did: press.did })

    const foreign = mesh.meshId.replace(/.$/, (last) => (last === 'z' ? 'y' : 'z'))
    expect(await refused(file, '--mesh', foreign)).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('[staple-foreign]'),
    })
    const altered = join(elsewhere, 'altered.staple')
    writeFileSync(altered, readFileSync(file, 'utf8').replaceAll(crane.did, press.did))
    expect(await refused(altered, ...here)).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('[staple-unproved]'),
    })
    writeFileSync(altered, '{}')
    expect(await refused(altered, ...here)).toMatchObject({
      code: 6,
      stderr: expect.stringContaining('[staple-malformed]'),
    })
    expect(await refused(join(elsewhere, 'none'), ...here)).toMatchObject({ code: 6 })
    await vi.waitFor(async () => {
      const again = await runWarren(['--dir', crane.directory, 'staple', '--out', file])
      expect(again).toMatchObject({ code: 6, stderr: expect.stringContaining('[file-exists]') })
    }, SOON)
  },
)

test(
  'after a revocation the old one holds for its time, grows too old, and there is no new one',
  { tags: ['STP-5', 'STP-6', 'THR-34'], timeout: 90_000 },
  async () => {
    const file = join(elsewhere, 'before.staple')
    const before = await stapled(crane, file)
    await revoke(desk, 'crane')
    await eventAbout(press, 'cut-off', crane)
    const revokedMs = Date.now()

    // It goes on as a witness, alone, and nobody joins in.
    for (let attempt = 0; attempt < TRIES_AFTER; attempt += 1) {
      const outcome = await runWarren(['--dir', crane.directory, '--json', 'staple'])
      const asOf =
        outcome.code === 0 ? textIn(JSON.parse(outcome.stdout) as JsonObject, 'asOf') : ''
      if (asOf === '')
        expect(outcome.stderr).toMatch(/"code":"(staple-not-ready|membership-revoked)"/)
      else expect(Date.parse(asOf)).toBeLessThanOrEqual(revokedMs)
      await new Promise((resolve) => setTimeout(resolve, 1_000 * AGES.beacon))
    }
    // The two that are left go on without it.
    await vi.waitFor(async () => {
      const others = await ask(press, 'staple')
      expect(Date.parse(textIn(others, 'asOf'))).toBeGreaterThan(revokedMs)
    }, SOON)

    const here = ['--mesh', mesh.meshId]
    for (const words of [[], ['--max-age', '1h']]) {
      expect(await askWarren(verifyWords(file, ...here, ...words))).toMatchObject({
        did: crane.did,
        asOf: before['asOf'],
      })
    }
    expect(await refused(file, ...here, '--max-age', '3s')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('[staple-outdated]'),
    })
  },
)
