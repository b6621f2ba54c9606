import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { askWarren, WARREN_ENTRY } from '@warren/demo/warren-process'
import { type ReadyMesh, readyMesh, textIn } from '../e2e/support/ready-mesh.ts'
import type { Variant } from './measure.ts'
import { echoOnce, modernClient } from './variants.ts'

/** Two nodes on loopback; the second one owns the trivial server. */
export async function benchMesh(): Promise<ReadyMesh> {
  return readyMesh({
    names: ['host', 'tool'],
    prepare: async ({ name, directory }) => {
      if (name === 'tool') await offerTrivialServer(directory)
      else switchHttpOn(directory)
    },
  })
}

/** Puts the trivial server behind a node, open to every member. */
export async function offerTrivialServer(directory: string, name = 'trivial'): Promise<void> {
  const server = join(import.meta.dirname, 'serve-stdio.ts')
  const words = [name, '--allow-role', 'member', '--', process.execPath, server]
  await askWarren(['--dir', directory, 'serve', ...words])
}

/** Switches a node's HTTP entry on, on any free port; before the node is started. */
export function switchHttpOn(directory: string): void {
  const file = join(directory, 'warren.yaml')
  const text = readFileSync(file, 'utf8')
    .replace('enabled: false', 'enabled: true')
    .replace('port: 7420', 'port: 0')
  writeFileSync(file, text)
}

/** The whole path: the SDK's client, `warren connect`, node, mesh, node, policy, server process. */
export async function warrenOverStdio(): Promise<Variant> {
  const mesh = await benchMesh()
  const { directory } = mesh.node('host')
  await serverIsKnown(directory)
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [WARREN_ENTRY, '--dir', directory, 'connect', 'trivial'],
  })
  const client = new Client({ name: 'bench', version: '1.0.0' })
  await client.connect(transport)
  return {
    name: 'Warren, host over stdio',
    pids: [...pidsOf(mesh), ...(transport.pid === null ? [] : [transport.pid])],
    call: () => echoOnce(client),
    stop: async () => {
      await client.close()
      await mesh.close()
    },
  }
}

/** The same, with the host on the node's Streamable HTTP entry, in the 2026-07-28 era. */
export async function warrenOverHttp(): Promise<Variant> {
  const mesh = await benchMesh()
  const { directory } = mesh.node('host')
  await serverIsKnown(directory)
  const status = await askWarren(['--dir', directory, 'status'])
  const token = readFileSync(join(directory, 'http-token'), 'utf8').trim()
  const url = new URL(`${textIn(status, 'http')}/mcp/s/trivial`)
  const client = modernClient()
  await client.connect(
    new StreamableHTTPClientTransport(url, {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    }),
  )
  return {
    name: 'Warren, host over HTTP',
    pids: pidsOf(mesh),
    call: () => echoOnce(client),
    stop: async () => {
      await client.close()
      await mesh.close()
    },
  }
}

/** Waits until the host's node knows the servers of others, so many with one tool each. */
export async function serverIsKnown(directory: string, count = 1): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const { tools } = await askWarren(['--dir', directory, 'tools'])
    if (Array.isArray(tools) && tools.length >= count) return
  }
  throw new Error('the other node offers no tool')
}

function pidsOf(mesh: ReadyMesh): readonly number[] {
  return mesh.nodes.flatMap(({ daemon }) =>
    daemon.process.pid === undefined ? [] : [daemon.process.pid],
  )
}
