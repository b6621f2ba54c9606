import { closeSync, constants, openSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Sqlite } from './sqlite.ts'
import { StorageError } from './storage-error.ts'

const LOCK_FILE = 'warren.lock'
const PID_FILE = 'warren.pid'
const PID_LENGTH_MAX = 16

/** Held as long as the process lives; a lock that were collected as garbage would be free. */
const held = new Set<InstanceLock>()

/** The proof that this process alone works on a data directory. */
export interface InstanceLock {
  /** Idempotent. The end of the process, however it comes, releases the lock too. */
  release(): void
}

/**
 * Locks a data directory for this process.
 *
 * The lock is SQLite's exclusive lock on a file of its own: the kernel drops it when the process
 * ends, even by `kill -9`, and there is no stale file to judge. The file with the process id
 * beside it is for people and decides nothing.
 *
 * @throws StorageError `directory-in-use`
 */
export function lockDirectory(directory: string): InstanceLock {
  const database = new Sqlite(join(directory, LOCK_FILE), 0)
  const pidPath = join(directory, PID_FILE)
  try {
    database.execute('BEGIN EXCLUSIVE')
    writeFileSync(pidPath, `${process.pid}\n`, { mode: 0o600 })
  } catch (error) {
    database.close()
    if (!(error instanceof StorageError) || error.code !== 'store-locked') throw error
    throw new StorageError(
      'directory-in-use',
      `another process${holder(pidPath)} works on "${directory}"; stop it first`,
      { cause: error },
    )
  }
  const lock: InstanceLock = {
    release: () => {
      if (!held.delete(lock)) return
      rmSync(pidPath, { force: true })
      database.close()
    },
  }
  held.add(lock)
  return lock
}

function holder(pidPath: string): string {
  try {
    const fd = openSync(pidPath, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const buffer = Buffer.alloc(PID_LENGTH_MAX)
      const text = buffer.toString('latin1', 0, readSync(fd, buffer)).trim()
      return /^\d+$/.test(text) ? ` (${text})` : ''
    } finally {
      closeSync(fd)
    }
  } catch {
    // The id is a courtesy; without it the refusal stands all the same.
    return ''
  }
}
