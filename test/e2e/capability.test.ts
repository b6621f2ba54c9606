import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { isJsonObject, type JsonObject } from '@warren/core'
import { askWarren, Daemon, runWarren, WARREN_ENTRY } from '@warren/demo/warren-process'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type ReadyMesh, readyMesh, textIn } from './support/ready-mesh.ts'

const SERVER = join(import.meta.dirname, 'support/slow-server.ts')
const REFUSAL = 'internal.warren/refusal'

/** Everybody sees the server; only whoever has a capability of the owner calls it, and nobody lets it fail. */
const RULES = `@id("see")
permit (principal, action == Warren::Action::"list", resource == Warren::Server::"slow");
@id("by-capability")
permit (principal, action in Warren::Action::"call", resource in Warren::Server::"slow")
when { context.credentials.contains("capability:self") };
@id("never")
forbid (principal, action in Warren::Action::"call", resource == Warren::Tool::"slow/fail");
`
const GREETINGS = {
  type: 'object',
  properties: { text: { type: 'string', enum: ['hello', 'good day'] } },
  required: ['text'],
  additionalProperties: false,
}
const HELLO = { ...GREETINGS, properties: { text: { type: 'string', const: 'hello' } } }

let mesh: ReadyMesh
let client: Client

beforeAll(async () => {
  mesh = await readyMesh({
    names: ['lab', 'broker', 'desk'],
    prepare: async ({ name, directory }) => {
      if (name !== 'lab') return
      const command = [process.execPath, SERVER]
      await askWarren(['--dir', directory, 'serve', 'slow', '--', ...command])
      writeFileSync(join(directory, 'policies/slow.cedar'), RULES, { mode: 0o600 })
    },
  })
  client = await connected()
})

afterAll(async () => {
  await client?.close()
  await mesh?.close()
})

async function connected(): Promise<Client> {
  const { directory } = mesh.node('desk')
  await vi.waitUntil(
    async () => JSON.stringify((await warren('desk', 'status'))['reachable']) === '["slow"]',
    { timeout: 20_000, interval: 500 },
  )
  const args = [WARREN_ENTRY, '--dir', directory, 'connect', 'slow']
  const host = new Client({ name: 'agent', version: '1.0.0' })
  await host.connect(
    new StdioClientTransport({ command: process.execPath, args, stderr: 'ignore' }),
  )
  return host
}

function warren(name: string, ...words: readonly string[]): Promise<JsonObject> {
  return askWarren(['--dir', mesh.node(name).directory, ...words])
}

function file(name: string): string {
  return join(mesh.root, name)
}

function signing(out: string): readonly string[] {
  return ['--yes', '--out', file(out), '--passphrase-file', mesh.passphraseFile]
}

async function issue(out: string, ...more: readonly string[]): Promise<JsonObject> {
  const { did } = mesh.node('broker')
  const tools = ['--tool', 'echo', 'fail', 'hang', '--to', did]
  const limits = ['--arguments', JSON.stringify(GREETINGS), '--delegable', '1']
  return warren(
    'lab',
    'capability',
    'issue',
    '--server',
    'slow',
    ...tools,
    ...limits,
    ...more,
    ...signing(out),
  )
}

/** From the lab to the broker to the desk. */
async function delegated(name: string): Promise<JsonObject> {
  await issue(`${name}-1.json`)
  const { did } = mesh.node('desk')
  const narrower = ['--tool', 'echo', 'fail', '--arguments', JSON.stringify(HELLO)]
  return warren(
    'broker',
    'capability',
    'delegate',
    file(`${name}-1.json`),
    '--to',
    did,
    ...narrower,
    ...signing(`${name}-2.json`),
  )
}

async function call(name: string, args: Record<string, unknown>): Promise<[unknown, string]> {
  const result = await client.callTool({ name, arguments: args })
  const { _meta: meta } = result
  const refusal: unknown = meta?.[REFUSAL]
  const code = isJsonObject(refusal) ? refusal['code'] : false
  const [content] = result.content
  return [code, content?.type === 'text' ? content.text : '']
}

function linkIds(view: JsonObject): readonly unknown[] {
  const { links } = view
  return Array.isArray(links) ? links.map((link) => isJsonObject(link) && link['id']) : []
}

test('without a capability nothing is called', { tags: ['CAP-10'] }, async () => {
  expect((await call('echo', { text: 'hello' }))[0]).toBe('policy-no-rule')
})

