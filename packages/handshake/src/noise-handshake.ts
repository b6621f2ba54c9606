import type { CryptoSuite, MlKem768, X25519KeyPair } from '@warren/crypto'
import { concat } from 'uint8arrays/concat'
import { HandshakeError, type HandshakeStep } from './handshake-error.ts'
import { HandshakeState } from './handshake-state.ts'
import {
  messageBytesMin,
  type NoiseMessage,
  type NoisePattern,
  type Role,
} from './noise-pattern.ts'
import { type NoiseResult, splitKeys, wipeResult } from './noise-result.ts'

/** Noise §3. */
export const NOISE_MESSAGE_BYTES_MAX = 65_535

export interface NoiseHandshakeInit {
  readonly suite: CryptoSuite
  readonly pattern: NoisePattern
  readonly role: Role
  readonly prologue: Uint8Array
  /** Belongs to the caller; not wiped. */
  readonly staticKey: X25519KeyPair
  /** Longest payload that is accepted; what the longest Noise message leaves when absent. */
  readonly payloadBytesMax?: number
  /** For test vectors only: a fresh pair when absent. Wiped with the handshake. */
  readonly ephemeralKey?: X25519KeyPair
  /** For test vectors only: another source of ML-KEM pairs and encapsulations than the suite. */
  readonly kem?: MlKem768
}

/**
 * One side of one Noise handshake, with the pattern as a table.
 *
 * After any throw the handshake is spent: everything secret in it is wiped, every later call
 * throws `spent`, and the caller closes the connection. Nothing that the peer sends can make it
 * throw anything but a `HandshakeError`, whose `step` names the message and the token.
 */
export class NoiseHandshake {
  readonly #init: NoiseHandshakeInit
  readonly #state: HandshakeState
  #next = 0
  #spent = false
  #fields: Uint8Array[] | undefined
  #payloadHash: Uint8Array
  #result: NoiseResult | undefined

  constructor(init: NoiseHandshakeInit) {
    this.#init = init
    this.#state = new HandshakeState({ ...init, protocolName: init.pattern.protocolName })
    this.#payloadHash = this.#state.symmetric.hash
  }

  /** Whether the last message is through and `result` can be taken. */
  get done(): boolean {
    return this.#result !== undefined
  }

  /** The message to be written or read next; `undefined` after the last. */
  get message(): NoiseMessage | undefined {
    return this.#init.pattern.messages[this.#next]
  }

  /** `h` at the position of the payload of the message that was begun or read last: what that payload signs. 32 bytes. */
  get payloadHash(): Uint8Array {
    return this.#payloadHash.slice()
  }

  /** The X25519 static key of the peer, once it has been read. 32 bytes, not authenticated before the payload is. */
  get remoteStaticKey(): Uint8Array | undefined {
    return this.#state.remoteStaticKey?.slice()
  }

  /** First half of writing a message: its keys. Then `payloadHash` is set, and `finishMessage` must follow. */
  beginMessage(): void {
    this.#guarded(() => {
      const { label, tokens } = this.#turn(true)
      if (this.#fields !== undefined) throw new HandshakeError('out-of-turn', 'turn')
      this.#fields = tokens.map((token) => this.#state.write(token, `${label}.${token}`))
      this.#payloadHash = this.#state.symmetric.hash
    })
  }

  /** Second half of writing a message: seals the payload and returns the whole message. */
  finishMessage(payload: Uint8Array): Uint8Array {
    return this.#guarded(() => {
      const { label } = this.#turn(true)
      if (this.#fields === undefined) throw new HandshakeError('out-of-turn', 'turn')
      if (payload.length > this.#payloadBytesMax()) {
        throw new HandshakeError('message-length', `${label}.payload`)
      }
      const sealed = this.#state.symmetric.encryptAndHash(payload, `${label}.payload`)
      const message = concat([...this.#fields, sealed])
      if (message.length > NOISE_MESSAGE_BYTES_MAX) {
        throw new HandshakeError('message-length', `${label}.length`)
      }
      this.#fields = undefined
      this.#advance()
      return message
    })
  }

  /** Writes a whole message whose payload does not depend on its position. */
  write(payload: Uint8Array): Uint8Array {
    this.beginMessage()
    return this.finishMessage(payload)
  }

  /** Reads the peer's next message and returns its payload. */
  read(message: Uint8Array): Uint8Array {
    return this.#guarded(() => {
      const { label, tokens } = this.#turn(false)
      this.#measure(message, `${label}.length`)
      let offset = 0
      for (const token of tokens) {
        const end = offset + this.#state.fieldBytes(token)
        this.#state.read(token, message.subarray(offset, end), `${label}.${token}`)
        offset = end
      }
      this.#payloadHash = this.#state.symmetric.hash
      const payload = this.#state.symmetric.decryptAndHash(
        message.subarray(offset),
        `${label}.payload`,
      )
      this.#advance()
      return payload
    })
  }

  /** Hands the keys over, once. From then on they belong to the caller, who wipes them. */
  result(): NoiseResult {
    return this.#guarded(() => {
      if (this.#result === undefined) throw new HandshakeError('out-of-turn', 'turn')
      const result = this.#result
      this.#result = undefined
      this.#spent = true
      return result
    })
  }

  /** Ends the handshake wherever it stands and wipes what is secret, but for what `result` has handed over. */
  wipe(): void {
    this.#spent = true
    this.#state.wipe()
    if (this.#result !== undefined) wipeResult(this.#result)
    this.#result = undefined
  }

  #guarded<T>(work: () => T): T {
    if (this.#spent) throw new HandshakeError('spent', 'turn')
    try {
      return work()
    } catch (error) {
      this.wipe()
      throw error
    }
  }

  #turn(writing: boolean): NoiseMessage {
    const message = this.message
    if (message === undefined || (message.sender === this.#init.role) !== writing) {
      throw new HandshakeError('out-of-turn', 'turn')
    }
    return message
  }

  #measure(message: Uint8Array, step: HandshakeStep): void {
    const tokens = this.message?.tokens ?? []
    const bytesMin = messageBytesMin(tokens, this.#state.symmetric.hasKey)
    const bytesMax = Math.min(bytesMin + this.#payloadBytesMax(), NOISE_MESSAGE_BYTES_MAX)
    if (message.length < bytesMin || message.length > bytesMax) {
      throw new HandshakeError('message-length', step)
    }
  }

  #payloadBytesMax(): number {
    return this.#init.payloadBytesMax ?? NOISE_MESSAGE_BYTES_MAX
  }

  #advance(): void {
    this.#next += 1
    if (this.message !== undefined) return
    this.#result = splitKeys(this.#state, this.#init)
  }
}
