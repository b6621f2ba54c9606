import {
  AuditError,
  decodeEntry,
  DISCLOSURE_LENGTH_MAX,
  type DisclosureFile,
  type Entry,
  formatDisclosure,
  parseDisclosure,
  valueText,
  verifyDisclosure,
} from '@warren/audit'
import { JsonError, parseJson } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto/node-suite'
import { AuditArchive, readSharedFile } from '@warren/storage'
import { type GivenSources, readSources } from './audit-sources.ts'
import { proveEntry } from './prove-entry.ts'

/** A character has at most four bytes. */
const DISCLOSURE_BYTES_MAX = 4 * DISCLOSURE_LENGTH_MAX
/** As much as a message of a call may have. */
const VALUE_LIMITS = { lengthMax: DISCLOSURE_LENGTH_MAX, depthMax: 64, keysMax: 250_000 }

/** What is laid open, by whoever holds the log and its keys. */
export type LaidValue = Omit<DisclosureFile, 'node'> & { readonly directory: string }

/** A value that an entry of a log names, and whose entry its node has signed. */
export interface DisclosedValue {
  readonly entry: Entry
  readonly path: string
  /** JSON. */
  readonly text: string
  /** Names of those who have cosigned the checkpoint under which the entry is proven. */
  readonly cosigners: readonly string[]
}

export interface VerifyDisclosedInit extends GivenSources {
  /** The log. */
  readonly directory: string
  readonly file: string
  readonly nowMs: number
}

/**
 * Reads a value from a file of JSON, as the text that is hashed of it.
 *
 * @throws AuditError `value-malformed`; StorageError
 */
export async function readValue(path: string): Promise<string> {
  const text = await readSharedFile(path, DISCLOSURE_BYTES_MAX)
  try {
    return valueText(parseJson(text, VALUE_LIMITS))
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    throw new AuditError('value-malformed', `"${path}" holds no JSON value: ${cause.message}`, {
      cause,
    })
  }
}

/**
 * Lays a value open: the content of a file for somebody who has the log. Nobody is handed one that does not prove.
 *
 * @throws AuditError `disclosure-wrong`, `disclosure-malformed`; StorageError
 */
export async function layOpen({
  directory,
  seq,
  ...disclosure
}: LaidValue): Promise<{ readonly entry: Entry; readonly file: string }> {
  const archive = await AuditArchive.open(directory, suite)
  const entry = decodeEntry(await archive.entry(seq))
  verifyDisclosure(suite, entry, disclosure)
  return { entry, file: formatDisclosure({ node: entry.node, seq, ...disclosure }) }
}

/**
 * Verifies a value that was laid open, by nothing but the log: it is the one that the entry names, and the entry stands in
 * the log that its node has signed.
 *
 * @throws AuditError `disclosure-malformed`, `disclosure-foreign`, `disclosure-wrong`; and as `proveEntry`
 */
export async function verifyDisclosed(init: VerifyDisclosedInit): Promise<DisclosedValue> {
  const { directory, file, nowMs } = init
  const text = await readSharedFile(file, DISCLOSURE_BYTES_MAX)
  const { node, seq, ...disclosure } = parseDisclosure(text)
  const { log } = await readSources(directory, init, nowMs)
  if (node !== log.did) {
    const sentence = `"${file}" is about the log of ${node}, and this is that of ${log.did}`
    throw new AuditError('disclosure-foreign', sentence)
  }
  const { entry, cosigners } = await proveEntry({ ...init, seq })
  verifyDisclosure(suite, entry, disclosure)
  return { entry, path: disclosure.path, text: disclosure.text, cosigners }
}
