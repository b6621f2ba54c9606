import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuditLog, decodeEntry, type Entry, originOf } from '@warren/audit'
import { nodeSuite as suite } from '@warren/crypto'
import { parseDid } from '@warren/identity'
import { findSecrets, isSecretName } from '@warren/sentinel'
import { AuditStore } from '@warren/storage'
import type { KnownSigner } from '@warren/tlog'
import { onTestFinished } from 'vitest'

export const NODE = parseDid(`did:webvh:Qm${'a'.repeat(44)}:warren.internal`)
const SEGMENT_BYTES_MAX = 1_048_576
const START_US = 1_795_825_211_123_456

const SIGNERS = {
  ed25519: suite.ed25519.signer(new Uint8Array(32).fill(1)),
  mlDsa44: suite.mlDsa44.signer(new Uint8Array(32).fill(2)),
}
const KEYS = [{ ed25519: SIGNERS.ed25519.publicKey, mlDsa44: SIGNERS.mlDsa44.publicKey }]
/** The node as a signer of its log. */
export const SIGNER: KnownSigner = { name: originOf(NODE), keys: KEYS }
/** When its clock stands, to the second. */
export const START_MS: number = Math.floor(START_US / 1_000_000) * 1_000

/** A directory for an audit log, which goes with the test. */
export function auditDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'warren-audit-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'audit')
}

/** A real audit log on the disk, of a node whose clock stands still. */
export async function openTestLog(
  directory: string,
  segmentBytesMax: number = SEGMENT_BYTES_MAX,
  meshMs: () => number | undefined = () => undefined,
): Promise<AuditStore> {
  const init = { suite, node: NODE, signers: SIGNERS, secrets: { findSecrets, isSecretName } }
  const store = await AuditStore.open({
    directory,
    suite,
    secret: new Uint8Array(32).fill(3),
    clock: { wallMs: () => 0, monotonicMs: () => performance.now() },
    stamp: () => {
      const ms = meshMs()
      const mesh = ms === undefined ? {} : { meshUs: 1000 * ms }
      return { boot: 'ab'.repeat(16), wallUs: START_US, monoUs: 0, ...mesh }
    },
    openLog: ({ frontier, end }) =>
      end === undefined
        ? AuditLog.empty(init)
        : AuditLog.resume(init, { frontier, ...end, keys: KEYS }),
    limits: { allocateBytes: 65_536, reserveBytes: 32_768, retryMs: 1, segmentBytesMax },
  })
  onTestFinished(async () => store.stop())
  return store
}

/** What is in a log now. */
export async function entriesOf(store: AuditStore): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  for await (const { bytes } of store.entries(0)) entries.push(decodeEntry(bytes))
  return entries
}
