import type { Writable } from 'node:stream'
import { McpError } from '../mcp-error.ts'

/**
 * Resolves when more may be written to a stream whose last `write` asked to wait.
 *
 * @throws McpError `host-gone` when it is closed instead
 */
export async function drained(stream: Writable): Promise<void> {
  if (stream.destroyed) throw hostGone()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onClose = (): void => reject(hostGone())
  stream.once('drain', resolve)
  stream.once('close', onClose)
  try {
    await promise
  } finally {
    stream.off('drain', resolve)
    stream.off('close', onClose)
  }
}

export function hostGone(): McpError {
  return new McpError('host-gone', 'the host has closed its connection')
}
