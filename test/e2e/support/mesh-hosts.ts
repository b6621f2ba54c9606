import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport as LegacyStdio } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport as LegacyHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { askWarren, type Launch, WARREN_ENTRY } from '@warren/demo/warren-process'
import { addServer } from '@warren/node'
import { expect, vi } from 'vitest'
import type { AnyTransport } from '../../interop/support/mcp-relay-transport.ts'
import { DirectStdio } from '../../interop/support/modern-host.ts'
import { type ReadyNode, textIn } from './ready-mesh.ts'

const REACH_TIMEOUT_MS = 20_000
const MEMBERS = ['member']
const REACH_TIMEOUT = { timeout: REACH_TIMEOUT_MS, interval: 250 }

/** What an AI host on a node's machine starts: the command and its arguments. */
export function connectCommand({ directory, launch }: ReadyNode, server?: string): Launch {
  const words = [process.execPath, WARREN_ENTRY, '--dir', directory, 'connect']
  return [...launch, ...words, ...(server === undefined ? [] : [server])]
}

/** A transport of the SDK v1 that starts `warren connect`. */
export function legacyConnect(node: ReadyNode, server?: string): AnyTransport {
  const [command = '', ...args] = connectCommand(node, server)
  return new LegacyStdio({ command, args, stderr: 'ignore' })
}

/** A transport of the SDK v2 that starts `warren connect`. */
export function modernConnect(node: ReadyNode, server?: string): DirectStdio {
  const [command = '', ...args] = connectCommand(node, server)
  return new DirectStdio({ command, args, stderr: 'ignore' })
}

/** Switches a node's HTTP entry on, on any free port; before the node is started. */
export function openHttpDoor(directory: string): void {
  const path = join(directory, 'warren.yaml')
  const text = readFileSync(path, 'utf8')
  const closed = 'http:\n  enabled: false\n  port: 7420\n'
  if (!text.includes(closed)) throw new Error('the configuration of a new node has changed')
  writeFileSync(path, text.replace(closed, 'http:\n  enabled: true\n  port: 0\n'))
}

/** Where a node's HTTP entry serves one of the servers, and the header that opens it. */
export interface HttpDoor {
  readonly port: number
  readonly token: string
  readonly url: (server?: string) => URL
}

/** The HTTP entry of a running node. */
export async function httpDoor({ daemon, directory }: ReadyNode): Promise<HttpDoor> {
  const started = await daemon.event(({ event }) => event === 'started', REACH_TIMEOUT_MS)
  const token = readFileSync(join(directory, 'http-token'), 'utf8').trim()
  const { port } = new URL(textIn(started, 'http'))
  const url = (server?: string): URL =>
    new URL(`http://127.0.0.1:${port}/mcp${server === undefined ? '' : `/s/${server}`}`)
  return { port: Number(port), token, url }
}

/** A transport of the SDK v1 over HTTP on loopback. */
export function legacyHttp({ url, token }: HttpDoor, server?: string): AnyTransport {
  const headers = { authorization: `Bearer ${token}` }
  return new LegacyHttp(url(server), { requestInit: { headers } })
}

/** A transport of the SDK v2 over HTTP on loopback. */
export function modernHttp({ url, token }: HttpDoor, server?: string): AnyTransport {
  const headers = { authorization: `Bearer ${token}` }
  return new StreamableHTTPClientTransport(url(server), { requestInit: { headers } })
}

/** Offers a program on standard streams to every member, as `warren serve` does; before the node is started. */
export function serveProgram(directory: string, name: string, program: readonly string[]): void {
  const definition = { command: process.execPath, args: program }
  addServer({ directory, name, definition, allowRoles: MEMBERS })
}

/** Offers a server behind HTTP on loopback to every member, as `warren serve` does; before the node is started. */
export function serveUrl(directory: string, name: string, url: string): void {
  addServer({ directory, name, definition: { url }, allowRoles: MEMBERS })
}

/** Waits until a node can reach exactly these servers. */
export async function reaches(
  { directory, launch }: ReadyNode,
  servers: readonly string[],
): Promise<void> {
  await vi.waitFor(async () => {
    const { reachable } = await askWarren(['--dir', directory, 'status'], launch)
    expect(reachable).toEqual(servers.toSorted())
  }, REACH_TIMEOUT)
}
