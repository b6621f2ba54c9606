import { nodeSuite as suite, type Signer } from '@warren/crypto'
import { type KeyHolder, type VerifiedLog, verifyLog } from '@warren/identity'
import { openStore, readKeyFile } from '@warren/storage'
import { dataPaths, isInitialised, notInitialised } from '../data-directory.ts'
import { NodeError } from '../node-error.ts'
import { systemClock } from '../system-clock.ts'

/**
 * The key log of the node of a data directory, which may be running.
 *
 * @throws NodeError `not-initialised`, StorageError, IdentityError
 */
export function ownKeyLog(directory: string): VerifiedLog {
  if (!isInitialised(directory)) throw notInitialised(directory)
  const store = openStore(dataPaths(directory).store)
  try {
    const text = store.identityLog.read()
    if (text === undefined) throw notInitialised(directory)
    return verifyLog({ suite, text, nowMs: systemClock.wallMs() })
  } finally {
    store.close()
  }
}

/** The key log of a member, as the node of a data directory has stored it when it met it last. */
export function storedKeyLog(directory: string, did: string): VerifiedLog | undefined {
  const store = openStore(dataPaths(directory).store)
  try {
    const text = store.peers.get(did)?.log
    return text === undefined
      ? undefined
      : verifyLog({ suite, text, nowMs: Number.MAX_SAFE_INTEGER })
  } finally {
    store.close()
  }
}

/**
 * Signs with the assertion keys of the node of a data directory, and wipes them.
 *
 * @throws NodeError `not-initialised`, `keys-foreign`; StorageError, IdentityError
 */
export async function withAssertionKeys<Made>(
  directory: string,
  passphrase: Uint8Array,
  use: (holder: KeyHolder) => Made,
): Promise<Made> {
  const log = ownKeyLog(directory)
  const seeds = await readKeyFile({ suite, path: dataPaths(directory).nodeKeys, passphrase })
  const signers: Signer[] = []
  try {
    const { assertion, mlDsa } = seeds
    if (assertion === undefined || mlDsa === undefined) {
      throw new NodeError('keys-foreign', 'the key file of the node holds other keys')
    }
    signers.push(suite.ed25519.signer(assertion), suite.mlDsa44.signer(mlDsa))
    return use({ log, signers })
  } finally {
    for (const seed of Object.values(seeds)) seed.fill(0)
    for (const signer of signers) signer.wipe()
  }
}
