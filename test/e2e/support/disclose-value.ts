import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deriveSegmentKeys, disclose, type Disclosure } from '@warren/audit'
import { nodeSuite as suite } from '@warren/crypto'
import { readKeyFile } from '@warren/storage'

const NONCE_BYTES = 12
const FIRST_SEGMENT = '000000000000'

/** Whose log it is, and what is laid open of it. */
export interface Laid {
  /** The data directory of a node whose log has one segment. */
  readonly directory: string
  readonly passphrase: string
  readonly seq: number
  /** The text of the value. */
  readonly text: string
}

/** Lays the arguments of one entry open, as whoever holds the keys of that node can. */
export async function discloseValue({
  directory,
  passphrase,
  seq,
  text,
}: Laid): Promise<Disclosure> {
  const path = join(directory, 'keys/audit.json')
  const { audit } = await readKeyFile({ suite, path, passphrase: Buffer.from(passphrase) })
  if (audit === undefined) throw new Error('a node has a key for its audit log')
  const sealed = readFileSync(join(directory, 'audit/keys', `${FIRST_SEGMENT}.key`))
  const secret = suite.chaCha20Poly1305.open({
    key: suite.hkdfSha256({
      ikm: audit,
      salt: new Uint8Array(0),
      info: Buffer.from('warren/audit/seal/v1'),
      length: 32,
    }),
    nonce: sealed.subarray(0, NONCE_BYTES),
    data: sealed.subarray(NONCE_BYTES),
    associatedData: Buffer.from(`segment ${FIRST_SEGMENT}`),
  })
  return disclose(suite, deriveSegmentKeys(suite, secret).salt, { seq, path: '', text })
}
