import { spawn } from 'node:child_process'
import { appendFileSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The command that starts a server whose input is written to a file as well. */
export function recordedCommand(file: string, command: readonly string[]): readonly string[] {
  return [process.execPath, fileURLToPath(import.meta.url), file, ...command]
}

/** The arguments of every tool call that has reached a recorded server, in order. */
export function callsIn(file: string): readonly unknown[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.flatMap((line) => {
    const message: unknown = line === '' ? undefined : JSON.parse(line)
    return isCall(message) ? [message.params.arguments] : []
  })
}

interface Call {
  readonly params: { readonly arguments?: unknown }
}

function isCall(message: unknown): message is Call {
  return (
    typeof message === 'object' &&
    message !== null &&
    'method' in message &&
    message.method === 'tools/call'
  )
}

function record(file: string, [program = '', ...args]: readonly string[]): void {
  const child = spawn(program, args, { stdio: ['pipe', 'inherit', 'inherit'] })
  process.stdin.on('data', (chunk: Buffer) => {
    appendFileSync(file, chunk)
    child.stdin.write(chunk)
  })
  process.stdin.on('end', () => child.stdin.end())
  child.on('exit', (code) => {
    process.exitCode = code ?? 1
    process.stdin.destroy()
  })
}

if (import.meta.main) {
  const [, , file = '', ...command] = process.argv
  record(file, command)
}
