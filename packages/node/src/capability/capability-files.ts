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
import { formatTimestamp, isDid, parseTimestamp } from '@warren/identity'
import { readPrivateFile, StorageError, writePrivateFile } from '@warren/storage'
import type { KeptRevocation } from './revocation-ledger.ts'

/** Files of each of the two directories of chains. */
export const CHAIN_FILES_MAX = 256
/** Files of revocations: the ledger of an owner holds no more. */
export const REVOCATION_FILES_MAX = 16_384
const REVOCATION_BYTES_MAX = 32_768
const URN = 'urn:uuid:'

/** Chains: those of which the node is the last holder, and those whose last link it issued. */
export type ChainKind = 'held' | 'issued'

/** The directory in which a node keeps capabilities: `held/`, `issued/` and `revoked/`, one file each. */
export class CapabilityFiles {
  readonly #directory: string

  /** `directory` is that of the node. */
  constructor(directory: string) {
    this.#directory = join(directory, 'capabilities')
  }

  /**
   * The chains of a kind.
   *
   * @throws CapabilityError, StorageError when a file is not as it must be
   */
  async chains(kind: ChainKind): Promise<readonly CapabilityChain[]> {
    const names = await this.#names(kind, CHAIN_FILES_MAX)
    return Promise.all(names.map((name) => this.#chain(kind, name)))
  }

  /** Keeps a chain under the id of its last link; one that is kept already stays. */
  async keep(kind: ChainKind, chain: CapabilityChain): Promise<void> {
    await this.#names(kind, CHAIN_FILES_MAX - 1)
    await this.#write(kind, nameOf(chain), `${encodeChain(chain)}\n`)
  }

  async drop(kind: ChainKind, chain: CapabilityChain): Promise<void> {
    await rm(join(this.#directory, kind, nameOf(chain)), { force: true })
  }

  /** The revocations that are kept. */
  async revocations(): Promise<readonly KeptRevocation[]> {
    const names = await this.#names('revoked', REVOCATION_FILES_MAX)
    const read: KeptRevocation[] = []
    for (const name of names) {
      read.push(readRevocation(await this.#read('revoked', name, REVOCATION_BYTES_MAX)))
    }
    return read
  }

  /** What was kept before under the same issuer and id is replaced. Durable when this resolves. */
  async keepRevocation(kept: KeptRevocation): Promise<void> {
    const { untilMs, ...said } = kept
    const text = JSON.stringify({ ...said, until: formatTimestamp(untilMs) })
    await this.#write('revoked', revocationName(kept), `${text}\n`)
  }

  async dropRevocation(kept: KeptRevocation): Promise<void> {
    await rm(join(this.#directory, 'revoked', revocationName(kept)), { force: true })
  }

  async #names(kind: string, max: number): Promise<readonly string[]> {
    const names = await readdir(join(this.#directory, kind)).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
      throw error
    })
    const files = names.filter((name) => /^[0-9a-f-]+\.json$/.test(name)).toSorted()
    if (files.length <= max) return files
    const directory = join(this.#directory, kind)
    throw new StorageError('file-too-large', `"${directory}" holds more than ${max} files`)
  }

  async #chain(kind: ChainKind, name: string): Promise<CapabilityChain> {
    const text = await this.#read(kind, name, CHAIN_LENGTH_MAX)
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

  async #write(kind: string, name: string, text: string): Promise<void> {
    const path = join(this.#directory, kind, name)
    await writePrivateFile({ path, bytes: Buffer.from(text), replace: true })
  }
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
  const untilMs = parseTimestamp(until)
  return { capability, issuer, node, untilMs, ...(signed === undefined ? {} : { signed }) }
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

function unreadable(): CapabilityError {
  return new CapabilityError(
    'capability-revocation-malformed',
    'a file in capabilities/revoked is not one that a node has written',
  )
}
