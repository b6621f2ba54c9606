import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { decodeEntry, verifyDisclosure } from '@warren/audit'
import { canonicalJson, type JsonObject } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { askWarren, Daemon, runWarren } from '@warren/demo/warren-process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { codesOf, entriesIn, verdictOn } from './support/audit-log.ts'
import { discloseValue } from './support/disclose-value.ts'
import {
  connectCommand,
  httpDoor,
  modernConnect,
  openHttpDoor,
  reaches,
  serveProgram,
} from './support/mesh-hosts.ts'
import { RawHost } from './support/raw-host.ts'
import { meets, type ReadyMesh, readyMesh, type ReadyNode } from './support/ready-mesh.ts'

const SERVER = join(import.meta.dirname, 'support/slow-server.ts')
const PATIENCE = { timeout: 15_000, interval: 100 }
const TEST_MS = 90_000

let mesh: ReadyMesh
let desk: ReadyNode
let lab: ReadyNode

beforeAll(async () => {
  mesh = await readyMesh({
    names: ['desk', 'lab'],
    prepare: async ({ name, directory }) => {
      if (name === 'desk') openHttpDoor(directory)
      else serveProgram(directory, 'slow', [SERVER])
    },
  })
  desk = mesh.node('desk')
  lab = mesh.node('lab')
  await reaches(desk, ['slow'])
})

afterAll(async () => {
  await mesh?.close()
})

async function sizeOf(node: ReadyNode): Promise<number> {
  return Number((await entriesIn(node.directory)).at(-1)?.['seq']) + 1
}

/** The calls in a log since a place, of one direction. */
async function callsIn(
  { directory }: ReadyNode,
  direction: 'in' | 'out',
  from: number,
): Promise<readonly JsonObject[]> {
  const kinds = direction === 'in' ? ['decision', 'result'] : ['request', 'response']
  return (await entriesIn(directory)).filter(
    ({ seq, kind }) => Number(seq) >= from && kinds.some((each) => each === kind),
  )
}

/** Waits until the log of the desk has so many entries of calls to others since a place. */
async function outgoing(from: number, count: number): Promise<readonly JsonObject[]> {
  await expect.poll(async () => (await callsIn(desk, 'out', from)).length, PATIENCE).toBe(count)
  return callsIn(desk, 'out', from)
}

const ECHO = { name: 'echo', arguments: { text: 'hi', number: 7 } }

test(
  'one call is in the logs of both sides under one session, and both can prove the same arguments',
  { tags: ['AUN-11', 'AUN-12', 'AUD-8'], timeout: TEST_MS },
  async () => {
    const [here, there] = [await sizeOf(desk), await sizeOf(lab)]
    const client = new Client({ name: 'an agent', version: '1.0.0' })
    await client.connect(modernConnect(desk, 'slow'))
    await client.callTool(ECHO)
    await client.close()
    const [request, response] = await outgoing(here, 2)
    const [decision, result] = await callsIn(lab, 'in', there)
    expect(request).toMatchObject({
      kind: 'request',
      door: 'stdio',
      client: 'an agent',
      provider: lab.did,
      enclave: 'main',
      server: 'slow',
      tool: 'echo',
      method: 'tools/call',
      session: expect.stringMatching(/^[0-9a-f]{64}$/),
      sent: true,
      args: { keep: 'hash' },
      beacon: expect.any(String),
    })
    const session = Object(request)['session']
    expect(decision).toMatchObject({ caller: desk.did, session })
    expect(response).toMatchObject({ request: request?.['seq'], outcome: 'answered' })
    expect(result).toMatchObject({ outcome: 'answered', bytes: response?.['bytes'] })
    expect(request?.['bytes']).toBe(decision?.['bytes'])

    for (const [{ directory }, entry] of [
      [desk, request],
      [lab, decision],
    ] as const) {
      const found = await askWarren(['--dir', directory, 'audit', 'search', `${session}`])
      expect(found).toEqual({ entries: [entry] })
    }

    expect(request?.['args']).not.toEqual(decision?.['args'])
    const passphrase = readFileSync(mesh.passphraseFile, 'utf8').trimEnd()
    for (const [{ directory }, entry] of [
      [desk, request],
      [lab, decision],
    ] as const) {
      const written = decodeEntry(Buffer.from(canonicalJson(entry ?? {})))
      const { seq } = written
      const laid = async (args: JsonObject): Promise<void> =>
        verifyDisclosure(
          suite,
          written,
          await discloseValue({ directory, passphrase, seq, text: canonicalJson(args) }),
        )
      await laid(ECHO.arguments)
      await expect(laid({ ...ECHO.arguments, number: 8 })).rejects.toMatchObject({
        code: 'disclosure-wrong',
      })
    }
  },
)

