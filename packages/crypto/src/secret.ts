import { CryptoError } from './crypto-error.ts'

/** Holds private key material until it is wiped, and refuses every use afterwards. */
export class Secret<Material> {
  #material: Material | undefined
  readonly #erase: (material: Material) => void

  /** The second argument overwrites the material; for an opaque handle there is nothing to overwrite. */
  constructor(material: Material, erase: (material: Material) => void) {
    this.#material = material
    this.#erase = erase
  }

  /** Lends the material for one operation. Throws `key-wiped` after `wipe`. */
  reveal(): Material {
    if (this.#material === undefined) throw new CryptoError('key-wiped', 'this key has been wiped')
    return this.#material
  }

  /** Overwrites and drops the material. May be called twice. */
  wipe(): void {
    if (this.#material === undefined) return
    this.#erase(this.#material)
    this.#material = undefined
  }
}
