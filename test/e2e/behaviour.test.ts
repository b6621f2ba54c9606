import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isJsonObject, type JsonValue } from '@warren/core'
import { Daemon, runWarren } from '@warren/demo/warren-process'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import {
  ask,
  cutOffMesh,
  expectGone,
  reachesServer,
  refusedCall,
  watchCall,
} from './support/cut-off-mesh.ts'
import type { ReadyMesh, ReadyNode } from './support/ready-mesh.ts'

const SOON = { timeout: 20_000, interval: 200 }
const ECHO = ['call', 'lab', 'echo', '--args', '{"text":"here"}', '--timeout', '5s']

let mesh: ReadyMesh
let desk: ReadyNode
let lab: ReadyNode

beforeAll(async () => {
  mesh = await cutOffMesh({ names: ['desk', 'lab'] })
  desk = mesh.node('desk')
  lab = mesh.node('lab')
  await reachesServer(desk, 'lab')
})

afterAll(async () => {
  await mesh?.close()
})

async function limit(text: string): Promise<void> {
  writeFileSync(join(lab.directory, 'policies', 'limits.yaml'), text, { mode: 0o600 })
  await ask(lab, 'policy', 'check')
  await ask(lab, 'reload')
}

/** What the command says of a call that a limit refuses. */
async function saidOf(node: ReadyNode): Promise<string> {
  const { code, stderr } = await runWarren(['--dir', node.directory, ...ECHO], node.launch)
  expect(code, stderr).toBe(3)
  return stderr
}

async function keptOut(): Promise<JsonValue> {
  const { keptOut: list } = await ask(lab, 'status')
  return list ?? null
}

test(
  'a limit holds over commands, which are hosts of their own, and over a restart of the node',
  { tags: ['BEH-1', 'BEH-2', 'BEH-5', 'BEH-8', 'BEH-13', 'THR-45'], timeout: 90_000 },
  async () => {
    await limit('limits: { calm: { server: lab, tool: echo, count: calls, max: 2, within: 1h } }')
    for (let index = 0; index < 2; index += 1) {
      expect(await ask(desk, ...ECHO)).toMatchObject({ content: [{ text: 'here' }] })
    }
    expect(await saidOf(desk)).toContain('refused by limit "calm": at most 2 calls in 1h')
    await lab.daemon.kill()
    lab.daemon = await Daemon.start(lab.directory)
    await reachesServer(desk, 'lab')
    await vi.waitFor(async () => {
      expect(await saidOf(desk)).toContain('refused by limit "calm"')
    }, SOON)
    expect(await ask(lab, 'limits')).toMatchObject({
      limits: [{ id: 'calm', count: 'calls', max: 2, within: '1h', actions: ['refuse'] }],
      keptOut: [],
      trouble: null,
    })
    const { entries } = await ask(lab, 'audit', 'search', '--rule', 'calm')
    expect(entries).not.toEqual([])
  },
)

test(
  'a caller that goes too far loses what it has under way there, and the processes with it',
  { tags: ['BEH-10', 'BEH-12'], timeout: 90_000 },
  async () => {
    await limit('{}')
    const { host, serverPids } = await watchCall(desk, lab)
    await limit(
      'limits: { storm: { server: lab, tool: echo, count: calls, max: 0, within: 1h, actions: [end-session] } }',
    )
    expect(await saidOf(desk)).toContain('refused by limit "storm"')
    const answer = await host.hears(({ id, method }) => id === 1 && method === undefined)
    expect(isJsonObject(answer['error'])).toBe(true)
    await expectGone(serverPids)
    const ended = await lab.daemon.event((event) => event['event'] === 'session-ended', 10_000)
    console.log('ms until calls and processes of the caller were gone', ended['afterMs'])
    const { entries } = await ask(lab, 'audit', 'search', '--kind', 'alert')
    expect(JSON.stringify(entries)).toContain('caller-behaviour')
    await host.leave()
  },
)

test(
  'a caller that is kept out gets nothing on any connection, until it is let in again',
  { tags: ['BEH-11', 'BEH-13', 'THR-46'], timeout: 90_000 },
  async () => {
    await limit(
      'limits: { trap: { server: lab, tool: echo, count: calls, max: 0, within: 1h, actions: [quarantine-caller] } }',
    )
    await refusedCall(desk, 'lab')
    await vi.waitFor(async () => {
      expect(await keptOut()).toMatchObject([{ did: desk.did }])
    }, SOON)
    await limit('{}')
    await desk.daemon.stop()
    desk.daemon = await Daemon.start(desk.directory)
    await vi.waitFor(async () => {
      expect(await ask(desk, 'peers')).toMatchObject({ peers: [{ did: lab.did }] })
    }, SOON)
    expect(await refusedCall(desk, 'lab')).toMatch(/^(call-refused|no-such-server)$/)
    expect(await ask(lab, 'limits', '--lift', desk.did)).toMatchObject({ lifted: true })
    expect(await keptOut()).toEqual([])
    await reachesServer(desk, 'lab')
    expect(await ask(desk, ...ECHO)).toMatchObject({ content: [{ text: 'here' }] })
  },
)
