import { canonicalJson, type JsonObject } from '@warren/core'
import type { CryptoSuite, Signer } from '@warren/crypto'
import { addProofs } from './add-proofs.ts'
import { type Did, didOfScid } from './did.ts'
import type { VerifiedLog } from './did-log.ts'
import { IdentityError } from './identity-error.ts'
import { SCID_PLACEHOLDER } from './log-entry.ts'
import { entryHash, scidOfGenesis } from './log-hash.ts'
import { LOG_METHOD } from './log-parameters.ts'
import { encodeMultikey } from './multikey.ts'
import { formatTimestamp } from './timestamp.ts'
import { verifyLog } from './verify-log.ts'

const SECOND_MS = 1000

export interface GenesisInput {
  readonly suite: CryptoSuite
  readonly nowMs: number
  readonly updateSigner: Signer
  readonly nextKeyHashes: readonly string[]
  /** The document of a DID whose SCID is still a placeholder. */
  readonly state: (did: Did) => JsonObject
}

/** Writes the first entry of a log. The result is verified like the log of a stranger. */
export function buildGenesis(input: GenesisInput): VerifiedLog {
  const { suite, nowMs, updateSigner, nextKeyHashes, state } = input
  const draft = {
    versionId: SCID_PLACEHOLDER,
    versionTime: formatTimestamp(nowMs),
    parameters: {
      method: LOG_METHOD,
      scid: SCID_PLACEHOLDER,
      updateKeys: [updateKeyOf(updateSigner)],
      nextKeyHashes,
      portable: false,
    },
  }
  const scid = scidOfGenesis(suite, { ...draft, state: state(didOfScid(SCID_PLACEHOLDER)) })
  const entry = {
    ...draft,
    parameters: { ...draft.parameters, scid },
    state: state(didOfScid(scid)),
  }
  const versionId = `1-${entryHash(suite, entry, scid)}`
  const line = signEntry({ suite, updateSigner, nowMs }, { ...entry, versionId })
  return verifyLog({ suite, text: line, nowMs })
}

export interface NextEntryInput {
  readonly suite: CryptoSuite
  readonly nowMs: number
  /** The log must have no pending entries: they would contradict the new one. */
  readonly log: VerifiedLog
  readonly updateSigner: Signer
  readonly nextKeyHashes: readonly string[]
  readonly state: JsonObject
}

/**
 * Appends an entry; without hashes of next keys it gives the DID up. The result is verified like the log of a stranger.
 *
 * @throws IdentityError `log-deactivated`, `key-not-precommitted`, `log-too-long`
 */
export function buildNextEntry(input: NextEntryInput): VerifiedLog {
  const { suite, log, updateSigner, nextKeyHashes, state } = input
  if (log.pending.length > 0) {
    throw new IdentityError('entry-in-future', 'the log already has entries that are not in force')
  }
  const timeMs = Math.max(input.nowMs, log.updatedMs + SECOND_MS)
  const entry = {
    versionId: log.head,
    versionTime: formatTimestamp(timeMs),
    parameters: {
      updateKeys: [updateKeyOf(updateSigner)],
      nextKeyHashes,
      ...(nextKeyHashes.length === 0 ? { deactivated: true } : {}),
    },
    state,
  }
  const versionId = `${log.version + 1}-${entryHash(suite, entry, log.head)}`
  const line = signEntry({ suite, updateSigner, nowMs: timeMs }, { ...entry, versionId })
  return verifyLog({ suite, text: log.text + line, nowMs: timeMs, known: log })
}

function updateKeyOf(signer: Signer): string {
  return encodeMultikey({ type: 'ed25519', bytes: signer.publicKey })
}

function signEntry(
  { suite, updateSigner, nowMs }: Pick<GenesisInput, 'suite' | 'updateSigner' | 'nowMs'>,
  entry: JsonObject,
): string {
  const key = updateKeyOf(updateSigner)
  const signed = addProofs({
    suite,
    document: entry,
    createdMs: nowMs,
    signers: [
      {
        verificationMethod: `did:key:${key}#${key}`,
        purpose: 'assertionMethod',
        signer: updateSigner,
        cryptosuite: 'eddsa-jcs-2022',
      },
    ],
  })
  return `${canonicalJson(signed)}\n`
}
