import { AuditLog, type EntryDraft, originOf, type SecretFinder, type Stamp } from '@warren/audit'
import { nodeSuite } from '@warren/crypto'
import { parseDid } from '@warren/identity'
import type { HybridSigners, KnownSigner } from '@warren/tlog'
import { AuditStore, type AuditStoreInit } from '@warren/storage'

export const suite: typeof nodeSuite = nodeSuite
const NODE = parseDid(`did:webvh:Qm${'a'.repeat(44)}:warren.internal`)
const CALLER = parseDid(`did:webvh:Qm${'b'.repeat(44)}:warren.internal`)
const START_US = 1_795_825_211_123_456
const DIGEST = 'A'.repeat(43)

export const SIGNERS: HybridSigners = {
  ed25519: suite.ed25519.signer(new Uint8Array(32).fill(1)),
  mlDsa44: suite.mlDsa44.signer(new Uint8Array(32).fill(2)),
}
export const LOG: KnownSigner = {
  name: originOf(NODE),
  keys: [{ ed25519: SIGNERS.ed25519.publicKey, mlDsa44: SIGNERS.mlDsa44.publicKey }],
}

const finder: SecretFinder = { findSecrets: () => [], isSecretName: (name) => name === 'password' }

export interface NodeClock {
  /** Microseconds since the start of the test. */
  us: number
}

/** The audit log of one node, whose clock the test moves. */
export function auditInit(
  directory: string,
  changes: Partial<AuditStoreInit> & { readonly at?: NodeClock } = {},
): AuditStoreInit {
  const { at = { us: 0 }, ...rest } = changes
  const log = { suite, node: NODE, signers: SIGNERS, secrets: finder }
  return {
    directory,
    suite,
    secret: new Uint8Array(32).fill(3),
    clock: { wallMs: () => 0, monotonicMs: () => performance.now() },
    stamp: (): Stamp => ({
      boot: '0123456789abcdef'.repeat(2),
      wallUs: START_US + at.us,
      monoUs: at.us,
    }),
    openLog: ({ frontier, end }) =>
      end === undefined
        ? AuditLog.empty(log)
        : AuditLog.resume(log, { frontier, ...end, keys: LOG.keys }),
    ...rest,
    limits: { allocateBytes: 65_536, reserveBytes: 32_768, retryMs: 1, ...rest.limits },
  }
}

export async function openAudit(
  directory: string,
  changes: Partial<AuditStoreInit> & { readonly at?: NodeClock } = {},
): Promise<AuditStore> {
  return AuditStore.open(auditInit(directory, changes))
}

export function alert(sentence: string): EntryDraft {
  return { kind: 'alert', code: 'test', severity: 'info', sentence }
}

export function decision(
  changes: Partial<Extract<EntryDraft, { kind: 'decision' }>> = {},
): EntryDraft {
  return {
    kind: 'decision',
    call: 'c0'.repeat(16),
    caller: CALLER,
    roles: ['operator'],
    enclave: 'plant-a',
    server: 'pump',
    tool: 'read_pressure',
    method: 'tools/call',
    rpcId: 7,
    allowed: true,
    rule: 'operators-read',
    policy: DIGEST,
    args: { keep: 'hash', value: { bar: 3 } },
    bytes: 321,
    ...changes,
  }
}

export function request(
  changes: Partial<Extract<EntryDraft, { kind: 'request' }>> = {},
): EntryDraft {
  return {
    kind: 'request',
    call: 'c1'.repeat(16),
    door: 'stdio',
    provider: CALLER,
    server: 'pump',
    tool: 'read_pressure',
    method: 'tools/call',
    rpcId: 7,
    sent: true,
    args: { keep: 'hash', value: { bar: 3 } },
    bytes: 321,
    ...changes,
  }
}
