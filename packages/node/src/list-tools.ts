import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import type { Catalog, CatalogServer } from '@warren/mcp'
import { NodeError } from './node-error.ts'
import { noSuchServer } from './no-such-server.ts'
import { listOf, ToolClient } from './tool-client.ts'

/** How much of what servers say is waited for and kept. */
export interface ListingLimits {
  /** Servers that are asked; further ones are named as left out. */
  readonly serversMax: number
  /** Servers that are asked at the same time: each may have one message of its own in memory. */
  readonly atOnceMax: number
  /** How long one server may take for its whole list, and all servers for theirs. */
  readonly serverMs: number
  readonly allMs: number
  readonly pagesMax: number
  readonly toolsMax: number
  /** Bytes that are kept of one server's list, and of all lists. Each member has an equal share of them. */
  readonly serverBytesMax: number
  readonly allBytesMax: number
}

/** All of it fits into one answer on the control socket, with its problems. */
const LISTING_LIMITS: ListingLimits = {
  serversMax: 1_000,
  atOnceMax: 8,
  serverMs: 15_000,
  allMs: 60_000,
  pagesMax: 100,
  toolsMax: 2_000,
  serverBytesMax: 1024 * 1024,
  allBytesMax: 4 * 1024 * 1024,
}

const PROBLEM_LENGTH_MAX = 300

/** What the servers offer, and why that of some could not be learnt. */
export interface ToolListing {
  readonly tools: readonly JsonObject[]
  readonly problems: readonly JsonObject[]
}

export interface ListToolsInit {
  readonly catalog: Pick<Catalog, 'endpoint'>
  readonly servers: readonly CatalogServer[]
  readonly signal: AbortSignal
  readonly limits?: Partial<ListingLimits>
}

/**
 * Lists the tools of many servers, all pages. A server that fails, or says too much, is a problem to
 * be shown and costs the others nothing: they are asked in turns between members, and the room for
 * what is kept is divided between members first and between the servers of each then.
 */
export async function listTools(init: ListToolsInit): Promise<ToolListing> {
  const limits = { ...LISTING_LIMITS, ...init.limits }
  const turns = inTurns(init.servers)
  const asked = turns.slice(0, limits.serversMax)
  const round: Round = {
    catalog: init.catalog,
    limits,
    share: sharesOf(asked, limits),
    signal: AbortSignal.any([init.signal, AbortSignal.timeout(limits.allMs)]),
  }
  const outcomes = new Map<CatalogServer, Outcome>()
  const waiting = asked.values()
  const worker = async (): Promise<void> => {
    for (const server of waiting) outcomes.set(server, await outcomeOf(server, round))
  }
  await Promise.all(Array.from({ length: limits.atOnceMax }, worker))
  const inOrder = init.servers.flatMap((server) => outcomes.get(server) ?? [])
  const leftOut = turns.length - asked.length
  return {
    tools: inOrder.flatMap(({ tools }) => tools),
    problems: [
      ...inOrder.flatMap(({ problem }) => (problem === undefined ? [] : [problem])),
      ...(leftOut === 0 ? [] : [problemOf('-', '-', `${leftOut} more servers were not asked`)]),
    ],
  }
}

interface Round {
  readonly catalog: Pick<Catalog, 'endpoint'>
  readonly limits: ListingLimits
  /** Bytes that each server of a member may fill. */
  readonly share: ReadonlyMap<string, number>
  readonly signal: AbortSignal
}

interface Outcome {
  readonly tools: readonly JsonObject[]
  readonly problem?: JsonObject
}

async function outcomeOf(server: CatalogServer, round: Round): Promise<Outcome> {
  const { alias, did } = server
  const timeout = AbortSignal.timeout(round.limits.serverMs)
  const signal = AbortSignal.any([round.signal, timeout])
  try {
    return { tools: await allPages(server, { ...round, signal }) }
  } catch (error) {
    const message = error instanceof Error ? error.message : 'no answer'
    return { tools: [], problem: problemOf(alias, did, message) }
  }
}

async function allPages(server: CatalogServer, round: Round): Promise<readonly JsonObject[]> {
  const { catalog, limits, share, signal } = round
  const endpoint = catalog.endpoint(server.alias)
  if (endpoint === undefined) throw noSuchServer(server.alias)
  const client = await ToolClient.open(endpoint, signal)
  try {
    const tools: JsonObject[] = []
    let room = share.get(server.did) ?? 0
    let cursor: JsonValue | undefined
    for (let page = 0; page < limits.pagesMax; page += 1) {
      const params = cursor === undefined ? {} : { cursor }
      const result = await client.request('tools/list', params, signal)
      const rows = listOf(result['tools']).map((tool) => rowOf(server, tool))
      room -= bytesOf(rows)
      if (room < 0 || tools.length + rows.length > limits.toolsMax) throw tooLong(server.alias)
      tools.push(...rows)
      cursor = result['nextCursor']
      if (cursor === undefined || cursor === null) return tools
    }
    throw new NodeError('call-failed', `its list of tools has more than ${limits.pagesMax} pages`)
  } finally {
    client.end()
  }
}

/** Texts alone: whatever else a server puts there is none of ours to repeat. */
function rowOf({ alias, did }: CatalogServer, tool: JsonValue): JsonObject {
  const { name, description = '' } = isJsonObject(tool) ? tool : {}
  if (typeof name !== 'string') throw new NodeError('call-failed', 'it lists a tool without a name')
  const text = typeof description === 'string' ? description : ''
  return { server: alias, name, description: text, node: did }
}

function bytesOf(rows: readonly JsonObject[]): number {
  return rows.reduce((sum, row) => sum + Buffer.byteLength(JSON.stringify(row)), 0)
}

function problemOf(server: string, node: string, message: string): JsonObject {
  return { server, node, message: message.slice(0, PROBLEM_LENGTH_MAX) }
}

function tooLong(alias: string): NodeError {
  const message = `its list of tools is too long to be shown here; "warren tools ${alias}" has more room`
  return new NodeError('call-failed', message)
}

/** The first server of each member, then the second of each, and so on. */
function inTurns(servers: readonly CatalogServer[]): readonly CatalogServer[] {
  const lanes = [...Map.groupBy(servers, ({ did }) => did).values()]
  const turns = Math.max(0, ...lanes.map(({ length }) => length))
  return Array.from({ length: turns }, (_, turn) =>
    lanes.flatMap((lane) => lane[turn] ?? []),
  ).flat()
}

function sharesOf(
  servers: readonly CatalogServer[],
  { allBytesMax, serverBytesMax }: ListingLimits,
): ReadonlyMap<string, number> {
  const lanes = Map.groupBy(servers, ({ did }) => did)
  const shares = [...lanes].map(([did, { length }]): [string, number] => [
    did,
    Math.min(serverBytesMax, Math.floor(allBytesMax / lanes.size / length)),
  ])
  return new Map(shares)
}
