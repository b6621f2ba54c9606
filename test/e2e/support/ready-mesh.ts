import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '@warren/core'
import { askWarren, Daemon, type Launch } from '@warren/demo/warren-process'

const MEET_TIMEOUT_MS = 20_000

/** One node of a mesh that a test has made with the commands a person would use. */
export interface ReadyNode {
  readonly name: string
  readonly directory: string
  readonly did: string
  readonly launch: Launch
  daemon: Daemon
}

/** How a mesh is made; everything has a default. */
export interface ReadyMeshInit {
  readonly names: readonly string[]
  /** What stands before a command to run it on that node's host. */
  readonly launch?: (name: string) => Launch
  /** The multiaddr that a node listens on, undefined for the product's own default; a free port on loopback when absent. */
  readonly listen?: (name: string) => string | undefined
  /** Whether two nodes are on one link and must have met before the mesh is ready; all are when absent. */
  readonly meet?: (name: string, other: string) => boolean
  /** The command that founds the mesh, with words of its own; `init` when absent. */
  readonly found?: readonly string[]
  /** Called between `join` and `up`, to add servers and policies. */
  readonly prepare?: (node: { readonly name: string; readonly directory: string }) => Promise<void>
}

/** A running mesh of real processes; `close` ends them and removes every file. */
export interface ReadyMesh {
  readonly root: string
  readonly passphraseFile: string
  readonly meshId: string
  readonly nodes: readonly ReadyNode[]
  node(name: string): ReadyNode
  /** Lets one more node in, and waits until those with which the mesh was made have met it. */
  join(name: string): Promise<ReadyNode>
  close(): Promise<void>
}

/** Founds a mesh: the first name is the administrator's node, the others join by invitation; all meet before this returns. */
export async function readyMesh(init: ReadyMeshInit): Promise<ReadyMesh> {
  const root = mkdtempSync(join(tmpdir(), 'warren-test-'))
  const passphraseFile = join(root, 'passphrase')
  writeFileSync(passphraseFile, 'only for tests\n', { mode: 0o600 })
  const nodes: ReadyNode[] = []
  const close = async (): Promise<void> => {
    await Promise.all(nodes.map(({ daemon }) => daemon.stop()))
    rmSync(root, { recursive: true, force: true })
  }
  try {
    const making = { root, passphraseFile, nodes }
    let meshId = ''
    for (const name of init.names) meshId = await foundOrJoin(init, making, name)
    await everybodyMeets(nodes, init.meet)
    return {
      root,
      passphraseFile,
      meshId,
      nodes,
      close,
      node: (name) => {
        const node = nodes.find((candidate) => candidate.name === name)
        if (node === undefined) throw new Error(`no node ${name}`)
        return node
      },
      join: async (name) => {
        await foundOrJoin(init, making, name)
        const node = nodes.at(-1)
        if (node === undefined) throw new Error('no node has joined')
        for (const other of nodes.slice(0, init.names.length)) {
          if (init.meet?.(name, other.name) !== false) await meets(other, node)
        }
        return node
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

interface Making {
  readonly root: string
  readonly passphraseFile: string
  readonly nodes: ReadyNode[]
}

/** Makes the next node with the commands a person would use, and starts it; returns the id of the mesh. */
async function foundOrJoin(
  init: ReadyMeshInit,
  { root, passphraseFile, nodes }: Making,
  name: string,
): Promise<string> {
  const directory = join(root, name)
  const launch = init.launch?.(name) ?? []
  const [founder] = nodes
  const listen = init.listen === undefined ? '/ip4/127.0.0.1/tcp/0' : init.listen(name)
  const where = listen === undefined ? [] : ['--listen', listen]
  const words = ['--name', name, ...where, '--passphrase-file', passphraseFile]
  const command =
    founder === undefined
      ? [...(init.found ?? ['init']), ...words]
      : ['join', await invitationOf(founder), ...words]
  const made = await askWarren(['--dir', directory, ...command], launch)
  await init.prepare?.({ name, directory })
  const daemon = await Daemon.start(directory, launch)
  nodes.push({ name, directory, did: textIn(made, 'did'), launch, daemon })
  return textIn(made, 'meshId')
}

/** A fresh invitation of a running node. */
export async function invitationOf(node: ReadyNode): Promise<string> {
  return textIn(await askWarren(['--dir', node.directory, 'invite'], node.launch), 'invitation')
}

/** The text that a document, which a command printed, has under a key. */
export function textIn(printed: JsonObject, key: string): string {
  const { [key]: value } = printed
  if (typeof value === 'string') return value
  throw new Error(`no text "${key}" was printed`)
}

/** Waits until every node has admitted every other one that it can meet. */
async function everybodyMeets(
  nodes: readonly ReadyNode[],
  meet: ReadyMeshInit['meet'],
): Promise<void> {
  for (const node of nodes) {
    for (const other of nodes) {
      if (other === node || meet?.(node.name, other.name) === false) continue
      await meets(node, other)
    }
  }
}

/** Waits until a node has admitted another one. */
export async function meets({ daemon }: ReadyNode, { did }: ReadyNode): Promise<JsonObject> {
  return daemon.event(
    (event) => event['event'] === 'admitted' && event['did'] === did,
    MEET_TIMEOUT_MS,
  )
}
