import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuditLog, type EntryDraft } from '@warren/audit'
import { nodeSuite as suite } from '@warren/crypto'
import { createIdentity, type Identity, noteIdentity, scidOf } from '@warren/identity'
import { findSecrets, isSecretName } from '@warren/sentinel'
import { AuditStore } from '@warren/storage'
import { addCosignature, cosign, formatPolicy, parseCheckpoint } from '@warren/tlog'
import { onTestFinished } from 'vitest'
import {
  type AuditVerdict,
  isClean,
  verifyAudit,
  type VerifyAuditInit,
} from '../../src/audit/offline/verify-audit.ts'

const NOW_MS = Date.UTC(2026, 10, 28)
/** When whoever verifies it does so. */
export const LATER_MS: number = NOW_MS + 1_000_000
/** About six batches of one alert each, since a checkpoint has two signatures. */
const SEGMENT_BYTES_MAX = 20_000

const NODE = identity(10)
const COSIGNER = identity(30)

function identity(seed: number): Identity {
  const bytes = (more: number): Uint8Array => new Uint8Array(32).fill(seed + more)
  const [node, assertion, mlDsa] = [bytes(0), bytes(1), bytes(2)]
  return createIdentity({
    suite,
    nowMs: NOW_MS,
    seeds: { node, assertion, mlDsa, nextUpdate: bytes(3) },
    firstUpdate: bytes(4),
  })
}

function signersOf({ assertionSigner, mlDsaSigner }: Identity): {
  readonly ed25519: Identity['assertionSigner']
  readonly mlDsa44: Identity['mlDsaSigner']
} {
  return { ed25519: assertionSigner, mlDsa44: mlDsaSigner }
}

/** A log in a directory, with segments of about six entries, that holds all that verifying it takes. */
export interface SignedLog {
  readonly directory: string
  readonly store: AuditStore
}

/** Makes the log of a node that has an identity; it goes with the test. */
export async function signedLog(): Promise<SignedLog> {
  const root = mkdtempSync(join(tmpdir(), 'warren-signed-log-'))
  const directory = join(root, 'audit')
  const init = {
    suite,
    node: NODE.did,
    signers: signersOf(NODE),
    secrets: { findSecrets, isSecretName },
  }
  const { keys } = noteIdentity(NODE.log)
  let us = 0
  const store = await AuditStore.open({
    directory,
    suite,
    secret: new Uint8Array(32).fill(3),
    clock: { wallMs: () => 0, monotonicMs: () => performance.now() },
    stamp: () => {
      us += 1_000_000
      return { boot: 'ab'.repeat(16), wallUs: NOW_MS * 1_000 + us, monoUs: us }
    },
    openLog: ({ frontier, end }) =>
      end === undefined ? AuditLog.empty(init) : AuditLog.resume(init, { frontier, ...end, keys }),
    limits: {
      allocateBytes: 65_536,
      reserveBytes: 32_768,
      retryMs: 1,
      segmentBytesMax: SEGMENT_BYTES_MAX,
    },
  })
  onTestFinished(async () => {
    await store.stop()
    rmSync(root, { recursive: true, force: true })
  })
  await store.copies.writeNodeLog(NODE.log.text)
  return { directory, store }
}

/** Appends so many alerts, one batch each. */
export async function grow({ store }: SignedLog, count: number, word = 'honest'): Promise<void> {
  for (let at = 0; at < count; at += 1) await store.append(alert(`${word} ${at}`))
}

function alert(sentence: string): EntryDraft {
  return { kind: 'alert', code: 'test', severity: 'info', sentence }
}

/** The newest checkpoint of a log as the cosigner cosigns it; a log to which it is added has its key log as well. */
export function cosignedHead({ store }: SignedLog): string {
  const checkpoint = parseCheckpoint(store.checkpoint ?? '')
  const cosigner = noteIdentity(COSIGNER.log)
  const signers = signersOf(COSIGNER)
  const { origin, size, root } = checkpoint
  const head = { origin, size, root, timeSeconds: NOW_MS / 1_000 }
  const lines = cosign({ suite, name: cosigner.name, signers, ...head })
  return addCosignature({ suite, checkpoint, log: noteIdentity(NODE.log), cosigner, lines })
}

/** Puts a checkpoint that was cosigned beside a log. */
export async function keepHead({ store }: SignedLog, note: string): Promise<void> {
  await store.copies.writeCosignerLog(scidOf(COSIGNER.did), COSIGNER.log.text)
  await store.cosigned.add(note, store.segments)
}

/** Whom somebody believes who verifies such a log without Warren: its node, and nobody else. */
export function policyText(): string {
  return formatPolicy(suite, { logs: [noteIdentity(NODE.log)], cosigners: [], quorum: 'none' })
}

/** The lines of one segment. */
export function linesOf({ directory }: SignedLog, first: number): readonly string[] {
  return readFileSync(segmentPath(directory, first), 'utf8')
    .replace(/\0+$/, '')
    .split('\n')
    .filter((line) => line !== '')
}

/** Puts other lines in the place of a segment, or where one was. */
export function replaceSegment(
  { directory }: SignedLog,
  first: number,
  lines: readonly string[],
): void {
  const path = segmentPath(directory, first)
  writeFileSync(path, '', { flag: 'a' })
  chmodSync(path, 0o600)
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''))
}

function segmentPath(directory: string, first: number): string {
  return join(directory, 'segments', `${String(first).padStart(12, '0')}.log`)
}

/** A copy of the directory, which goes with the test. */
export function copyOf({ directory }: SignedLog): string {
  const root = mkdtempSync(join(tmpdir(), 'warren-signed-copy-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  cpSync(directory, root, { recursive: true })
  return root
}

/** What verifying a log says, its findings but information as their codes. */
export async function verdictOn(
  { directory }: Pick<SignedLog, 'directory'>,
  init: Partial<VerifyAuditInit> = {},
): Promise<{
  readonly clean: boolean
  readonly codes: readonly string[]
  readonly verdict: AuditVerdict
}> {
  const verdict = await verifyAudit({ directory, nowMs: LATER_MS, ...init })
  const said = verdict.findings.filter(({ severity }) => severity !== 'info')
  return { clean: isClean(verdict), codes: said.map(({ code }) => code), verdict }
}
