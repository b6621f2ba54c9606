import { type HostKind, hostSnippet } from '@warren/node/client'
import type { Command } from 'commander'
import { type CommonOptions, contextOf } from '../context.ts'

/** `warren snippet <host> [server]`: what to paste into an AI host's file, so that it finds the mesh. */
export function snippet(
  host: HostKind,
  server: string | undefined,
  _options: unknown,
  command: Command,
): void {
  const { directory, output } = contextOf(command.optsWithGlobals<CommonOptions>())
  const [executable, entry] = process.argv
  const connect = ['--dir', directory, 'connect', ...(server === undefined ? [] : [server])]
  const { file, text } = hostSnippet(host, {
    command: process.execPath,
    // A single executable is its own entry.
    args: entry === undefined || entry === executable ? connect : [entry, ...connect],
  })
  output.progress(`Paste this into ${file}:`)
  output.result({ file, text }, [text])
}
