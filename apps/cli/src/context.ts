import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { controlSocketOf } from '@warren/node/client'
import { Output } from './output.ts'

/** Options that every command takes. */
export interface CommonOptions {
  readonly dir?: string
  readonly json?: boolean
}

/** Where a command works and how it speaks. */
export interface Context {
  readonly directory: string
  readonly socket: string
  readonly output: Output
}

/** The data directory is `--dir`, else `$WARREN_HOME`, else `~/.warren`. */
export function contextOf(options: CommonOptions): Context {
  const directory = resolve(options.dir ?? process.env['WARREN_HOME'] ?? join(homedir(), '.warren'))
  return {
    directory,
    socket: controlSocketOf(directory),
    output: new Output(options.json === true),
  }
}
