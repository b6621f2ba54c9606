/** One direction of a stream in memory: bounded, with an explicit end. */
export class MemoryPipe {
  readonly #highWaterBytes: number
  readonly #chunks: Uint8Array[] = []
  #unread = 0
  #ended = false
  #drained = false
  #failure: Error | undefined
  #changed = Promise.withResolvers<void>()

  constructor(highWaterBytes: number) {
    this.#highWaterBytes = highWaterBytes
  }

  get unread(): number {
    return this.#unread
  }

  /** Whether the reader has come to the explicit end. */
  get drained(): boolean {
    return this.#drained
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#check()
    this.#chunks.push(bytes.slice())
    this.#unread += bytes.length
    this.#change()
    while (this.#unread > this.#highWaterBytes) {
      await this.#changed.promise
      this.#check()
    }
  }

  async end(): Promise<void> {
    this.#check()
    this.#ended = true
    this.#change()
    await Promise.resolve()
  }

  fail(reason: Error): void {
    if (this.#drained) return
    this.#failure ??= reason
    this.#chunks.length = 0
    this.#unread = 0
    this.#change()
  }

  async *read(onDrained: () => void): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      const chunk = this.#chunks.shift()
      if (chunk !== undefined) {
        this.#unread -= chunk.length
        this.#change()
        yield chunk
      } else if (this.#ended) {
        this.#drained = true
        onDrained()
        return
      } else {
        await this.#changed.promise
      }
    }
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#ended) throw new Error('written after the end')
  }

  #change(): void {
    const { resolve } = this.#changed
    this.#changed = Promise.withResolvers<void>()
    resolve()
  }
}
