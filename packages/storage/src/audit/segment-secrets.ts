import type { CryptoSuite } from '@warren/crypto'
import { readPrivateFile, writePrivateFile } from '../private-file.ts'
import { StorageError } from '../storage-error.ts'
import { segmentKeyPath, segmentName } from './segment-name.ts'

const SECRET_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const FILE_BYTES = NONCE_BYTES + SECRET_BYTES + TAG_BYTES
const NO_SALT = new Uint8Array(0)
const SEAL_INFO = new TextEncoder().encode('warren/audit/seal/v1')

export interface SegmentSecretsInit {
  readonly directory: string
  readonly suite: CryptoSuite
  /** 32 random bytes, from the sealed key files of the node. */
  readonly secret: Uint8Array
}

/**
 * The secret of each segment, sealed in a file of its own: whoever erases that file erases all that the salted hashes and
 * the kept values of the segment could tell.
 */
export class SegmentSecrets {
  readonly #init: SegmentSecretsInit
  readonly #sealingKey: Uint8Array

  constructor(init: SegmentSecretsInit) {
    this.#init = init
    this.#sealingKey = init.suite.hkdfSha256({
      ikm: init.secret,
      salt: NO_SALT,
      info: SEAL_INFO,
      length: SECRET_BYTES,
    })
  }

  /** Draws the secret of a new segment; it is on the disk when this resolves. */
  async create(first: number): Promise<Uint8Array> {
    const { suite, directory } = this.#init
    const secret = suite.randomBytes(SECRET_BYTES)
    const nonce = suite.randomBytes(NONCE_BYTES)
    const sealed = suite.chaCha20Poly1305.seal({
      key: this.#sealingKey,
      nonce,
      data: secret,
      associatedData: place(first),
    })
    const path = segmentKeyPath(directory, first)
    // One that is there belongs to a segment that never came to be.
    await writePrivateFile({ path, bytes: Buffer.concat([nonce, sealed]), replace: true })
    return secret
  }

  /**
   * The secret of a segment; undefined where it was erased.
   *
   * @throws StorageError `audit-key-wrong`, and as `readPrivateFile`
   */
  async read(first: number): Promise<Uint8Array | undefined> {
    const { suite, directory } = this.#init
    const path = segmentKeyPath(directory, first)
    try {
      const bytes = await readPrivateFile(path, FILE_BYTES)
      return suite.chaCha20Poly1305.open({
        key: this.#sealingKey,
        nonce: bytes.subarray(0, NONCE_BYTES),
        data: bytes.subarray(NONCE_BYTES),
        associatedData: place(first),
      })
    } catch (cause) {
      if (!(cause instanceof StorageError)) {
        throw new StorageError(
          'audit-key-wrong',
          `"${path}" was not sealed with this node's audit secret, or was altered`,
          { cause },
        )
      }
      if (cause.code === 'file-missing') return undefined
      throw cause
    }
  }

  /** Erases what can be erased; the secrets that were given out are their holders' to wipe. */
  wipe(): void {
    this.#sealingKey.fill(0)
  }
}

function place(first: number): Uint8Array {
  return new TextEncoder().encode(`segment ${segmentName(first)}`)
}
