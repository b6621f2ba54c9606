import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { McpError } from '../mcp-error.ts'
import type { ProcessServer } from '../server-definition.ts'
import { serverEnvironment } from './server-environment.ts'

export type RunningChild = ChildProcessWithoutNullStreams & { readonly pid: number }

/**
 * Starts a server's program at the head of a process group of its own, without a shell.
 *
 * @throws McpError `server-start-failed`; its message names no path, since a peer reads it
 */
export async function spawnServer(definition: ProcessServer): Promise<RunningChild> {
  const { name, command, args = [], cwd } = definition
  const child = spawn(command, [...args], {
    ...(cwd === undefined ? {} : { cwd }),
    detached: true,
    env: serverEnvironment(definition),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  if (hasPid(child)) return child
  const [error]: unknown[] = await once(child, 'error')
  throw new McpError(
    'server-start-failed',
    `the server "${name}" could not be started (${errorCode(error)})`,
    { cause: error },
  )
}

function hasPid(child: ChildProcessWithoutNullStreams): child is RunningChild {
  return child.pid !== undefined
}

function errorCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error
    ? String(error.code)
    : 'unknown error'
}
