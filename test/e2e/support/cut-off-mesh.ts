import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { JsonObject } from '@warren/core'
import { askWarren, runWarren } from '@warren/demo/warren-process'
import { expect, vi } from 'vitest'
import { connectCommand, serveProgram } from './mesh-hosts.ts'
import { RawHost } from './raw-host.ts'
import { type ReadyMesh, readyMesh, type ReadyMeshInit, type ReadyNode } from './ready-mesh.ts'

const PROGRESS_SERVER = join(import.meta.dirname, 'progress-server.ts')
const WATCH = { name: 'watch', arguments: {}, _meta: { progressToken: 'watching' } }
const PROGRESS_SEEN = 5
const SOON = { timeout: 20_000, interval: 20 }

/** A mesh whose nodes, all but the first, offer a server under their own name that reports for minutes. */
export async function cutOffMesh(init: ReadyMeshInit): Promise<ReadyMesh> {
  return readyMesh({
    ...init,
    prepare: async ({ name, directory }) => {
      if (name !== init.names[0]) serveProgram(directory, name, [PROGRESS_SERVER])
    },
  })
}

/** A call that a host has under way, and the process that works on it. */
export interface WatchedCall {
  readonly host: RawHost
  readonly serverPids: readonly number[]
}

/** Puts a host on a node in the middle of a call (number 1) to the server of another one, which keeps reporting. */
export async function watchCall(node: ReadyNode, provider: ReadyNode): Promise<WatchedCall> {
  await reachesServer(node, provider.name)
  const before = serversOf(provider)
  const host = RawHost.start(connectCommand(node, provider.name))
  await host.initialize()
  host.say({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: WATCH })
  await progresses(host)
  const serverPids = serversOf(provider).filter((pid) => !before.includes(pid))
  expect(serverPids).not.toEqual([])
  return { host, serverPids }
}

/** Waits until a host has heard some more of its call. */
export async function progresses({ heard }: RawHost): Promise<void> {
  const before = heard.length
  await vi.waitFor(() => expect(heard.length).toBeGreaterThan(before + PROGRESS_SEEN), SOON)
}

/** Waits until a node can reach a server. */
export async function reachesServer(node: ReadyNode, server: string): Promise<void> {
  await vi.waitFor(async () => {
    const { reachable } = await ask(node, 'status')
    expect(reachable).toContain(server)
  }, SOON)
}

/** What a command prints on a node's machine. */
export async function ask(node: ReadyNode, ...words: readonly string[]): Promise<JsonObject> {
  return askWarren(['--dir', node.directory, ...words], node.launch)
}

/** Revokes a member by its name, at the node of the administrator. */
export async function revoke(admin: ReadyNode, name: string): Promise<JsonObject> {
  return ask(admin, 'revoke', name, '--class', 'compromised', '--reason', 'stolen', '--yes')
}

/** The code word of the refusal of a call, in the words of the command. */
export async function refusedCall(node: ReadyNode, server: string): Promise<string> {
  const call = ['call', server, 'echo', '--args', '{"text":"hello"}', '--timeout', '5s']
  const { code, stderr } = await runWarren(['--dir', node.directory, ...call], node.launch)
  expect(code, stderr).not.toBe(0)
  return /\[([a-z-]+)\]\n$/.exec(stderr)?.[1] ?? stderr
}

/** The first event of a node about another one. */
export async function eventAbout(
  { daemon }: ReadyNode,
  name: string,
  { did }: ReadyNode,
): Promise<JsonObject> {
  return daemon.event((event) => event['event'] === name && event['did'] === did, SOON.timeout)
}

/** When an event happened, by the clock of this machine. */
export function atMs({ at }: JsonObject): number {
  return typeof at === 'string' ? Date.parse(at) : Number.NaN
}

/** Waits until processes are gone. */
export async function expectGone(pids: readonly number[]): Promise<void> {
  await vi.waitFor(() => {
    const running = new Set(processes().map(({ pid }) => pid))
    expect(pids.filter((pid) => running.has(pid))).toEqual([])
  }, SOON)
}

/** The processes of servers below a node's own. */
function serversOf({ daemon }: ReadyNode): readonly number[] {
  const all = processes()
  const below = new Set([daemon.process.pid])
  // A network namespace, or the like, puts processes of its own between.
  for (let size = 0; size !== below.size;) {
    size = below.size
    for (const { pid, parent } of all) if (below.has(parent)) below.add(pid)
  }
  return all
    .filter(({ pid, words }) => below.has(pid) && words.includes(PROGRESS_SERVER))
    .map(({ pid }) => pid)
}

function processes(): readonly { pid: number; parent: number; words: string }[] {
  const table = execFileSync('ps', ['-eo', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' })
  return table.split('\n').flatMap((line) => {
    const [, pid, parent, stat = '', words = ''] =
      /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? []
    return stat === '' || stat.startsWith('Z')
      ? []
      : [{ pid: Number(pid), parent: Number(parent), words }]
  })
}
