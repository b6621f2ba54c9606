import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isJsonObject } from '@warren/core'
import { type Outcome, runWarren } from '@warren/demo/warren-process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask, cutOffMesh, expectGone, reachesServer, watchCall } from './support/cut-off-mesh.ts'
import type { ReadyMesh, ReadyNode } from './support/ready-mesh.ts'

const KEPT_IN = /does not keep "desk" out \[not-kept-out\]\n$/
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

test(
  'a caller that goes too far loses what it has under way there, and the processes with it',
  { tags: ['BEH-8', 'BEH-10', 'BEH-12', 'BEH-13'], timeout: 90_000 },
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
  'a caller that is kept out is let in again by its name as well as by its DID',
  { tags: ['CLI-41', 'BEH-13'], timeout: 60_000 },
  async () => {
    const lift = (who: string): Promise<Outcome> =>
      runWarren(['--dir', lab.directory, 'limits', '--lift', who])
    await limit('{}')
    for (const who of ['desk', desk.did]) {
      await reachesServer(desk, 'lab')
      await limit(
        'limits: { shut: { count: calls, max: 0, within: 1h, actions: [quarantine-caller] } }',
      )
      expect(await saidOf(desk)).toContain('[call-refused]')
      await limit('{}')
      expect(await ask(lab, 'limits')).toMatchObject({ keptOut: [{ did: desk.did }] })
      expect(await lift(who)).toMatchObject({ code: 0, stdout: `${who} is let in again\n` })
      expect(await ask(lab, 'limits')).toMatchObject({ keptOut: [] })
    }
    expect(await lift('desk')).toMatchObject({ code: 2, stderr: expect.stringMatching(KEPT_IN) })
    expect(await lift('nobody')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no member has that name; use the DID [no-such-member]'),
    })
    expect(await lift('did:webvh:Qm:warren.internal')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('[did-malformed]'),
    })
  },
)
