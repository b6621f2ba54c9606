import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CapabilityError,
  type CapabilityChain,
  CHAIN_LENGTH_MAX,
  decodeChain,
  encodeChain,
} from '@warren/capability'
import { isJsonObject, JsonError, type JsonObject, parseJson } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { contentId, formatTimestamp, IdentityError, isDid, parseTimestamp } from '@warren/identity'
import { readPrivateFile, StorageError, writePrivateFile } from '@warren/storage'
import type { KeptRevocation } from './revocation-ledger.ts'

/** Files of each of the two directories of chains. */
export const CHAIN_FILES_MAX = 256
/** Files of revocations: more than the ledger takes of others, so that there is always room for what the owner takes back. */
export const REVOCATION_FILES_MAX = 20_480
/** Bytes of the text of any chain: a UTF-16 unit has at most three in UTF-8, and a line break follows. */
export const CHAIN_BYTES_MAX: number = 3 * CHAIN_LENGTH_MAX + 1
const REVOCATION_BYTES_MAX = 32_768
const URN = 'urn:uuid:'

/** Chains: those of which the node is the last holder, and those whose last link it issued. */
export type ChainKind = 'held' | 'issued'

/** The directory in which a node keeps capabilities: `held/`, `issued/` and `revoked/`, one file each. */
export class CapabilityFiles {
  readonly #directory: string
  readonly #onUnreadable: ((error: Error) => void) | undefined

  /**
   * `directory` is that of the node. With `onUnreadable`, a file that cannot be taken is left where it is and told of,
   * and everything else is read; without, it is thrown.
   */
  constructor(directory: string, onUnreadable?: (error: Error) => void) {
    this.#directory = join(directory, 'capabilities')
    this.#onUnreadable = onUnreadable
  }

