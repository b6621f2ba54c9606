import { MemoryPipe } from './memory-pipe.ts'

/** One end of a duplex byte stream with explicit ends, as the mesh gives one to a call. */
export interface MemoryStream {
  write(bytes: Uint8Array): Promise<void>
  end(last?: Uint8Array): Promise<void>
  readonly bytes: AsyncIterable<Uint8Array>
  abort(reason: Error): void
  readonly signal: AbortSignal
  /** Bytes written by this end that the other end has not read. */
  readonly unread: number
}

const HIGH_WATER_BYTES = 64 * 1024

/** A stream in memory, seen from its two ends. A write waits while more than `highWaterBytes` are unread. */
export function memoryStreamPair(
  highWaterBytes: number = HIGH_WATER_BYTES,
): readonly [MemoryStream, MemoryStream] {
  const forth = new MemoryPipe(highWaterBytes)
  const back = new MemoryPipe(highWaterBytes)
  const over = new AbortController()
  const abort = (reason: Error): void => {
    if (over.signal.aborted) return
    forth.fail(reason)
    back.fail(reason)
    over.abort(reason)
  }
  const endOf = (out: MemoryPipe, into: MemoryPipe): MemoryStream => ({
    write: (bytes) => out.write(bytes),
    end: async (last) => {
      if (last !== undefined) await out.write(last)
      await out.end()
      if (out.drained && into.drained) over.abort(new Error('the stream has ended'))
    },
    bytes: into.read(() => {
      if (out.drained && into.drained) over.abort(new Error('the stream has ended'))
    }),
    abort,
    signal: over.signal,
    get unread() {
      return out.unread
    },
  })
  return [endOf(forth, back), endOf(back, forth)]
}
