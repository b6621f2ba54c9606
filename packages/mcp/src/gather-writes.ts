import type { Writable } from 'node:stream'

/**
 * Holds what is written to a stream back until this round of the event loop is over, so that it goes
 * out in one piece: each piece costs a system call and wakes a process. Called before each write.
 */
export function gatherWrites(stream: Writable): void {
  if (stream.writableCorked > 0) return
  stream.cork()
  setImmediate(() => stream.uncork())
}
