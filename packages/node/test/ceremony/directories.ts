import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type MadeAdminKeys, makeAdminKeys } from '../../src/ceremony/admin-keys.ts'
import { systemClock } from '../../src/system-clock.ts'

/** The passphrase of one of several key files. */
export function passphrase(at: number): Uint8Array {
  return Buffer.from(`only for tests ${at}`)
}

/** A directory that its owner alone may enter, until the end of the test. */
export function emptyDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'warren-ceremony-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return directory
}

export function adminKeys(directory: string, name: string, at: number): Promise<MadeAdminKeys> {
  const path = join(directory, name)
  return makeAdminKeys({ path, passphrase: passphrase(at), nowMs: systemClock.wallMs() })
}
