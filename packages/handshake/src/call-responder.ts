import type { MlKem768, X25519KeyPair } from '@warren/crypto'
import { concat } from 'uint8arrays/concat'
import { confirmKeys } from './call-confirmation.ts'
import { type CallInit, type CallKeys, deriveCallKeys } from './call-keys.ts'
import { CALL_HELLO_BYTES, CALL_HELLO_VERSION, HELLO_LAYOUT } from './call-layout.ts'
import { CallSession } from './call-session.ts'
import { HandshakeError } from './handshake-error.ts'
import { refusing } from './refusing.ts'

export interface CallResponderInit extends CallInit {
  /** For test vectors only: a fresh pair when absent. Wiped. */
  readonly ephemeralKey?: X25519KeyPair
  /** For test vectors only: another source of encapsulations than the suite. */
  readonly kem?: Pick<MlKem768, 'encapsulate'>
}

export interface CallAnswer {
  /** 1136 bytes for the stream. */
  readonly reply: Uint8Array
  readonly session: CallSession
}

interface Agreed {
  readonly reply: Uint8Array
  readonly keys: CallKeys
}

/**
 * The side that answers a call: takes the hello, gives the reply, has a session.
 *
 * Good for one call; a second `answer`, or one after a throw, throws `spent`. Nothing that the
 * peer sends makes it throw anything but a `HandshakeError`.
 */
export class CallResponder {
  readonly #init: CallResponderInit
  #spent = false

  constructor(init: CallResponderInit) {
    this.#init = init
  }

  /** Takes the 1217 bytes of the hello. */
  answer(hello: Uint8Array): CallAnswer {
    if (this.#spent) throw new HandshakeError('spent', 'call.hello')
    this.#spent = true
    try {
      return this.#answer(hello)
    } finally {
      this.#init.ephemeralKey?.wipe()
    }
  }

  #answer(hello: Uint8Array): CallAnswer {
    if (hello.length !== CALL_HELLO_BYTES || hello[0] !== CALL_HELLO_VERSION[0]) {
      throw new HandshakeError('hello-malformed', 'call.hello')
    }
    const { suite, framesMax } = this.#init
    const { reply, keys } = this.#agree(hello)
    const tag = confirmKeys(suite, keys)
    return {
      reply: concat([reply, tag]),
      session: new CallSession({ suite, side: 'answerer', keys, framesMax }),
    }
  }

  #agree(hello: Uint8Array): Agreed {
    const { suite } = this.#init
    const kem = this.#init.kem ?? suite.mlKem768
    const { ciphertext, sharedSecret } = refusing('kem-failed', 'call.hello', () =>
      kem.encapsulate(hello.subarray(HELLO_LAYOUT.mlKem768)),
    )
    const pair = this.#init.ephemeralKey ?? suite.x25519.generate()
    try {
      const x25519 = refusing('key-agreement-failed', 'call.hello', () =>
        pair.agree(hello.subarray(HELLO_LAYOUT.x25519, HELLO_LAYOUT.mlKem768)),
      )
      const reply = concat([pair.publicKey, ciphertext])
      const keys = deriveCallKeys(this.#init, { hello, reply }, { mlKem768: sharedSecret, x25519 })
      return { reply, keys }
    } finally {
      pair.wipe()
      sharedSecret.fill(0)
    }
  }
}
