import type { CryptoSuite, Sha256State } from '@warren/crypto'
import type { UnreadBytes } from './outgoing-drafts.ts'

/** Counts and hashes what is passed on, of which nothing is kept. */
export class PassedBytes {
  readonly #start: CryptoSuite['startSha256']
  #state: Sha256State | undefined
  #bytes = 0

  constructor(start: CryptoSuite['startSha256']) {
    this.#start = start
  }

  take(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#state ??= this.#start()
    this.#state.update(bytes)
    this.#bytes += bytes.length
  }

  /** All of it, or nothing where there was none. Called once, and last. */
  end(): UnreadBytes | undefined {
    if (this.#state === undefined) return undefined
    return { bytes: this.#bytes, sha256: Buffer.from(this.#state.digest()).toString('hex') }
  }
}
