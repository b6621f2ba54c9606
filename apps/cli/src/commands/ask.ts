import { isJsonObject, type JsonValue } from '@warren/core'
import { askNode, listMember, REFUSAL_META_KEY } from '@warren/node/client'
import type { Command } from 'commander'
import { CommandError } from '../command-error.ts'
import { type CommonOptions, contextOf } from '../context.ts'
import { parseDurationMs } from '../duration.ts'
import { readArguments } from '../read-arguments.ts'
import { shown } from '../shown.ts'
import { statusLines } from '../status-lines.ts'
import { table } from '../table.ts'

const TIMEOUT_MAX = '1h'

/** `warren status`: what this node is and how it stands. */
export async function status(_options: unknown, command: Command): Promise<void> {
  const { socket, output } = contextOf(command.optsWithGlobals<CommonOptions>())
  const answer = await askNode(socket, { do: 'status' })
  output.result(answer, statusLines(answer))
}

/** `warren peers`: which members this node is connected to. */
export async function peers(_options: unknown, command: Command): Promise<void> {
  const { socket, output } = contextOf(command.optsWithGlobals<CommonOptions>())
  const answer = await askNode(socket, { do: 'peers' })
  const rows = listMember(answer, 'peers').map((peer) =>
    ['name', 'enclave', 'roles', 'address', 'found', 'did'].map((key) => shown(member(peer, key))),
  )
  if (rows.length === 0) output.progress('note: no other member is connected')
  output.result(
    answer,
    table([['NAME', 'ENCLAVE', 'ROLES', 'ADDRESS', 'FOUND BY', 'DID'], ...rows]),
  )
}

/** `warren tools [server]`: which tools this node can call, and where they live. */
export async function tools(
  server: string | undefined,
  _options: unknown,
  command: Command,
): Promise<void> {
  const { socket, output } = contextOf(command.optsWithGlobals<CommonOptions>())
  const answer = await askNode(socket, { do: 'tools', ...(server === undefined ? {} : { server }) })
  for (const problem of listMember(answer, 'problems')) {
    output.progress(
      `note: ${shown(member(problem, 'server'))}: ${shown(member(problem, 'message'))}`,
    )
  }
  const rows = listMember(answer, 'tools').map((tool) =>
    ['server', 'name', 'node', 'description'].map((key) => firstLine(shown(member(tool, key)))),
  )
  if (rows.length === 0)
    output.progress('note: no server that can be reached offers this node a tool')
  output.result(answer, table([['SERVER', 'TOOL', 'NODE', 'DESCRIPTION'], ...rows]))
}

interface CallOptions extends CommonOptions {
  readonly args: string
  readonly timeout: string
}

/** `warren call <server> <tool>`: call one tool and print its result. */
export async function call(
  server: string,
  tool: string,
  _options: unknown,
  command: Command,
): Promise<void> {
  const options = command.optsWithGlobals<CallOptions>()
  const { socket, output } = contextOf(options)
  const answer = await askNode(socket, {
    do: 'call',
    server,
    tool,
    arguments: readArguments(options.args),
    timeoutMs: parseDurationMs(options.timeout, TIMEOUT_MAX),
  })
  const lines = listMember(answer, 'content').map((block) => shown(member(block, 'text') ?? block))
  if (member(answer, 'isError') === true) {
    // A provider that refused says so; any other error is the tool's own.
    const refusal = member(member(answer, '_meta') ?? null, REFUSAL_META_KEY)
    throw new CommandError(refusal === undefined ? 'tool-failed' : 'call-refused', lines.join('\n'))
  }
  output.result(answer, lines)
}

function member(value: JsonValue, key: string): JsonValue | undefined {
  return isJsonObject(value) ? value[key] : undefined
}

function firstLine(text: string): string {
  const line = text.split('\n', 1)[0] ?? ''
  return line.length > 72 ? `${line.slice(0, 71)}…` : line
}
