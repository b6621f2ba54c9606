import { execFile } from 'node:child_process'
import { LabError } from './lab-error.ts'

/** More than any test prints; a command that prints more is ended. */
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024
const TIMEOUT_MS = 30_000
const SHOWN_CHARACTERS_MAX = 500

export interface CommandOptions {
  readonly signal?: AbortSignal
  /** 30 s when absent. */
  readonly timeoutMs?: number
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
}

export interface CommandOutput {
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command to its end. Throws `command-failed` unless it ends by itself with code 0. */
export async function runCommand(
  [file, ...args]: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutput> {
  if (file === undefined) throw new LabError('command-failed', 'there is no command to run')
  const { promise, resolve, reject } = Promise.withResolvers<CommandOutput>()
  const limits = {
    timeout: options.timeoutMs ?? TIMEOUT_MS,
    maxBuffer: OUTPUT_BYTES_MAX,
    killSignal: 'SIGKILL' as const,
  }
  execFile(file, args, { ...options, ...limits }, (error, stdout, stderr) => {
    if (error === null) resolve({ stdout, stderr })
    else reject(failure([file, ...args], error, stderr))
  })
  return promise
}

function failure(command: readonly string[], cause: Error, stderr: string): LabError {
  const shown = stderr.trim() === '' ? cause.message : stderr.trim()
  const line = `"${command.join(' ').slice(0, SHOWN_CHARACTERS_MAX)}" failed`
  return new LabError('command-failed', `${line}: ${shown.slice(-SHOWN_CHARACTERS_MAX)}`, { cause })
}
