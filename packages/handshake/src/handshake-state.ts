import type { CryptoSuite, MlKem768, MlKem768KeyPair, X25519KeyPair } from '@warren/crypto'
import type { HandshakeStep } from './handshake-error.ts'
import { fieldBytes, type Role, type Token } from './noise-pattern.ts'
import { refusing } from './refusing.ts'
import { type Split, SymmetricState } from './symmetric-state.ts'

export interface HandshakeStateInit {
  readonly suite: CryptoSuite
  readonly protocolName: string
  readonly role: Role
  readonly prologue: Uint8Array
  /** Belongs to the caller, who uses it for many handshakes; never wiped here. */
  readonly staticKey: X25519KeyPair
  readonly ephemeralKey?: X25519KeyPair | undefined
  readonly kem?: MlKem768 | undefined
}

type Agreement = Extract<Token, 'ee' | 'es' | 'se'>

const NOTHING = new Uint8Array(0)

/** The keys of one handshake, and what each token does with them (Noise §5.3, HFS §4). */
export class HandshakeState {
  readonly symmetric: SymmetricState
  readonly #init: HandshakeStateInit
  readonly #kem: MlKem768
  #e: X25519KeyPair | undefined
  #e1: MlKem768KeyPair | undefined
  #re: Uint8Array | undefined
  #re1: Uint8Array | undefined
  #rs: Uint8Array | undefined

  constructor(init: HandshakeStateInit) {
    this.#init = init
    this.#kem = init.kem ?? init.suite.mlKem768
    this.symmetric = new SymmetricState(init.suite, init.protocolName)
    this.symmetric.mixHash(init.prologue)
  }

  /** The X25519 static key of the peer, once its `s` has been read. */
  get remoteStaticKey(): Uint8Array | undefined {
    return this.#rs
  }

  /** Does what the token says for its sender and returns the field for the wire. */
  write(token: Token, step: HandshakeStep): Uint8Array {
    switch (token) {
      case 'e':
        return this.#generate()
      case 'e1':
        this.#e1 = this.#kem.generate()
        return this.symmetric.encryptAndHash(this.#e1.publicKey, step)
      case 'ekem1':
        return this.#encapsulate(step)
      case 's':
        return this.symmetric.encryptAndHash(this.#init.staticKey.publicKey, step)
      case 'ee':
      case 'es':
      case 'se':
        this.#agree(token, step)
    }
    return NOTHING
  }

  /** Does what the token says for its receiver; `field` is what it has on the wire. */
  read(token: Token, field: Uint8Array, step: HandshakeStep): void {
    switch (token) {
      case 'e':
        this.#re = field.slice()
        this.symmetric.mixHash(field)
        break
      case 'e1':
        this.#re1 = this.symmetric.decryptAndHash(field, step).slice()
        break
      case 'ekem1':
        this.#decapsulate(field, step)
        break
      case 's':
        this.#rs = this.symmetric.decryptAndHash(field, step).slice()
        break
      case 'ee':
      case 'es':
      case 'se':
        this.#agree(token, step)
    }
  }

  fieldBytes(token: Token): number {
    return fieldBytes(token, this.symmetric.hasKey)
  }

  split(): Split {
    const split = this.symmetric.split()
    this.wipe()
    return split
  }

  wipe(): void {
    this.symmetric.wipe()
    // A key that was given in is wiped as well: it was given for one handshake.
    this.#init.ephemeralKey?.wipe()
    this.#e?.wipe()
    this.#e1?.wipe()
  }

  #generate(): Uint8Array {
    this.#e = this.#init.ephemeralKey ?? this.#init.suite.x25519.generate()
    this.symmetric.mixHash(this.#e.publicKey)
    return this.#e.publicKey
  }

  /** HFS §4: the ciphertext is sealed under the key before its secret is mixed in, never the other way round. */
  #encapsulate(step: HandshakeStep): Uint8Array {
    const publicKey = known(this.#re1)
    const { ciphertext, sharedSecret } = refusing('kem-failed', step, () =>
      this.#kem.encapsulate(publicKey),
    )
    const field = this.symmetric.encryptAndHash(ciphertext, step)
    this.symmetric.mixKey(sharedSecret)
    return field
  }

  #decapsulate(field: Uint8Array, step: HandshakeStep): void {
    const pair = known(this.#e1)
    const ciphertext = this.symmetric.decryptAndHash(field, step)
    this.symmetric.mixKey(refusing('kem-failed', step, () => pair.decapsulate(ciphertext)))
  }

  #agree(token: Agreement, step: HandshakeStep): void {
    const [ours, theirs] = this.#keysOf(token)
    this.symmetric.mixKey(refusing('key-agreement-failed', step, () => ours.agree(theirs)))
  }

  #keysOf(token: Agreement): readonly [X25519KeyPair, Uint8Array] {
    if (token === 'ee') return [known(this.#e), known(this.#re)]
    // The first letter is the initiator's key, the second the responder's (Noise §7.1).
    const oursIsEphemeral = (token === 'es') === (this.#init.role === 'initiator')
    return oursIsEphemeral
      ? [known(this.#e), known(this.#rs)]
      : [this.#init.staticKey, known(this.#re)]
  }
}

/** The order of the pattern guarantees that the key is there; its absence is a bug of ours. */
function known<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('the pattern uses a key before it is there')
  return value
}
