import type { Duplex, Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

export interface StdioPipe {
  /** What the host writes: the standard input of this process. */
  readonly input: Readable
  /** What the host reads: the standard output of this process. Nothing but MCP may ever be written to it. */
  readonly output: Writable
}

/** How a pumped session ended. */
export type PumpEnd = 'host-closed' | 'node-closed'

/**
 * Carries a host's standard streams to the running node and back, as bytes, with back-pressure.
 *
 * Ends when the node has ended its side and all of it is written, or when the host has closed its
 * input and the node has answered what was under way. When the host stops reading, or the
 * connection breaks, everything is closed at once. Never rejects: how it ended is the answer.
 */
export async function pumpStdio(socket: Duplex, { input, output }: StdioPipe): Promise<PumpEnd> {
  const stop = new AbortController()
  const fromHost = sendInput(socket, input, stop.signal)
  try {
    await pipeline(socket, output, { end: false })
  } catch {
    // The connection broke or the host no longer reads: either way there is nobody to carry for.
    socket.destroy()
  }
  stop.abort()
  return (await fromHost) ? 'host-closed' : 'node-closed'
}

/** Sends what the host writes; says whether the host came to its end. */
async function sendInput(socket: Duplex, input: Readable, signal: AbortSignal): Promise<boolean> {
  try {
    await pipeline(input, socket, { end: false, signal })
    socket.end()
    return true
  } catch {
    // The connection is gone, which the other direction sees too, or that direction is done.
    socket.destroy()
    return false
  }
}