test(
  'every door is named, refusals are told with their code, and what is not sent says why',
  { tags: ['AUN-11', 'AUN-12', 'AUN-14'], timeout: TEST_MS },
  async () => {
    const from = await sizeOf(desk)
    const client = new Client({ name: 'web agent', version: '1.0.0' })
    const { url, token } = await httpDoor(desk)
    const requestInit = { headers: { authorization: `Bearer ${token}` } }
    await client.connect(new StreamableHTTPClientTransport(url('slow'), { requestInit }))
    await client.callTool(ECHO)
    await client.close()
    const every = RawHost.start(connectCommand(desk))
    await every.initialize()
    await every.ask(1, 'tools/list')
    await every.ask(2, 'tools/call', { ...ECHO, name: 'slow__echo' })
    await every.ask(3, 'tools/call', { ...ECHO, name: 'slow__nothing-of-the-kind' })
    await every.leave()
    const words = ['--dir', desk.directory, 'call']
    await askWarren([...words, 'slow', 'echo', '--args', '{"text":"x"}'])
    expect(await runWarren([...words, 'nobody', 'echo'])).toMatchObject({ code: 1 })

    const entries = await outgoing(from, 8)
    expect(entries.filter(({ kind }) => kind === 'request')).toMatchObject([
      { door: 'http', client: 'web agent', provider: lab.did, tool: 'echo', sent: true },
      { door: 'stdio', client: 'raw', provider: lab.did, tool: 'echo', sent: true },
      { door: 'stdio', client: 'raw', tool: 'slow__nothing-of-the-kind', sent: false },
      { door: 'command', client: 'warren', provider: lab.did, tool: 'echo', sent: true },
      { door: 'command', server: 'nobody', sent: false, code: 'no-such-server' },
    ])
    expect(entries.filter(({ kind }) => kind === 'response')).toMatchObject(
      Array.from({ length: 3 }, () => ({ outcome: 'answered' })),
    )
    expect(await callsIn(lab, 'out', 0)).toEqual([])
  },
)

test(
  'a search, a form and the report tell the two directions apart, and the log verifies',
  { tags: ['AUN-16', 'ACM-6'], timeout: TEST_MS },
  async () => {
    const search = ['audit', 'search', '--limit', '1000', '--direction']
    for (const [node, direction, kinds] of [
      [desk, 'out', ['request', 'response']],
      [lab, 'in', ['decision', 'result']],
    ] as const) {
      const log = join(node.directory, 'audit')
      const indexed = await askWarren(['--dir', node.directory, ...search, direction])
      expect(await askWarren([...search, direction, '--log', log])).toEqual(indexed)
      const entries = Array.isArray(indexed['entries']) ? indexed['entries'] : []
      expect(new Set(entries.map((entry) => Object(entry)['kind']))).toEqual(new Set(kinds))
      const other = direction === 'in' ? 'out' : 'in'
      expect(await askWarren(['--dir', node.directory, ...search, other])).toEqual({ entries: [] })
      const { code, said } = await verdictOn(log)
      expect([code, codesOf(said, 'error')]).toEqual([0, []])
    }
    const words = ['--dir', desk.directory, 'audit']
    const tail = await runWarren([...words, 'tail', '-n', '1000'])
    expect(tail.stdout).toMatch(/^\d+ {2}\S+ {2}out {2}A host of this node that calls itself/m)
    const { stdout } = await runWarren([...words, 'export', '--format', 'ocsf'])
    expect(stdout).toContain(`"dst_endpoint":{"uid":"${lab.did}"}`)
    const page = join(mesh.root, 'outgoing.html')
    await askWarren([...words, 'report', '--out', page])
    expect(readFileSync(page, 'utf8')).toContain(`slow/echo at ${lab.did}`)
  },
)

test(
  'a node that is killed in a call is told of in the log of the one that called it',
  { tags: ['AUN-12'], timeout: TEST_MS },
  async () => {
    const from = await sizeOf(desk)
    const raw = RawHost.start(connectCommand(desk, 'slow'))
    await raw.initialize()
    raw.say({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'hang' } })
    await outgoing(from, 1)
    await lab.daemon.kill()
    const [request, response] = await outgoing(from, 2)
    expect(request).toMatchObject({ tool: 'hang', sent: true })
    expect(response).toMatchObject({
      request: request?.['seq'],
      outcome: 'failed',
      code: expect.stringMatching(/^[a-z-]+$/),
    })
    raw.process.kill()
    lab.daemon = await Daemon.start(lab.directory)
    await meets(lab, desk)
    await reaches(desk, ['slow'])
  },
)

test(
  'a node that is killed in a call of its host names the call when it is up again',
  { tags: ['AUN-15'], timeout: TEST_MS },
  async () => {
    const from = await sizeOf(desk)
    const raw = RawHost.start(connectCommand(desk, 'slow'))
    await raw.initialize()
    await raw.ask(1, 'tools/call', ECHO)
    await outgoing(from, 2)
    raw.say({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'hang' } })
    const request = (await outgoing(from, 3)).at(-1)
    await desk.daemon.kill()
    raw.process.kill()
    desk.daemon = await Daemon.start(desk.directory)
    const unfinished = async (): Promise<readonly JsonObject[]> =>
      (await entriesIn(desk.directory)).filter(
        ({ seq, kind }) => Number(seq) > from && kind === 'unfinished',
      )
    await expect.poll(async () => (await unfinished()).length, PATIENCE).toBe(2)
    expect(await unfinished()).toMatchObject([
      { decisions: [], requests: [request?.['seq']] },
      { decisions: [] },
    ])
    const { code, said } = await verdictOn(join(desk.directory, 'audit'))
    expect([code, said['findings']]).toEqual([0, []])
  },
)
