import { concat } from 'uint8arrays/concat'
import type { Sha256 } from '../tree/node-hash.ts'
import { formatCheckpoint, formatHead, type TreeHead } from './checkpoint.ts'
import type { HybridSigners } from './hybrid-keys.ts'
import { requireName } from './note-text.ts'
import { formatSignatureLine, type SignatureLine } from './signature-line.ts'
import {
  keyIdOf,
  requireTime,
  SIGNATURE_TYPES,
  type SignatureType,
  uint64,
} from './signature-type.ts'

/** What a log signs. */
export interface SignCheckpointInput extends TreeHead {
  readonly suite: Sha256
  readonly timeSeconds: number
  readonly signers: HybridSigners
}

/** What a cosigner signs. */
export interface CosignInput extends SignCheckpointInput {
  /** The cosigner's. */
  readonly name: string
}

/**
 * The checkpoint of a log, signed by the log with both of its keys.
 *
 * A log must never sign two that contradict one another. The caller sees to it: the batch that this is the checkpoint of
 * is durable before anybody sees it, and no time is below that of the checkpoint before.
 *
 * @throws TlogError `name-malformed`, `size-malformed`, `hash-malformed`, `time-malformed`
 */
export function signCheckpoint(input: SignCheckpointInput): string {
  const statement = { ...input, name: input.origin }
  const { origin, size, root } = input
  const lines = [sign(statement, 'ed25519'), sign(statement, 'ml-dsa-44')]
  return formatCheckpoint({ origin, size, root, lines })
}

/**
 * The two lines by which a cosigner says that the log has only grown, and that this is the newest of it that it has seen.
 *
 * @throws TlogError `name-malformed`, `size-malformed`, `hash-malformed`, `time-malformed`
 */
export function cosign(input: CosignInput): string {
  const lines = [sign(input, 'ed25519-cosignature'), sign(input, 'ml-dsa-44')]
  return lines.map((line) => formatSignatureLine(line)).join('')
}

function sign(input: CosignInput, type: SignatureType): SignatureLine {
  requireName(input.name)
  requireTime(input.timeSeconds)
  // Refuses a head that no note could hold, whatever the type.
  formatHead(input)
  const { suite, name, timeSeconds } = input
  const { isTimed, message } = SIGNATURE_TYPES[type]
  const signer = type === 'ml-dsa-44' ? input.signers.mlDsa44 : input.signers.ed25519
  const keyId = keyIdOf(suite, { name, type, publicKey: signer.publicKey })
  const signature = signer.sign(message(input))
  return {
    name,
    keyId,
    signature: isTimed ? concat([uint64(timeSeconds), signature]) : signature,
  }
}
