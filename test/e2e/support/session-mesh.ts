import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CONFORMANCE_SERVER,
  conformanceHttpServer,
} from '../../interop/support/conformance-suite.ts'
import { legacyHttpServer, modernHttpServer } from '../../interop/support/http-servers.ts'
import {
  EVERYTHING,
  FILESYSTEM,
  MEMORY,
  MODERN_STDIO,
} from '../../interop/support/mcp-relay-transport.ts'
import {
  type HttpDoor,
  httpDoor,
  openHttpDoor,
  reaches,
  serveProgram,
  serveUrl,
} from './mesh-hosts.ts'
import { readyMesh, type ReadyNode } from './ready-mesh.ts'

/** The server of packages/mcp that does what real servers do on bad days. */
export const SCRIPT_SERVER: string = join(
  import.meta.dirname,
  '../../../packages/mcp/test/support/script-server.ts',
)

/** Two nodes, and behind the far one every kind of server, each of which can be reached directly too. */
export interface SessionMesh {
  /** The node of the hosts. */
  readonly desk: ReadyNode
  readonly door: HttpDoor
  /** A folder that the file server may read. */
  readonly folder: string
  /** Servers on HTTP, by the names under which they are offered. */
  readonly urls: Readonly<Record<'old-web' | 'new-web' | 'conformance-web', string>>
  close(): Promise<void>
}

/** Starts the servers and the two nodes. */
export async function sessionMesh(): Promise<SessionMesh> {
  const root = mkdtempSync(join(tmpdir(), 'warren-session-'))
  const folder = join(root, 'folder')
  mkdirSync(folder)
  writeFileSync(join(folder, 'one.txt'), 'first \u2029 line\r\nsecond')
  const [old, modern, suite] = await Promise.all([
    legacyHttpServer(),
    modernHttpServer(),
    conformanceHttpServer(),
  ])
  const urls = { 'old-web': old.url, 'new-web': modern.url, 'conformance-web': suite.url }
  const programs = {
    everything: [EVERYTHING, 'stdio'],
    files: [FILESYSTEM, folder],
    memory: [MEMORY],
    modern: [MODERN_STDIO],
    script: [SCRIPT_SERVER],
    conformance: [CONFORMANCE_SERVER, 'stdio'],
  }
  const mesh = await readyMesh({
    names: ['desk', 'lab'],
    prepare: async ({ name, directory }) => {
      if (name === 'desk') return openHttpDoor(directory)
      for (const [server, words] of Object.entries(programs)) {
        serveProgram(directory, server, words)
      }
      for (const [server, url] of Object.entries(urls)) serveUrl(directory, server, url)
    },
  })
  const close = async (): Promise<void> => {
    await mesh.close()
    for (const server of [old, modern, suite]) server.process.kill()
    rmSync(root, { recursive: true, force: true })
  }
  const desk = mesh.node('desk')
  await reaches(desk, [...Object.keys(programs), ...Object.keys(urls)])
  return { desk, door: await httpDoor(desk), folder, urls, close }
}
