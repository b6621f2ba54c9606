import { nodeSuite as suite } from '@warren/crypto'
import { formatTimestamp } from '@warren/identity'
import { STAPLE_LENGTH_MAX, verifyStaple } from '@warren/membership'
import { readSharedFile, writeSharedFile } from '@warren/storage'
import { systemClock } from '../system-clock.ts'

/** What a staple in a file says, once it is verified. */
export type StapleView = {
  readonly mesh: string
  /** What people call the mesh. */
  readonly meshName: string
  readonly did: string
  /** What people call the member; null where it has no name. */
  readonly name: string | null
  readonly gen: number
  readonly enclave: string
  readonly roles: readonly string[]
  /** At admission: of later ones a staple says nothing. */
  readonly keys: readonly string[]
  readonly peerIds: readonly string[]
  /** When the membership ends. */
  readonly until: string
  /** A member then. */
  readonly asOf: string
  /** Null where it was not asked how old it is. */
  readonly ageSeconds: number | null
  /** Who says so, and when. */
  readonly witnesses: readonly { readonly did: string; readonly time: string }[]
}

export interface StapleFileQuestion {
  readonly file: string
  readonly meshId: string
  /** By the wall clock of this machine; without it nothing is said of the age. */
  readonly maxAgeMs?: number | undefined
}

/**
 * Verifies a staple in a file, on any machine: no node and no network is needed.
 *
 * @throws StorageError; MembershipError as `verifyStaple`
 */
export async function viewStapleFile({
  file,
  meshId,
  maxAgeMs,
}: StapleFileQuestion): Promise<StapleView> {
  const text = await readSharedFile(file, STAPLE_LENGTH_MAX)
  const clock = maxAgeMs === undefined ? undefined : { nowMs: systemClock.wallMs(), maxAgeMs }
  const { meshName, membership, asOfMs, ageMs, words } = verifyStaple({
    suite,
    meshId,
    text,
    clock,
  })
  const { did, name = null, gen, enclave, roles, keys, peerIds, notAfterMs } = membership
  return {
    mesh: meshId,
    meshName,
    did,
    name,
    gen,
    enclave,
    roles,
    keys,
    peerIds,
    until: formatTimestamp(notAfterMs),
    asOf: formatTimestamp(asOfMs),
    ageSeconds: ageMs === undefined ? null : Math.floor(ageMs / 1_000),
    witnesses: words.map(({ witness, timeMs }) => ({
      did: witness,
      time: formatTimestamp(timeMs),
    })),
  }
}

/**
 * Writes a staple to a new file.
 *
 * @throws StorageError
 */
export async function writeStapleFile(path: string, text: string): Promise<void> {
  await writeSharedFile({ path, text, replace: false })
}
