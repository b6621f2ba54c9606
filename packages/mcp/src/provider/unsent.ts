/**
 * What a server has said that is not out yet, since the end of a call is still being recorded.
 *
 * So many bytes go on by themselves while the server's output is read on; beyond that, the reader waits.
 */
export class Unsent {
  readonly #bytesMax: number
  readonly #sending = new Set<Promise<void>>()
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** What there is now, for whatever must not overtake it; nothing where there is none. */
  get ahead(): Promise<unknown> | undefined {
    return this.#sending.size === 0 ? undefined : Promise.all(this.#sending)
  }

  /** Resolves when more may be read. */
  async add(bytes: number, sending: Promise<void>): Promise<void> {
    this.#bytes += bytes
    const sent = this.#follow(bytes, sending)
    this.#sending.add(sent)
    void sent.then(() => this.#sending.delete(sent))
    while (this.#bytes > this.#bytesMax) await Promise.race(this.#sending)
  }

  async #follow(bytes: number, sending: Promise<void>): Promise<void> {
    try {
      await sending
    } catch {
      // Its stream is gone, which that stream's own task deals with; the others go on.
    }
    this.#bytes -= bytes
  }
}
