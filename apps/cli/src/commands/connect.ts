import { pumpStdio, openMcpPipe } from '@warren/node/client'
import type { Command } from 'commander'
import { type CommonOptions, contextOf } from '../context.ts'

/** `warren connect [server]`: what an AI host starts; carries its MCP session to the running node and back. */
export async function connect(
  server: string | undefined,
  _options: unknown,
  command: Command,
): Promise<void> {
  const { socket } = contextOf(command.optsWithGlobals<CommonOptions>())
  const pipe = await openMcpPipe(socket, server)
  await pumpStdio(pipe, { input: process.stdin, output: process.stdout })
}
