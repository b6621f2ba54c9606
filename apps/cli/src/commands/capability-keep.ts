import {
  acceptFile,
  capabilityWords,
  type CapabilityView,
  keptCapabilities,
  readChainFile,
  viewChain,
} from '@warren/node/capability'
import { askNode, listMember, NodeError } from '@warren/node/client'
import { isJsonObject, type JsonValue } from '@warren/core'
import type { Command } from 'commander'
import { type CommonOptions, contextOf } from '../context.ts'
import { shown } from '../shown.ts'

/** `warren capability show`: what a capability says, link by link; needs no node. */
export async function show(file: string, _options: unknown, command: Command): Promise<void> {
  const { output } = contextOf(command.optsWithGlobals<CommonOptions>())
  const view = viewChain(await readChainFile(file))
  output.result(view, [
    ...capabilityWords(view),
    '',
    'No signature was checked: the owner of the server does that.',
  ])
}

/** `warren capability accept`: takes what a file holds, and tells the running node. */
export async function accept(file: string, _options: unknown, command: Command): Promise<void> {
  const { directory, socket, output } = contextOf(command.optsWithGlobals<CommonOptions>())
  const accepted = await acceptFile(directory, file)
  const running = (await tellNode(socket)) !== undefined
  const later = running ? 'The running node knows it.' : 'The node knows it when it is started.'
  if (accepted.what === 'revocation') {
    const { id, by } = accepted
    output.result({ what: 'revocation', id, by, running }, [`${id} is taken back.`, later])
    return
  }
  const { view } = accepted
  output.result({ what: 'capability', running, ...view }, [...capabilityWords(view), '', later])
}

/** `warren capability list`: what the files hold, and how the running node sees it. */
export async function list(_options: unknown, command: Command): Promise<void> {
  const { directory, socket, output } = contextOf(command.optsWithGlobals<CommonOptions>())
  const kept = await keptCapabilities(directory)
  const node = (await tellNode(socket)) ?? null
  output.result({ ...kept, node }, [
    ...kept.held.map((view) => `held     ${line(view)}  ${stateOf(node, 'held', view.id)}`),
    ...kept.issued.map((view) => `issued   ${line(view)}  to ${view.holder}`),
    ...kept.revoked.map(({ id }) => `revoked  ${id}  ${stateOf(node, 'revoked', id)}`),
    ...shownLines(node),
  ])
}

/** Lets a running node read the files again; undefined where none is running. */
export async function tellNode(socket: string): Promise<JsonValue | undefined> {
  try {
    return await askNode(socket, { do: 'capabilities' })
  } catch (error) {
    if (error instanceof NodeError && error.code === 'node-not-running') return undefined
    throw error
  }
}

function line({ id, server, node, links }: CapabilityView): string {
  return `${id}  ${server} of ${node}, until ${links.at(-1)?.until ?? '-'}`
}

function stateOf(node: JsonValue, kind: 'held' | 'revoked', id: string): string {
  if (node === null) return 'no node is running'
  const found = listMember(node, kind).find((each) => isJsonObject(each) && each['id'] === id)
  return found !== undefined && isJsonObject(found) ? shown(found['state']) : '-'
}

function shownLines(node: JsonValue): readonly string[] {
  if (node === null) return []
  return listMember(node, 'shown').map((each) =>
    isJsonObject(each) ? `shown    ${shown(each['ids'])}  by ${shown(each['did'])}` : '-',
  )
}
