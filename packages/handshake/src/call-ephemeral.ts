import type { CryptoSuite, MlKem768KeyPair, X25519KeyPair } from '@warren/crypto'
import { HandshakeError } from './handshake-error.ts'

export interface CallKeyPairs {
  readonly x25519: X25519KeyPair
  readonly mlKem768: MlKem768KeyPair
}

/**
 * The opener's two key pairs for one call, which may be generated ahead of it.
 *
 * Good for one `CallInitiator`: a second `take` throws `spent`, so that two calls never share a key.
 */
export class CallEphemeral {
  #pairs: CallKeyPairs | undefined

  constructor(pairs: CallKeyPairs) {
    this.#pairs = pairs
  }

  static generate(suite: CryptoSuite): CallEphemeral {
    return new CallEphemeral({
      x25519: suite.x25519.generate(),
      mlKem768: suite.mlKem768.generate(),
    })
  }

  /** Hands the pairs over, once, to whoever wipes them. */
  take(): CallKeyPairs {
    if (this.#pairs === undefined) throw new HandshakeError('spent', 'call.hello')
    const pairs = this.#pairs
    this.#pairs = undefined
    return pairs
  }

  /** Erases pairs that were never taken. */
  wipe(): void {
    this.#pairs?.x25519.wipe()
    this.#pairs?.mlKem768.wipe()
    this.#pairs = undefined
  }
}
