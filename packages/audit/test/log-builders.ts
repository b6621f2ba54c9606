import { AuditLog, type Batch, type EntryDraft, originOf, type Stamp } from '@warren/audit'
import type { HybridKeys, HybridSigners, KnownSigner } from '@warren/tlog'
import { ASKED, AT_US, BOOT, CALL, DECIDED, finder, NODE, SALT_KEY, suite } from './builders.ts'

/** Signers whose keys are always the same. */
export function signers(seed: number): HybridSigners {
  return {
    ed25519: suite.ed25519.signer(new Uint8Array(32).fill(seed)),
    mlDsa44: suite.mlDsa44.signer(new Uint8Array(32).fill(seed + 1)),
  }
}

export function keysOf({ ed25519, mlDsa44 }: HybridSigners): HybridKeys {
  return { ed25519: ed25519.publicKey, mlDsa44: mlDsa44.publicKey }
}

export const SIGNERS: HybridSigners = signers(1)
/** The pair to which the node rotates. */
export const NEXT_SIGNERS: HybridSigners = signers(11)
export const STRANGER: HybridSigners = signers(21)
export const ORIGIN: string = originOf(NODE)
export const LOG: KnownSigner = { name: ORIGIN, keys: [keysOf(SIGNERS), keysOf(NEXT_SIGNERS)] }

export function emptyLog(by: HybridSigners = SIGNERS): AuditLog {
  return AuditLog.empty({ suite, node: NODE, signers: by, secrets: finder })
}

export function stamp(seconds = 0, changes: Partial<Stamp> = {}): Stamp {
  return {
    boot: BOOT,
    wallUs: AT_US + seconds * 1_000_000,
    monoUs: seconds * 1_000_000,
    ...changes,
  }
}

export function batchOf(log: AuditLog, drafts: readonly EntryDraft[], at: Stamp = stamp()): Batch {
  return log.batch({ drafts, stamp: at, saltKey: SALT_KEY })
}

export const START: EntryDraft = { kind: 'start', version: '1.0.0', mesh: 'zQmMesh', size: 0 }

export function callId(number: number): string {
  return number.toString(16).padStart(32, '0')
}

export function decisionDraft(
  changes: Partial<Extract<EntryDraft, { kind: 'decision' }>> = {},
): EntryDraft {
  return { ...DECIDED, args: { keep: 'hash', value: { bar: 3 } }, ...changes }
}

export function resultDraft(
  changes: Partial<Extract<EntryDraft, { kind: 'result' }>> = {},
): EntryDraft {
  return {
    kind: 'result',
    call: CALL,
    decision: 0,
    outcome: 'answered',
    bytes: 99,
    durationUs: 1_500,
    result: { keep: 'hash', value: { text: '4.2 bar' } },
    ...changes,
  }
}

export function requestDraft(
  changes: Partial<Extract<EntryDraft, { kind: 'request' }>> = {},
): EntryDraft {
  return { ...ASKED, args: { keep: 'hash', value: { bar: 3 } }, ...changes }
}

export function responseDraft(
  changes: Partial<Extract<EntryDraft, { kind: 'response' }>> = {},
): EntryDraft {
  return {
    kind: 'response',
    call: CALL,
    request: 0,
    outcome: 'answered',
    bytes: 99,
    durationUs: 1_500,
    result: { keep: 'hash', value: { text: '4.2 bar' } },
    ...changes,
  }
}
