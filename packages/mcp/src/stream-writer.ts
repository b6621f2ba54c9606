import type { MeshStream } from './mesh-stream.ts'

/** Writes whole lines to a mesh stream, one write after the other. Whoever waits for a write feels the other side's pace. */
export class StreamWriter {
  readonly #stream: MeshStream
  #last: Promise<void> = Promise.resolve()

  constructor(stream: MeshStream) {
    this.#stream = stream
  }

  /** Rejects when the stream is gone. */
  write(...lines: readonly Uint8Array[]): Promise<void> {
    return this.#next(() => this.#stream.write(joined(lines)))
  }

  /** Writes the last lines, if there are any, and the explicit end behind everything that was written. */
  end(...lines: readonly Uint8Array[]): Promise<void> {
    return this.#next(() => this.#stream.end(lines.length === 0 ? undefined : joined(lines)))
  }

  /** Lets nothing more be written before that has settled, or the stream is gone. */
  hold(until: Promise<unknown>): void {
    const { signal } = this.#stream
    const gone = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => gone.resolve(), { once: true })
    if (signal.aborted) gone.resolve()
    void this.#next(async () => {
      await Promise.race([until, gone.promise])
    })
  }

  #next(step: () => Promise<void>): Promise<void> {
    const done = this.#last.then(step)
    this.#last = done.catch(() => {
      // Told to whoever waits for `done`; the next step fails by itself on the same stream.
    })
    return done
  }
}

function joined(lines: readonly Uint8Array[]): Uint8Array {
  const [first] = lines
  return lines.length === 1 && first !== undefined ? first : Buffer.concat(lines)
}
