import type { Signer } from '@warren/crypto'
import {
  type Checkpoint,
  type HybridKeys,
  type HybridSigners,
  type KnownSigner,
  parseCheckpoint,
  signCheckpoint,
} from '@warren/tlog'
import { suite } from './trees.ts'

export const NOW_SECONDS = 1_795_824_000

/** Somebody who signs notes, always with the same keys for the same number. */
export interface TestSigner {
  readonly name: string
  readonly signers: HybridSigners & { readonly ed25519: Signer; readonly mlDsa44: Signer }
  readonly keys: HybridKeys
  readonly known: KnownSigner
}

export function signer(number: number, name: string = `warren.internal/${number}`): TestSigner {
  const seed = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
  const ed25519 = suite.ed25519.signer(seed(2 * number))
  const mlDsa44 = suite.mlDsa44.signer(seed(2 * number + 1))
  const keys = { ed25519: ed25519.publicKey, mlDsa44: mlDsa44.publicKey }
  return { name, signers: { ed25519, mlDsa44 }, keys, known: { name, keys: [keys] } }
}

/** A checkpoint of a log, signed by it. */
export function checkpointText(
  log: TestSigner,
  head: { readonly size: number; readonly root: Uint8Array; readonly timeSeconds?: number },
): string {
  const { size, root, timeSeconds = NOW_SECONDS } = head
  return signCheckpoint({ suite, origin: log.name, size, root, timeSeconds, signers: log.signers })
}

/** Puts other lines under a checkpoint. */
export function withLines(
  checkpoint: Checkpoint,
  change: (lines: Checkpoint['lines']) => Checkpoint['lines'],
): Checkpoint {
  return { ...checkpoint, lines: change(checkpoint.lines) }
}

/** Reads a checkpoint after a change of its text. */
export function reread(text: string, change: (text: string) => string): Checkpoint {
  return parseCheckpoint(change(text))
}
