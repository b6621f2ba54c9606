import type { CryptoSuite } from '@warren/crypto'
import { didOfScid } from './did.ts'
import { IdentityError } from './identity-error.ts'
import { hashOfVersionId, type LogEntry } from './log-entry.ts'
import { entryHash, scidOfGenesis } from './log-hash.ts'
import { multihashOf } from './multihash.ts'
import { decodeMultikey } from './multikey.ts'
import { parseTimestamp } from './timestamp.ts'
import { verifyProofs } from './verify-proofs.ts'

/**
 * Checks that an entry may follow those before it, all of which are verified.
 *
 * @throws IdentityError `log-deactivated`, `entry-out-of-order`, `log-foreign`, `key-reused`, `key-not-precommitted`,
 * `scid-mismatch`, `hash-chain-broken`, and those of `verifyProofs`
 */
export function verifyEntry(
  suite: CryptoSuite,
  before: readonly LogEntry[],
  entry: LogEntry,
): void {
  const previous = before.at(-1)
  checkOrder(previous, entry)
  checkSubject(before[0] ?? entry, entry)
  checkUpdateKey(suite, before, entry)
  checkHash(suite, previous, entry)
  const [key] = entry.parameters.updateKeys
  verifyProofs({
    suite,
    document: entry,
    purpose: 'assertionMethod',
    required: [
      {
        verificationMethod: `did:key:${key}#${key}`,
        publicKey: decodeMultikey(key).bytes,
        cryptosuite: 'eddsa-jcs-2022',
      },
    ],
  })
}

function checkOrder(previous: LogEntry | undefined, entry: LogEntry): void {
  if (previous?.parameters.deactivated === true) {
    throw new IdentityError('log-deactivated', 'an entry follows the one that gave the DID up')
  }
  if (
    previous !== undefined &&
    parseTimestamp(entry.versionTime) <= parseTimestamp(previous.versionTime)
  ) {
    throw new IdentityError('entry-out-of-order', 'an entry is not later than the one before it')
  }
}

function checkSubject(genesis: LogEntry, entry: LogEntry): void {
  if (entry.state.id !== didOfScid(genesis.parameters.scid ?? '')) {
    throw new IdentityError('log-foreign', 'a document of the log is that of another DID')
  }
}

/** An update key is known by its hash alone until it signs one entry, and never again (identity specification, ID-5). */
function checkUpdateKey(suite: CryptoSuite, before: readonly LogEntry[], entry: LogEntry): void {
  const [key] = entry.parameters.updateKeys
  const committed = before.at(-1)?.parameters.nextKeyHashes
  if (committed !== undefined && !committed.includes(multihashOf(suite, key))) {
    throw new IdentityError('key-not-precommitted', 'the entry before did not commit to this key')
  }
  const isUsedElsewhere =
    before.some(({ parameters }) => parameters.updateKeys[0] === key) ||
    entry.state.verificationMethod.some(({ publicKeyMultibase }) => publicKeyMultibase === key)
  if (isUsedElsewhere) {
    throw new IdentityError('key-reused', 'an update key signs one entry and nothing else')
  }
}

function checkHash(suite: CryptoSuite, previous: LogEntry | undefined, entry: LogEntry): void {
  const { scid } = entry.parameters
  if (previous === undefined && scid !== scidOfGenesis(suite, entry, scid ?? '')) {
    throw new IdentityError('scid-mismatch', 'the SCID is not that of the first entry')
  }
  const hash = entryHash(suite, entry, previous?.versionId ?? scid ?? '')
  if (hash !== hashOfVersionId(entry.versionId)) {
    throw new IdentityError('hash-chain-broken', 'an entry does not fit the hash in its versionId')
  }
}
