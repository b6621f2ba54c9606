import { canonicalJson, isJsonObject, parseJson } from '@warren/core'
import type { Sha256 } from '@warren/tlog'
import { constants } from 'node:fs'
import { type FileHandle, lstat, open, readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errnoOf } from '../errno.ts'
import { flushDirectory } from '../flushed-file.ts'
import { readAtMost, writePrivateFile } from '../private-file.ts'
import { StorageError } from '../storage-error.ts'
import { openForReading } from './open-for-reading.ts'
import { lengthWithoutRoom } from './room.ts'
import { firstOf } from './segment-name.ts'

const CHUNK_BYTES = 1_048_576
const CLOSED_MODE = 0o400
const MODE_BITS = 0o777
const TOMBSTONE_BYTES_MAX = 1_024
const TOMBSTONE_LIMITS = { lengthMax: TOMBSTONE_BYTES_MAX, depthMax: 1, keysMax: 8 }

/** The places of the first entries of all segments of which a file is there, or what was left in its place. */
export async function listSegments(directory: string): Promise<readonly number[]> {
  const names = await readdir(join(directory, 'segments'))
  const firsts = names.flatMap((name) => firstOf(name.replace(/\.erased$/, '.log')) ?? [])
  return [...new Set(firsts)].toSorted((one, other) => one - other)
}

/** The places of entries that were erased: of segments of which only what stands in their place is there. */
export async function erasedRanges(
  directory: string,
  firsts: readonly number[],
): Promise<readonly { readonly from: number; readonly to: number }[]> {
  const names = await readdir(join(directory, 'segments'))
  const kept = new Set(names.flatMap((name) => firstOf(name) ?? []))
  return firsts.flatMap((from, at) => {
    const to = firsts[at + 1]
    return kept.has(from) || to === undefined ? [] : [{ from, to }]
  })
}

/** Ends the closing of a segment where a crash came before: cuts off its room, and takes the right to write from it. */
export async function finishClosing(path: string): Promise<void> {
  try {
    if (((await lstat(path)).mode & MODE_BITS) === CLOSED_MODE) return
    const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW)
    try {
      await file.truncate(await lengthWithoutRoom(file))
      await file.datasync()
      await file.chmod(CLOSED_MODE)
    } finally {
      await file.close()
    }
  } catch (error) {
    // It was erased.
    if (errnoOf(error) !== 'ENOENT') throw error
  }
}

/** The digest of a file that is to be erased: SHA-256 over the SHA-256 of each MiB; undefined where there is none. */
export async function digestOf(suite: Sha256, path: string): Promise<string | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
    try {
      const hashes = await chunkHashes(suite, file)
      return Buffer.from(suite.sha256(...hashes)).toString('base64url')
    } finally {
      await file.close()
    }
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return undefined
    throw new StorageError('file-unreadable', `"${path}" cannot be read`, { cause })
  }
}

async function chunkHashes(suite: Sha256, file: FileHandle): Promise<readonly Uint8Array[]> {
  const hashes: Uint8Array[] = []
  const chunk = Buffer.alloc(CHUNK_BYTES)
  for (let at = 0; ; at += CHUNK_BYTES) {
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, at)
    if (bytesRead === 0) return hashes
    hashes.push(suite.sha256(chunk.subarray(0, bytesRead)))
  }
}

/** Takes a name from the disk; that it is gone lasts when this resolves. */
export async function erase(path: string): Promise<void> {
  await rm(path, { force: true })
  await flushDirectory(dirname(path))
}

/** What stands where entries were erased. */
export interface Tombstone {
  readonly from: number
  /** The first place behind. */
  readonly to: number
  readonly digest: string
}

/** Puts up what says that the entries of a segment were erased on purpose; it lasts when this resolves. */
export async function writeTombstone(
  segment: string,
  { from, to, digest }: Tombstone,
): Promise<void> {
  const bytes = Buffer.from(`${canonicalJson({ from, to, digest })}\n`)
  await writePrivateFile({ path: tombstonePath(segment), bytes, replace: true })
}

/**
 * What stands where a segment was erased; undefined where none was. Whoever reads a copy need not own it.
 *
 * @throws StorageError `audit-damaged`
 */
export async function readTombstone(segment: string): Promise<Tombstone | undefined> {
  const path = tombstonePath(segment)
  try {
    const bytes = await readFile(path)
    const value = parseJson(Buffer.from(bytes).toString('utf8'), TOMBSTONE_LIMITS)
    if (isJsonObject(value)) {
      const { from, to, digest } = value
      if (typeof from === 'number' && typeof to === 'number' && typeof digest === 'string') {
        return { from, to, digest }
      }
    }
  } catch (cause) {
    if (cause instanceof StorageError && cause.code === 'file-missing') return undefined
    throw new StorageError('audit-damaged', `"${path}" cannot be read`, { cause })
  }
  throw new StorageError('audit-damaged', `"${path}" does not say what was erased`)
}

async function readFile(path: string): Promise<Uint8Array> {
  const file = await openForReading(path)
  try {
    return await readAtMost({ path, file, bytesMax: TOMBSTONE_BYTES_MAX })
  } finally {
    await file.close()
  }
}

function tombstonePath(segment: string): string {
  return segment.replace(/\.log$/, '.erased')
}
