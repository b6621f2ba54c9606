import { nodeSuite as suite } from '@warren/crypto'
import {
  combineRequests,
  completedRecords,
  decodeRequest,
  describe,
  encodeRequest,
  REQUEST_LENGTH_MAX,
  requestFingerprint,
  requestState,
  type SigningRequest,
  signRequest,
} from '@warren/membership'
import { readSharedFile, writeSharedFile } from '@warren/storage'
import { systemClock } from '../system-clock.ts'
import type { KeyPair } from './admin-keys.ts'

/** What a person has to know of a request before they sign it. */
export type RequestView = {
  readonly mesh: string
  /** What people call the mesh. */
  readonly meshName: string
  readonly fingerprint: string
  readonly records: readonly RecordView[]
  /** DIDs. */
  readonly signed: readonly string[]
  readonly missing: readonly string[]
  readonly needed: number
  readonly complete: boolean
}

/** One record of a request, in words. */
export type RecordView = {
  readonly id: string
  readonly type: string
  readonly words: readonly string[]
}

/**
 * Reads a request from its file, or from several copies that were signed apart.
 *
 * @throws StorageError, MembershipError as `decodeRequest`, and `request-mismatch`
 */
export async function readRequestFiles(paths: readonly string[]): Promise<SigningRequest> {
  const copies = await Promise.all(paths.map(readRequestFile))
  return copies.reduce((left, right) => combineRequests(suite, left, right))
}

async function readRequestFile(path: string): Promise<SigningRequest> {
  return decodeRequest(suite, await readSharedFile(path, REQUEST_LENGTH_MAX))
}

/** Writes a request to a file; over the one that it was read from only where the caller says so. */
export async function writeRequestFile(
  path: string,
  request: SigningRequest,
  { replace = false }: { readonly replace?: boolean } = {},
): Promise<void> {
  await writeSharedFile({ path, text: encodeRequest(request), replace })
}

/** What a request says and how far it is. */
export function viewRequest(request: SigningRequest): RequestView {
  const { signed, missing, needed, complete } = requestState(suite, request)
  const [first] = request.records
  const founding = first?.says.type === 'charter' ? first.says.name : ''
  return {
    mesh: request.meshId,
    meshName: request.set?.charter.name ?? founding,
    fingerprint: requestFingerprint(suite, request),
    records: request.records.map(({ id, says }) => ({
      id,
      type: says.type,
      words: describe(says, request.set),
    })),
    signed: signed.map(({ did }) => did),
    missing: missing.map(({ did }) => did),
    needed,
    complete,
  }
}

/**
 * Adds the signatures of one key file.
 *
 * @throws MembershipError `request-foreign`, `not-asked`, `signed-already`
 */
export function signWith(request: SigningRequest, pair: KeyPair, meshId?: string): SigningRequest {
  return signRequest({ suite, request, pair, meshId, nowMs: systemClock.wallMs() })
}

/**
 * The records of a complete request, as a node takes them up.
 *
 * @throws MembershipError `request-incomplete`
 */
export function recordsOf(request: SigningRequest): readonly string[] {
  return completedRecords(suite, request)
}
