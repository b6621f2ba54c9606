import {
  type Body,
  decodeEntry,
  deriveSegmentKeys,
  type EntryDraft,
  saltOf,
  type SegmentKeys,
  type ValuePlace,
} from '@warren/audit'
import { StorageError } from '../storage-error.ts'
import type { SegmentContext } from './active-segment.ts'
import { readBodies } from './bodies-file.ts'
import { digestOf, erase, writeTombstone } from './closed-files.ts'
import { segmentOf, type StoredEntry } from './entry-reader.ts'
import { bodiesPath, segmentKeyPath, segmentPath } from './segment-name.ts'
import { requireSigned, type SignedTree } from './signed-segment.ts'

const RETENTION = '"kind":"retention"'

type RetentionDraft = Extract<EntryDraft, { kind: 'retention' }>

/** What is to be erased. */
export interface Erasure {
  /** The segment, by the place of its first entry. */
  readonly segment: number
  /** Kept values and the salts of all digests, or the entries too. */
  readonly what: 'bodies' | 'entries'
}

export interface ErasureInput {
  readonly context: SegmentContext
  readonly erasure: Erasure
  readonly firsts: readonly number[]
  /** The segment that grows, of which nothing can be erased. */
  readonly active: number
  readonly append: (draft: EntryDraft) => Promise<unknown>
  readonly entries: (from: number) => AsyncIterable<StoredEntry>
  /** Whether an entry is what was signed for its place. */
  readonly isSigned: (entry: StoredEntry) => Promise<boolean>
  readonly tree: SignedTree
}

/**
 * Erases from a closed segment: first the log says what, then it goes. The tiles stay, so that the tree can be proven.
 *
 * Entries are erased only where all of them are there as they were signed, so that the node never says of what somebody
 * else has taken away, or put in its place, that it was erased on purpose. What they say of earlier erasures is said again,
 * since it would go with them.
 *
 * A crash in between leaves something that the log calls erased; erasing it again says so again.
 *
 * @throws StorageError `audit-segment-in-use`, `audit-entry-missing`, `audit-damaged`, `audit-erased`
 */
export async function eraseSegment(input: ErasureInput): Promise<void> {
  const { context, erasure, firsts, active, append } = input
  const { directory, suite } = context
  const { segment, what } = erasure
  if (segment === active) {
    throw new StorageError('audit-segment-in-use', `the segment ${segment} is still being written`)
  }
  const to = firsts[firsts.indexOf(segment) + 1]
  if (!firsts.includes(segment) || to === undefined) {
    throw new StorageError('audit-entry-missing', `no segment begins at ${segment}`)
  }
  if (what === 'entries') await requireSigned({ directory, suite, segment, to, tree: input.tree })
  const entries = segmentPath(directory, segment)
  const bodies = bodiesPath(directory, segment)
  const digest = await digestOf(suite, what === 'entries' ? entries : bodies)
  const told = digest ?? Buffer.from(suite.sha256()).toString('base64url')
  if (what === 'entries') {
    for (const draft of await erasedBefore(input, to)) await append(draft)
  }
  await append({ kind: 'retention', segment, from: segment, to, what, digest: told })
  await erase(segmentKeyPath(directory, segment))
  await erase(bodies)
  if (what === 'bodies') return
  await writeTombstone(entries, { from: segment, to, digest: told })
  await erase(entries)
}

/**
 * What entries of a segment say was erased before them. A line that was not signed says nothing: whoever can write to the
 * disk must not get the signature of the node under what is missing.
 */
async function erasedBefore(
  { erasure, entries, isSigned }: ErasureInput,
  to: number,
): Promise<readonly EntryDraft[]> {
  const said = new Map<string, RetentionDraft>()
  for await (const stored of entries(erasure.segment)) {
    const told = erasureIn(stored)
    if (told !== undefined && (await isSigned(stored))) {
      said.set(`${told.from}/${told.to}`, told)
    }
    // All of them are there; the next segment may be one that nobody can read.
    if (stored.seq >= to - 1) break
  }
  return [...said.values()]
}

/** What an entry says was erased of entries. */
function erasureIn({ bytes }: StoredEntry): RetentionDraft | undefined {
  if (!Buffer.from(bytes).includes(RETENTION)) return undefined
  const entry = decodeEntry(bytes)
  if (entry.kind !== 'retention' || entry.what !== 'entries') return undefined
  const { segment, from, to, what, digest } = entry
  return { kind: 'retention', segment, from, to, what, digest }
}

/**
 * The values that were kept beside an entry.
 *
 * @throws StorageError `audit-erased`, `audit-damaged`
 */
export async function keptValues(
  context: SegmentContext,
  firsts: readonly number[],
  seq: number,
): Promise<readonly Body[]> {
  const { directory, suite } = context
  const first = segmentOf(firsts, seq) ?? 0
  const { body } = await keysOf(context, first, seq)
  return readBodies({ path: bodiesPath(directory, first), suite, key: body }, seq)
}

/**
 * The salt of one value of an entry: 32 bytes, with which whoever has the value can prove it.
 *
 * @throws StorageError `audit-erased`
 */
export async function valueSalt(
  context: SegmentContext,
  firsts: readonly number[],
  place: ValuePlace,
): Promise<Uint8Array> {
  const { salt } = await keysOf(context, segmentOf(firsts, place.seq) ?? 0, place.seq)
  return saltOf(context.suite, salt, place)
}

async function keysOf(
  { suite, secrets }: SegmentContext,
  first: number,
  seq: number,
): Promise<SegmentKeys> {
  const secret = await secrets.read(first)
  if (secret === undefined) {
    throw new StorageError(
      'audit-erased',
      `what was kept beside entry ${seq} was erased, and the salts of its digests with it`,
    )
  }
  const keys = deriveSegmentKeys(suite, secret)
  secret.fill(0)
  return keys
}
