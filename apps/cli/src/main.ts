#!/usr/bin/env node
import { CommanderError } from 'commander'
import { EXIT, exitCodeOf } from './exit-code.ts'
import { Output } from './output.ts'
import { createProgram } from './program.ts'

const json = process.argv.includes('--json')

try {
  await createProgram().parseAsync()
  process.exit(process.exitCode ?? EXIT.done)
} catch (error) {
  process.exitCode = fail(error)
  process.exit()
}

/** Says what went wrong on stderr and returns the exit code for it. */
function fail(error: unknown): number {
  const output = new Output(json)
  if (error instanceof CommanderError) return failUsage(error, output)
  const code = codeOf(error)
  output.failure(code, error instanceof Error ? error.message : 'something went wrong')
  return code === 'usage' ? EXIT.usage : exitCodeOf(code)
}

function failUsage(error: CommanderError, output: Output): number {
  if (error.exitCode === 0) return EXIT.done
  output.failure('usage', `${error.message.replace(/^error: /, '')}; see "warren --help"`)
  return EXIT.usage
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return 'internal'
  return String(error.code)
}
