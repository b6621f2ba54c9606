import type { Writable } from 'node:stream'

/** Nothing waits longer than this for what else a long round brings: the reader could be working on it. */
const GATHER_MS_MAX = 0.5

const gatheringSinceMs = new WeakMap<Writable, number>()

/**
 * Holds what is written to a stream back until this round of the event loop is over, so that it goes
 * out in one piece: each piece costs a system call and wakes a process. Called before each write.
 */
export function gatherWrites(stream: Writable): void {
  const nowMs = performance.now()
  if (stream.writableCorked === 0) {
    stream.cork()
    gatheringSinceMs.set(stream, nowMs)
    setImmediate(() => stream.uncork())
    return
  }
  if (nowMs - (gatheringSinceMs.get(stream) ?? nowMs) < GATHER_MS_MAX) return
  stream.uncork()
  stream.cork()
  gatheringSinceMs.set(stream, nowMs)
}