test(
  'an agent calls with what was passed on to it, and the link that is taken back ends it',
  { tags: ['CAP-4', 'CAP-10', 'CAP-11', 'CAP-13', 'CAP-15', 'CAP-16'] },
  async () => {
    const view = await delegated('greet')
    const [first, second] = linkIds(view)
    expect(await warren('desk', 'capability', 'accept', file('greet-2.json'))).toMatchObject({
      what: 'capability',
      running: true,
      holder: mesh.node('desk').did,
    })
    expect(await warren('desk', 'capability', 'list')).toMatchObject({
      held: [{ id: second, server: 'slow' }],
      node: { held: [{ id: second, state: 'taken' }] },
    })

    expect(await call('echo', { text: 'hello' })).toEqual([false, 'hello'])
    for (const args of [{ text: 'good day' }, { text: 'bye' }, {}, { text: 'hello', more: 1 }]) {
      expect((await call('echo', args))[0]).toBe('policy-no-rule')
    }
    // What only the first link names; and what it names, and a forbid closes.
    expect((await call('hang', { text: 'hello' }))[0]).toBe('policy-no-rule')
    expect((await call('fail', { text: 'hello' }))[0]).toBe('policy-denied')

    const words = ['audit', 'search', '--kind', 'decision', '--tool', 'echo', '--allowed']
    const found = JSON.stringify(await warren('lab', ...words))
    expect(found).toContain(`"credentials":["${String(first)}","${String(second)}"]`)

    const taken = mesh
      .node('lab')
      .daemon.event(
        (event) => event['event'] === 'capability-revoked' && event['id'] === second,
        10_000,
      )
    await warren(
      'broker',
      'capability',
      'revoke',
      String(second),
      '--yes',
      '--passphrase-file',
      mesh.passphraseFile,
    )
    await taken
    await client.close()
    client = await connected()
    expect((await call('echo', { text: 'hello' }))[0]).toBe('policy-no-rule')
  },
)

test(
  'what the owner takes back ends a call under way, and stays so after a restart',
  { tags: ['CAP-13', 'CAP-14'] },
  async () => {
    const { did } = mesh.node('desk')
    const words = ['--server', 'slow', '--tool', 'echo', 'hang', '--to', did]
    const view = await warren('lab', 'capability', 'issue', ...words, ...signing('hang.json'))
    await warren('desk', 'capability', 'accept', file('hang.json'))
    expect(await call('echo', { text: 'bye' })).toEqual([false, 'bye'])

    const hanging = client.callTool({ name: 'hang', arguments: {} }).then(
      (result) => JSON.stringify(result),
      (error: unknown) => String(error),
    )
    await vi.waitUntil(
      async () => {
        const search = ['audit', 'search', '--kind', 'decision', '--tool', 'hang', '--allowed']
        return JSON.stringify(await warren('lab', ...search)).includes(textIn(view, 'id'))
      },
      { timeout: 10_000, interval: 300 },
    )
    await warren('lab', 'capability', 'revoke', textIn(view, 'id'), '--yes')
    expect(await hanging).toContain('capability-revoked')

    await mesh.node('lab').daemon.stop()
    mesh.node('lab').daemon = await Daemon.start(mesh.node('lab').directory)
    const told = await mesh
      .node('desk')
      .daemon.event(
        (event) =>
          event['event'] === 'capability-not-taken' &&
          event['id'] === textIn(view, 'id') &&
          textIn(event, 'message').startsWith('capability-revoked'),
        30_000,
      )
    expect(told).toMatchObject({ what: 'capability', did: mesh.node('lab').did })
    // Not for a moment either.
    const shown = mesh
      .node('lab')
      .daemon.events.filter(
        ({ event, id }) => event === 'capability-shown' && id === textIn(view, 'id'),
      )
    expect(shown).toEqual([])
  },
)

test(
  'nothing is signed that was not read, and nothing that the owner would refuse by its form',
  { tags: ['CAP-16'] },
  async () => {
    const { directory } = mesh.node('lab')
    const words = ['--dir', directory, 'capability', 'issue', '--server', 'slow', '--tool', 'echo']
    const to = ['--to', mesh.node('desk').did]
    const unread = await runWarren([...words, ...to, '--out', file('unread.json')])
    expect([unread.code, unread.stdout]).toEqual([3, ''])
    expect(unread.stderr).toContain('arguments   {"type":"object","additionalProperties":true}')
    expect(unread.stderr).toContain('[confirmation-missing]')
    for (const [more, code] of [
      [['--arguments', '{"type":"object"}'], 6],
      [['--for', '8d'], 2],
      [['--delegable', '5'], 2],
      [['--to', 'desk'], 2],
      [['--server', '../x'], 6],
    ] as const) {
      const refused = await runWarren([...words, ...to, ...more, ...signing('refused.json')])
      expect([refused.code, refused.stdout], more.join(' ')).toEqual([code, ''])
    }
    expect(() => readFileSync(file('refused.json'))).toThrow('ENOENT')
  },
)

test(
  'without a node that runs, files are written and read all the same',
  { tags: ['CAP-16'] },
  async () => {
    await mesh.node('broker').daemon.stop()
    const view = await delegated('still')
    expect(await warren('broker', 'capability', 'show', file('still-2.json'))).toEqual(
      Object.fromEntries(Object.entries(view).filter(([key]) => key !== 'file')),
    )
    expect(await warren('broker', 'capability', 'accept', file('still-1.json'))).toMatchObject({
      what: 'capability',
      running: false,
    })
    const [, second] = linkIds(view)
    const out = ['--yes', '--out', file('back.json'), '--passphrase-file', mesh.passphraseFile]
    await warren('broker', 'capability', 'revoke', String(second), ...out)
    expect(await warren('broker', 'capability', 'list')).toMatchObject({ node: null })
    // Carried to the owner.
    expect(await warren('lab', 'capability', 'accept', file('back.json'))).toEqual({
      what: 'revocation',
      id: second,
      by: mesh.node('broker').did,
      running: true,
    })
    await warren('desk', 'capability', 'accept', file('still-2.json'))
    const { node } = await warren('desk', 'capability', 'list')
    expect(JSON.stringify(node)).toContain('capability-revoked')
    client = await connected()
    expect((await call('echo', { text: 'hello' }))[0]).toBe('policy-no-rule')
  },
)
