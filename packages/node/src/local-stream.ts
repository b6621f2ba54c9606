import type { MeshStream } from '@warren/mcp'

/** Bytes that may wait in one direction before the writer is held back. */
const WAITING_BYTES_MAX = 256 * 1024

/** One direction: what was written and not yet read. */
class Lane {
  readonly #chunks: Uint8Array[] = []
  #waitingBytes = 0
  #ended = false
  #failure: Error | undefined
  #wakeReader: (() => void) | undefined
  #wakeWriter: (() => void) | undefined

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#ended) throw new Error('this direction has ended')
    this.#chunks.push(bytes)
    this.#waitingBytes += bytes.length
    this.#wakeReader?.()
    while (this.#waitingBytes > WAITING_BYTES_MAX && !this.#failed) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wakeWriter = resolve
      await promise
    }
    this.#refuseFailed()
  }

  get #failed(): boolean {
    return this.#failure !== undefined
  }

  #refuseFailed(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  end(): void {
    this.#ended = true
    this.#wakeReader?.()
  }

  fail(reason: Error): void {
    this.#failure ??= reason
    this.#wakeReader?.()
    this.#wakeWriter?.()
  }

  get over(): boolean {
    return this.#failure !== undefined || (this.#ended && this.#chunks.length === 0)
  }

  async *read(onDrained: () => void): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      const chunk = this.#chunks.shift()
      if (chunk !== undefined) {
        this.#waitingBytes -= chunk.length
        this.#wakeWriter?.()
        yield chunk
      } else if (this.#ended) {
        onDrained()
        return
      } else {
        const { promise, resolve } = Promise.withResolvers<void>()
        this.#wakeReader = resolve
        await promise
      }
    }
  }
}

/**
 * A call stream inside this process: what a host of this node uses to reach a server of this node.
 *
 * The same provider, policy and limits apply as to a call from the mesh; only the tunnel is missing,
 * since nothing leaves the process.
 */
export function localStreamPair(): readonly [MeshStream, MeshStream] {
  const there = new Lane()
  const back = new Lane()
  const over = new AbortController()
  const settle = (): void => {
    if (there.over && back.over) over.abort()
  }
  const abort = (reason: Error): void => {
    there.fail(reason)
    back.fail(reason)
    over.abort(reason)
  }
  const side = (outgoing: Lane, incoming: Lane): MeshStream => ({
    write: (bytes) => outgoing.write(bytes),
    end: async (last) => {
      if (last !== undefined) await outgoing.write(last)
      outgoing.end()
      settle()
    },
    bytes: incoming.read(settle),
    abort,
    signal: over.signal,
  })
  return [side(there, back), side(back, there)]
}
