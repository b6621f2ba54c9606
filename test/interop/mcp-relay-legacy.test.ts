import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { TestMesh } from '../../packages/mcp/test/support/test-mesh.ts'
import {
  everything,
  legacyHost,
  type LegacyScript,
  readFolder,
  rememberAndForget,
} from './support/legacy-host.ts'
import {
  ENVIRONMENT,
  EVERYTHING,
  FILESYSTEM,
  MEMORY,
  MeshTransport,
  nodeServer,
  type Recorded,
  settled,
} from './support/mcp-relay-transport.ts'

const meshes: TestMesh[] = []
afterEach(() => Promise.all(meshes.splice(0).map(({ provider }) => provider.stop())))

/** Runs a script on both ways and gives what passed on each. */
async function bothWays(
  file: string,
  args: readonly string[],
  script: LegacyScript,
): Promise<{ readonly direct: Recorded; readonly relayed: Recorded }> {
  const { execPath: command } = process
  const stdio = {
    command,
    args: [file, ...args],
    env: { ...ENVIRONMENT },
    stderr: 'ignore' as const,
  }
  const direct = await legacyHost(new StdioClientTransport(stdio), script)
  const mesh = new TestMesh({ servers: [nodeServer('server', file, ...args)] })
  meshes.push(mesh)
  const relayed = await legacyHost(new MeshTransport(mesh, 'server'), script)
  return { direct, relayed }
}

test(
  'a whole session of the SDK v1 is the same through the relay',
  { tags: ['MCP-26'], timeout: 60_000 },
  async () => {
    const { direct, relayed } = await bothWays(EVERYTHING, ['stdio'], everything)
    expect(direct.received.length).toBeGreaterThan(40)
    expect(settled(relayed.sent)).toEqual(settled(direct.sent))
    expect(settled(relayed.received)).toEqual(settled(direct.received))
  },
)

test(
  'a session with the file server is the same through the relay',
  { tags: ['MCP-26'] },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'warren-files-'))
    writeFileSync(join(folder, 'one.txt'), 'first \u2029 line\r\nsecond')
    const { direct, relayed } = await bothWays(FILESYSTEM, [folder], readFolder(folder))
    expect(settled(relayed.sent)).toEqual(settled(direct.sent))
    expect(settled(relayed.received)).toEqual(settled(direct.received))
  },
)

test(
  'a session with the memory server is the same through the relay',
  { tags: ['MCP-26'] },
  async () => {
    const { direct, relayed } = await bothWays(MEMORY, [], rememberAndForget)
    expect(settled(relayed.received)).toEqual(settled(direct.received))
  },
)
