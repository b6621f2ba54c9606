import { canonicalJson, type JsonObject, type JsonValue } from '@warren/core'
import { type CryptoSuite, nobleSuite, nodeSuite } from '@warren/crypto'
import {
  addProofs,
  createIdentity,
  encodeMultikey,
  formatTimestamp,
  type Identity,
  parseTimestamp,
  updateKeyHash,
  verifyLog,
  type VerifiedLog,
} from '@warren/identity'
import { expect } from 'vitest'
import { base58btc } from 'multiformats/bases/base58'
import { createHash } from 'node:crypto'

export const SUITES: readonly CryptoSuite[] = [nodeSuite, nobleSuite]
export const suite: CryptoSuite = nodeSuite
export const NOW_MS: number = Date.UTC(2026, 10, 24, 12)
export const SECOND_MS = 1000
export const HOUR_MS = 3_600_000

export function seed(byte: number): Uint8Array {
  return new Uint8Array(32).fill(byte)
}

/** A node whose secrets and log are always the same. Its next update key is `seed(4)`. */
export function node(first = 1, by: CryptoSuite = suite): Identity {
  return createIdentity({
    suite: by,
    nowMs: NOW_MS,
    seeds: {
      node: seed(first),
      assertion: seed(first + 1),
      mlDsa: seed(first + 2),
      nextUpdate: seed(first + 3),
    },
    firstUpdate: seed(first + 4),
  })
}

export function verify(text: string, known?: VerifiedLog, nowMs = NOW_MS + HOUR_MS): VerifiedLog {
  return verifyLog({ suite, text, nowMs, ...(known === undefined ? {} : { known }) })
}

export function refusal(code: string): unknown {
  return expect.objectContaining({ name: 'IdentityError', code })
}

export function multikeyOf(updateSeed: Uint8Array): string {
  const bytes = suite.ed25519.signer(updateSeed).publicKey
  return encodeMultikey({ type: 'ed25519', bytes })
}

/** What somebody who holds keys can write into a log, by the book of did:webvh 1.0 and otherwise at will. */
export interface Forgery {
  /** Signs the entry; its key stands in `updateKeys` unless `parameters` say otherwise. */
  readonly update: Uint8Array
  readonly next?: Uint8Array
  readonly atMs?: number
  readonly parameters?: Record<string, JsonValue | undefined>
  readonly state?: JsonObject
  /** Changes the entry after its hash was computed and before it is signed. */
  readonly twist?: (entry: JsonObject) => JsonObject
}

/** Writes an entry that follows those of a log, whether or not it may. */
export function forgeNext(text: string, forgery: Forgery): string {
  const lines = text.trimEnd().split('\n')
  const last = JSON.parse(lines.at(-1) ?? '') as {
    versionId: string
    versionTime: string
    state: JsonObject
  }
  const { update, next, atMs, parameters, state = last.state } = forgery
  const entry = {
    versionId: last.versionId,
    versionTime: formatTimestamp(atMs ?? parseTimestamp(last.versionTime) + SECOND_MS),
    parameters: defined({
      updateKeys: [multikeyOf(update)],
      nextKeyHashes: next === undefined ? [] : [updateKeyHash(suite, next)],
      ...parameters,
    }),
    state,
  }
  const versionId = `${lines.length + 1}-${multihash(canonicalJson(entry))}`
  return text + sign({ ...entry, versionId }, forgery)
}

/** Writes the first entry of a log for a document with the placeholder `{SCID}` in it. */
export function forgeGenesis(
  forgery: Forgery & {
    readonly document: JsonObject
    /** Changes the entry after its SCID was computed and before its hash is. */
    readonly before?: (entry: JsonObject) => JsonObject
  },
): string {
  const { update, next, atMs = NOW_MS, parameters, document, before = (same) => same } = forgery
  const draft = canonicalJson({
    versionId: '{SCID}',
    versionTime: formatTimestamp(atMs),
    parameters: defined({
      method: 'did:webvh:1.0',
      scid: '{SCID}',
      updateKeys: [multikeyOf(update)],
      nextKeyHashes: next === undefined ? [] : [updateKeyHash(suite, next)],
      portable: false,
      ...parameters,
    }),
    state: document,
  })
  const entry = JSON.parse(draft.replaceAll('{SCID}', multihash(draft))) as JsonObject
  const hashed = before(entry)
  const versionId = `1-${multihash(canonicalJson(hashed))}`
  return sign({ ...hashed, versionId }, forgery)
}

/** The document of a log with the placeholder in place of its SCID. */
export function template(log: VerifiedLog): JsonObject {
  const text = canonicalJson(log.document)
  return JSON.parse(text.replaceAll(log.scid, '{SCID}')) as JsonObject
}

function sign(entry: JsonObject, { update, twist = (same) => same }: Forgery): string {
  const key = multikeyOf(update)
  const signed = addProofs({
    suite,
    document: twist(entry),
    createdMs: NOW_MS,
    signers: [
      {
        verificationMethod: `did:key:${key}#${key}`,
        purpose: 'assertionMethod',
        signer: suite.ed25519.signer(update),
        cryptosuite: 'eddsa-jcs-2022',
      },
    ],
  })
  return `${canonicalJson(signed)}\n`
}

function multihash(text: string): string {
  const digest = createHash('sha256').update(text).digest()
  return base58btc.baseEncode(Uint8Array.from([0x12, 0x20, ...digest]))
}

function defined(members: Record<string, JsonValue | undefined>): JsonObject {
  return JSON.parse(JSON.stringify(members)) as JsonObject
}
