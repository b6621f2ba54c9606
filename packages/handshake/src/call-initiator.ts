import { concat } from 'uint8arrays/concat'
import { verifyConfirmation } from './call-confirmation.ts'
import { CallEphemeral, type CallKeyPairs } from './call-ephemeral.ts'
import { type CallInit, type CallSecrets, deriveCallKeys } from './call-keys.ts'
import { CALL_HELLO_VERSION, CALL_REPLY_BYTES, REPLY_LAYOUT } from './call-layout.ts'
import { CallSession } from './call-session.ts'
import { HandshakeError } from './handshake-error.ts'
import { refusing } from './refusing.ts'

export interface CallInitiatorInit extends CallInit {
  /** Key pairs that were made ahead; fresh ones when absent. */
  readonly ephemeral?: CallEphemeral
}

/**
 * The side that opens a call: sends a hello, takes the reply, has a session.
 *
 * Good for one call. After any throw, and after `finish`, its key pairs are wiped and every later
 * call throws `spent`. Nothing that the peer sends makes `finish` throw anything but a `HandshakeError`.
 */
export class CallInitiator {
  readonly #init: CallInitiatorInit
  readonly #pairs: CallKeyPairs
  readonly #hello: Uint8Array
  #spent = false

  constructor(init: CallInitiatorInit) {
    this.#init = init
    this.#pairs = (init.ephemeral ?? CallEphemeral.generate(init.suite)).take()
    this.#hello = concat([
      CALL_HELLO_VERSION,
      this.#pairs.x25519.publicKey,
      this.#pairs.mlKem768.publicKey,
    ])
  }

  /** The first bytes on the stream. 1217 bytes, the same at every call. */
  hello(): Uint8Array {
    if (this.#spent) throw new HandshakeError('spent', 'call.hello')
    return this.#hello.slice()
  }

  /** Takes the 1136 bytes of the reply; returns only when the peer has proved that it holds the same keys. */
  finish(reply: Uint8Array): CallSession {
    if (this.#spent) throw new HandshakeError('spent', 'call.reply')
    try {
      return this.#finish(reply)
    } finally {
      this.wipe()
    }
  }

  /** Gives the call up and erases its key pairs. */
  wipe(): void {
    this.#spent = true
    this.#pairs.x25519.wipe()
    this.#pairs.mlKem768.wipe()
  }

  #finish(reply: Uint8Array): CallSession {
    if (reply.length !== CALL_REPLY_BYTES) throw new HandshakeError('message-length', 'call.reply')
    const transcript = { hello: this.#hello, reply: reply.subarray(0, REPLY_LAYOUT.tag) }
    const keys = deriveCallKeys(this.#init, transcript, this.#agree(reply))
    verifyConfirmation(this.#init.suite, keys, reply.subarray(REPLY_LAYOUT.tag))
    return new CallSession({
      suite: this.#init.suite,
      side: 'opener',
      keys,
      framesMax: this.#init.framesMax,
    })
  }

  #agree(reply: Uint8Array): CallSecrets {
    const { x25519, mlKem768 } = this.#pairs
    const ciphertext = reply.subarray(REPLY_LAYOUT.ciphertext, REPLY_LAYOUT.tag)
    return {
      x25519: refusing('key-agreement-failed', 'call.reply', () =>
        x25519.agree(reply.subarray(0, REPLY_LAYOUT.ciphertext)),
      ),
      mlKem768: refusing('kem-failed', 'call.reply', () => mlKem768.decapsulate(ciphertext)),
    }
  }
}
