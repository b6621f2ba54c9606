import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { CryptoSuite } from '@warren/crypto'

/** A Unix socket path holds at most 107 bytes (Linux `sun_path`), 103 on macOS. */
const SOCKET_PATH_BYTES_MAX = 103

/** Where the control socket of a data directory lies: inside it, or under the temporary directory when that path is too long. */
export function controlPath(directory: string, suite: CryptoSuite): string {
  const inside = join(directory, 'warren.sock')
  if (Buffer.byteLength(inside) <= SOCKET_PATH_BYTES_MAX) return inside
  const digest = Buffer.from(suite.sha256(Buffer.from(directory)))
    .toString('hex')
    .slice(0, 24)
  return join(tmpdir(), `warren-${userInfo().uid}`, `${digest}.sock`)
}
