import { type BigIntStats, lstatSync, rmSync } from 'node:fs'

const ATTEMPTS_MAX = 100_000
/** A file system that has given so many new inodes gives none again. */
const NEW_INODES_MAX = 64

/**
 * Deletes and makes something until it has the inode of the one before, where the file system gives inodes again, and was
 * born at another time, of which file systems take note a few hundred times a second. Says what stood there, and what does.
 */
export function reborn(
  at: string,
  make: (at: string) => void,
): { readonly before: BigIntStats; readonly now: BigIntStats } {
  const before = lstatSync(at, { bigint: true })
  for (let count = 0; count < ATTEMPTS_MAX; count += 1) {
    rmSync(at, { recursive: true })
    make(at)
    const now = lstatSync(at, { bigint: true })
    const isReused = now.ino === before.ino
    if (isReused ? now.birthtimeNs !== before.birthtimeNs : count >= NEW_INODES_MAX) {
      return { before, now }
    }
  }
  throw new Error(`${ATTEMPTS_MAX} times nothing was born at another time`)
}
