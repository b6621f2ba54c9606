import type { ByteAccount } from '../byte-account.ts'

/** Chunks that count as held until they have been dealt with. */
export class HeldChunks {
  readonly #source: AsyncIterable<Uint8Array>
  readonly #account: ByteAccount
  #bytes = 0

  constructor(source: AsyncIterable<Uint8Array>, account: ByteAccount) {
    this.#source = source
    this.#account = account
  }

  async *read(): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#source) {
      this.#bytes += chunk.length
      this.#account.holds(this.#bytes)
      yield chunk
    }
  }

  /** Says that what has been read is not held any more. */
  release(): void {
    this.#bytes = 0
    this.#account.holds(0)
  }
}
