import { existsSync } from 'node:fs'
import { nodeSuite as suite } from '@warren/crypto'
import { readKeyFile, writeKeyFile } from '@warren/storage'
import { NodeError } from '../node-error.ts'

const SECRET_BYTES = 32

/**
 * Reads the secret that opens what the audit log keeps, or draws it where none was ever needed. The caller wipes it.
 *
 * It is a file of its own, since keys of the node are replaced and what was kept has to be read still.
 *
 * @throws StorageError, NodeError `keys-foreign`
 */
export async function auditSecret(path: string, passphrase: Uint8Array): Promise<Uint8Array> {
  if (!existsSync(path)) {
    const secret = suite.randomBytes(SECRET_BYTES)
    await writeKeyFile({ suite, path, passphrase, seeds: { audit: secret } })
    return secret
  }
  const { audit, ...others } = await readKeyFile({ suite, path, passphrase })
  for (const other of Object.values(others)) other.fill(0)
  if (audit?.length === SECRET_BYTES) return audit
  throw new NodeError('keys-foreign', `the key file ${path} does not hold the key of the audit log`)
}
