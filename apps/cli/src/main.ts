#!/usr/bin/env node
import type { Writable } from 'node:stream'
import { CommanderError } from 'commander'
import { EXIT, exitCodeOf } from './exit-code.ts'
import { Output } from './output.ts'
import { createProgram } from './program.ts'

try {
  await createProgram().parseAsync()
  process.exitCode ??= EXIT.done
} catch (error) {
  process.exitCode = fail(error)
}
await Promise.all([written(process.stdout), written(process.stderr)])
process.exit()

/** Resolves when a reader, however slow, has taken all that was printed. */
async function written(stream: Writable): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  stream.write('', () => resolve())
  await promise
}

/** Says what went wrong on stderr and returns the exit code for it. */
function fail(error: unknown): number {
  // What stands behind "--" belongs to another program.
  const end = process.argv.indexOf('--')
  const own = end === -1 ? process.argv : process.argv.slice(0, end)
  const output = new Output(own.includes('--json'))
  if (error instanceof CommanderError) return failUsage(error, output)
  const code = codeOf(error)
  output.failure(code, error instanceof Error ? error.message : 'something went wrong')
  return exitCodeOf(code)
}

function failUsage(error: CommanderError, output: Output): number {
  if (error.exitCode === 0) return EXIT.done
  const message =
    error.code === 'commander.help'
      ? 'no command was given'
      : error.message.replace(/^error: /, '').replaceAll('\n', ' ')
  output.failure('usage', `${message}; see "warren --help" or "warren <command> --help"`)
  return EXIT.usage
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return 'internal'
  return String(error.code)
}
