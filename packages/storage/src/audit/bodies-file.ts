import type { Body } from '@warren/audit'
import { canonicalJson, isJsonObject, type JsonObject, parseJson } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { StorageError } from '../storage-error.ts'
import { AppendFile, type Appended } from './append-file.ts'
import type { FileAccess } from './file-access.ts'
import { type Line, linesIfThere } from './read-lines.ts'

const NONCE_BYTES = 12
/** Kept values are as long as messages may be, in base64. */
const LINE_BYTES_MAX = 32 * 1_048_576
const LIMITS = { lengthMax: LINE_BYTES_MAX, depthMax: 1, keysMax: 4 }
const ALLOCATE_BYTES = 1_048_576
const RESERVE_BYTES = 262_144

export interface BodiesFileInit {
  readonly path: string
  readonly suite: CryptoSuite
  /** The key for the bodies of this segment. */
  readonly key: Uint8Array
  readonly files: FileAccess
}

/** The values that are kept beside the entries of one segment: a line each, encrypted for its entry and its path. */
export class BodiesFile {
  readonly #init: BodiesFileInit
  #file: AppendFile | undefined

  private constructor(init: BodiesFileInit, file?: AppendFile) {
    this.#init = init
    this.#file = file
  }

  /** The bodies of a segment that has none yet; the file is made with the first one. */
  static create(init: BodiesFileInit): BodiesFile {
    return new BodiesFile(init)
  }

  /** Opens the bodies of a segment, and cuts off those of entries that never came to be. */
  static async open(init: BodiesFileInit, size: number): Promise<BodiesFile> {
    let length = 0
    for await (const line of bodyLines(init.path)) {
      const seq = line.ended ? parseLine(line)?.['seq'] : undefined
      if (typeof seq !== 'number' || seq >= size) break
      length = line.offset + line.bytes.length + 1
    }
    // With no line that may stay, the next one makes the file, or cuts all of it off.
    return new BodiesFile(init, length === 0 ? undefined : await openFile(init, length))
  }

  /** Encrypts bodies and writes them; resolves when they are on the disk. */
  async append(bodies: readonly Body[]): Promise<Appended> {
    const lines = bodies.map((body) => `${canonicalJson(this.#encrypt(body))}\n`)
    this.#file ??= await openFile(this.#init, 0)
    return this.#file.append(Buffer.from(lines.join('')))
  }

  /** Opens the file anew after a failure. */
  async reopen(): Promise<void> {
    await this.#file?.reopen()
  }

  async close(): Promise<void> {
    await this.#file?.close()
  }

  #encrypt({ seq, path, text }: Body): JsonObject {
    const nonce = this.#init.suite.randomBytes(NONCE_BYTES)
    const data = this.#init.suite.chaCha20Poly1305.seal({
      key: this.#init.key,
      nonce,
      data: Buffer.from(text),
      associatedData: place(seq, path),
    })
    return { seq, path, nonce: base64url(nonce), data: base64url(data) }
  }
}

/**
 * The kept values of one entry.
 *
 * @throws StorageError `audit-damaged`
 */
export async function readBodies(
  init: Omit<BodiesFileInit, 'files'>,
  seq: number,
): Promise<readonly Body[]> {
  const bodies: Body[] = []
  for await (const line of bodyLines(init.path)) {
    const value = line.ended ? parseLine(line) : undefined
    if (value === undefined) break
    if (value['seq'] === seq) bodies.push(decrypt(value, init))
  }
  return bodies
}

function decrypt(line: JsonObject, init: Omit<BodiesFileInit, 'files'>): Body {
  const { seq, path, nonce, data } = line
  try {
    if (typeof seq !== 'number' || typeof path !== 'string') throw new TypeError('no place')
    if (typeof nonce !== 'string' || typeof data !== 'string') throw new TypeError('no bytes')
    const text = init.suite.chaCha20Poly1305.open({
      key: init.key,
      nonce: Buffer.from(nonce, 'base64url'),
      data: Buffer.from(data, 'base64url'),
      associatedData: place(seq, path),
    })
    return { seq, path, text: Buffer.from(text).toString('utf8') }
  } catch (cause) {
    throw new StorageError('audit-damaged', `a kept value in "${init.path}" was altered`, { cause })
  }
}

function bodyLines(path: string): AsyncGenerator<Line> {
  return linesIfThere({ path, lineBytesMax: LINE_BYTES_MAX })
}

async function openFile({ path, files }: BodiesFileInit, length: number): Promise<AppendFile> {
  const room = { allocateBytes: ALLOCATE_BYTES, reserveBytes: RESERVE_BYTES }
  return AppendFile.open({ path, length, files, ...room })
}

function parseLine({ bytes }: Line): JsonObject | undefined {
  try {
    const value = parseJson(Buffer.from(bytes).toString('utf8'), LIMITS)
    return isJsonObject(value) ? value : undefined
  } catch {
    // What a crash has left of a line; whatever else it may be, no value can be read from it.
    return undefined
  }
}

function place(seq: number, path: string): Uint8Array {
  return Buffer.from(`${seq} ${path}`)
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}
