import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '@warren/core'
import { askWarren, runWarren } from '@warren/demo/warren-process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectCommand, reaches, serveProgram } from './support/mesh-hosts.ts'
import { RawHost } from './support/raw-host.ts'
import { type ReadyMesh, readyMesh } from './support/ready-mesh.ts'

const SERVER = join(import.meta.dirname, 'support/two-faced-server.ts')
const RULES = `@id("pinned") @reason("it has changed")
forbid (principal, action in Warren::Action::"call", resource) unless { context.tool.pinned };
`

let mesh: ReadyMesh

beforeAll(async () => {
  mesh = await readyMesh({
    names: ['lab', 'eve', 'bob'],
    prepare: async ({ name, directory }) => {
      if (name !== 'lab') return
      serveProgram(directory, 'greeter', [SERVER])
      writeFileSync(join(directory, 'policies/pinned.cedar'), RULES, { mode: 0o600 })
      await Promise.resolve()
    },
  })
})

afterAll(async () => {
  await mesh?.close()
})

/** Lists, then calls, in one session of a host of that protocol version. */
async function greeted(name: string, protocolVersion: string): Promise<JsonObject> {
  const host = RawHost.start(connectCommand(mesh.node(name), 'greeter'))
  try {
    const clientInfo = { name: 'raw', version: '1' }
    await host.ask(0, 'initialize', { protocolVersion, capabilities: {}, clientInfo })
    host.say({ jsonrpc: '2.0', method: 'notifications/initialized' })
    await host.ask(1, 'tools/list')
    return await host.ask(2, 'tools/call', { name: 'greet', arguments: {} })
  } finally {
    await host.leave()
  }
}

const HELLO = { result: { content: [{ type: 'text', text: 'hello' }] } }

test(
  'the odd handshake of one member closes a pinned tool to nobody else',
  { tags: ['POL-29', 'THR-57'] },
  async () => {
    const { directory } = mesh.node('lab')
    await askWarren(['--dir', directory, 'policy', 'pin', 'greeter'])
    await askWarren(['--dir', directory, 'reload'])
    for (const name of ['eve', 'bob']) await reaches(mesh.node(name), ['greeter'])
    expect(await greeted('bob', '2025-11-25')).toMatchObject(HELLO)
    expect(await greeted('eve', '2024-11-05')).toMatchObject({ result: { isError: true } })
    expect(await greeted('bob', '2025-11-25')).toMatchObject(HELLO)
    await askWarren(['--dir', directory, 'tools', 'greeter'])
    const own = await runWarren(['--dir', directory, 'call', 'greeter', 'greet'])
    expect(own.code).toBe(0)
    // Whoever was shown another one stays refused until policies are loaded anew.
    expect(await greeted('eve', '2025-11-25')).toMatchObject({ result: { isError: true } })
    await askWarren(['--dir', directory, 'reload'])
    expect(await greeted('eve', '2025-11-25')).toMatchObject(HELLO)
  },
)