  /**
   * The chains of a kind.
   *
   * @throws CapabilityError, StorageError when a file is not as it must be
   */
  async chains(kind: ChainKind): Promise<readonly CapabilityChain[]> {
    const names = await this.#names(kind, CHAIN_FILES_MAX)
    const read = await Promise.all(names.map((name) => this.#taken(() => this.#chain(kind, name))))
    return read.filter((chain) => chain !== undefined)
  }

  /**
   * The chain of which this node has issued the last link under an id; undefined where it has issued none.
   *
   * @throws CapabilityError `capability-id-ambiguous` where copies say different things; as `chains`
   */
  async issued(id: string): Promise<CapabilityChain | undefined> {
    const chains = (await this.chains('issued')).filter(({ last }) => last.id === id)
    if (new Set(chains.map((chain) => lastContentId(chain))).size > 1) {
      throw new CapabilityError(
        'capability-id-ambiguous',
        'several capabilities in capabilities/issued have that id; leave only the one that is meant there',
      )
    }
    return chains[0]
  }

  /**
   * Keeps a chain under the id of its last link; one that is kept already stays.
   *
   * @throws CapabilityError `capability-id-taken` where another chain has that id; StorageError
   */
  async keep(kind: ChainKind, chain: CapabilityChain): Promise<void> {
    const name = nameOf(chain)
    const names = await this.#names(kind, CHAIN_FILES_MAX)
    if (names.includes(name)) {
      const kept = await this.#chain(kind, name)
      if (lastContentId(kept) === lastContentId(chain)) return
      const path = join(this.#directory, kind, name)
      const message = `"${path}" is another capability with the same id, which its issuer has chosen; it stays`
      throw new CapabilityError('capability-id-taken', message)
    }
    if (names.length >= CHAIN_FILES_MAX) throw this.#tooMany(kind, CHAIN_FILES_MAX - 1)
    const bytes = Buffer.from(`${encodeChain(chain)}\n`)
    await this.#write(kind, name, { bytes, replace: false })
  }

  async drop(kind: ChainKind, chain: CapabilityChain): Promise<void> {
    await rm(join(this.#directory, kind, nameOf(chain)), { force: true })
  }

  /** The revocations that are kept. */
  async revocations(): Promise<readonly KeptRevocation[]> {
    const names = await this.#names('revoked', REVOCATION_FILES_MAX)
    const read: KeptRevocation[] = []
    for (const name of names) {
      const kept = await this.#taken(() => this.#revocation(name))
      if (kept !== undefined) read.push(kept)
    }
    return read
  }

  /**
   * What was kept before under the same issuer and id is replaced. Durable when this resolves.
   *
   * @throws CapabilityError `capability-revocation-malformed` for what could not be read again, before anything is
   * written; StorageError
   */
  async keepRevocation(kept: KeptRevocation): Promise<void> {
    const { untilMs, ...said } = kept
    const text = `${JSON.stringify({ ...said, until: formatTimestamp(untilMs) })}\n`
    const bytes = Buffer.from(text)
    if (bytes.length > REVOCATION_BYTES_MAX) throw unreadable('the revocation is too long')
    readRevocation(text)
    const name = revocationName(kept)
    const names = await this.#names('revoked', REVOCATION_FILES_MAX)
    if (names.length >= REVOCATION_FILES_MAX && !names.includes(name)) {
      throw this.#tooMany('revoked', REVOCATION_FILES_MAX - 1)
    }
    await this.#write('revoked', name, { bytes, replace: true })
  }

  async dropRevocation(kept: KeptRevocation): Promise<void> {
    await rm(join(this.#directory, 'revoked', revocationName(kept)), { force: true })
  }

  async #names(kind: string, max: number): Promise<readonly string[]> {
    const names = await readdir(join(this.#directory, kind)).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
      const directory = join(this.#directory, kind)
      throw new StorageError('file-unreadable', `"${directory}" cannot be listed`, { cause: error })
    })
    const files = names.filter((name) => /^[0-9a-f-]+\.json$/.test(name)).toSorted()
    if (files.length <= max) return files
    const error = this.#tooMany(kind, max)
    if (this.#onUnreadable === undefined) throw error
    this.#onUnreadable(error)
    return files.slice(0, max)
  }

  #tooMany(kind: string, max: number): StorageError {
    const directory = join(this.#directory, kind)
    return new StorageError('file-too-large', `"${directory}" holds more than ${max} files`)
  }

  async #taken<Kept>(read: () => Promise<Kept>): Promise<Kept | undefined> {
    try {
      return await read()
    } catch (error) {
      const isOfFile = error instanceof CapabilityError || error instanceof StorageError
      if (!isOfFile || this.#onUnreadable === undefined) throw error
      this.#onUnreadable(error)
      return undefined
    }
  }

  async #revocation(name: string): Promise<KeptRevocation> {
    const text = await this.#read('revoked', name, REVOCATION_BYTES_MAX)
    try {
      return readRevocation(text)
    } catch (cause) {
      if (!(cause instanceof CapabilityError)) throw cause
      const path = join(this.#directory, 'revoked', name)
      throw new CapabilityError(cause.code, `"${path}": ${cause.message}`, { cause })
    }
  }

  async #chain(kind: ChainKind, name: string): Promise<CapabilityChain> {
    const text = await this.#read(kind, name, CHAIN_BYTES_MAX)
    try {
      return decodeChain(suite, text.trimEnd())
    } catch (cause) {
      if (!(cause instanceof CapabilityError)) throw cause
      const path = join(this.#directory, kind, name)
      throw new CapabilityError(cause.code, `"${path}": ${cause.message}`, { cause })
    }
  }

  async #read(kind: string, name: string, bytesMax: number): Promise<string> {
    const bytes = await readPrivateFile(join(this.#directory, kind, name), bytesMax)
    return Buffer.from(bytes).toString('utf8')
  }

  async #write(
    kind: string,
    name: string,
    what: { readonly bytes: Uint8Array; readonly replace: boolean },
  ): Promise<void> {
    await writePrivateFile({ path: join(this.#directory, kind, name), ...what })
  }
}

/** What the last link says, and so all before it. */
export function lastContentId({ documents }: CapabilityChain): string {
  return documents
    .slice(-1)
    .map((document) => contentId(suite, document))
    .join('')
}

function nameOf({ last }: CapabilityChain): string {
  return `${last.id.slice(URN.length)}.json`
}

function revocationName({ issuer, capability }: KeptRevocation): string {
  const digest = suite.sha256(Buffer.from(`${issuer} ${capability}`))
  return `${Buffer.from(digest).toString('hex')}.json`
}

function readRevocation(text: string): KeptRevocation {
  const { capability, issuer, node, until, signed } = objectOf(text)
  const isSound =
    typeof capability === 'string' &&
    typeof issuer === 'string' &&
    typeof node === 'string' &&
    typeof until === 'string' &&
    (signed === undefined || typeof signed === 'string')
  if (!isSound || !isDid(issuer) || !isDid(node)) throw unreadable()
  const untilMs = timeOf(until)
  return { capability, issuer, node, untilMs, ...(signed === undefined ? {} : { signed }) }
}

function timeOf(until: string): number {
  try {
    return parseTimestamp(until)
  } catch (cause) {
    if (!(cause instanceof IdentityError)) throw cause
    throw unreadable(cause.message)
  }
}

function objectOf(text: string): JsonObject {
  try {
    const limits = { lengthMax: REVOCATION_BYTES_MAX, depthMax: 2, keysMax: 16 }
    const value = parseJson(text, limits)
    if (isJsonObject(value)) return value
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
  }
  throw unreadable()
}

function unreadable(rule = 'it is not one that a node has written'): CapabilityError {
  return new CapabilityError(
    'capability-revocation-malformed',
    `no file of a revocation can be so: ${rule}`,
  )
}
