import { assertionKeys, type VerifiedLog } from '@warren/identity'
import type { HybridKeys } from '@warren/tlog'
import { equals } from 'uint8arrays/equals'

/** Every pair of keys with which the holder of a key log has signed checkpoints and cosignatures, oldest first. */
export function checkpointKeys(log: VerifiedLog): readonly HybridKeys[] {
  const pairs: HybridKeys[] = []
  for (const { state } of log.entries) {
    const keys = assertionKeys(state)
    for (const [index, ed25519] of keys.ed25519.entries()) {
      const mlDsa44 = keys.mlDsa44[index]
      const last = pairs.at(-1)
      if (mlDsa44 === undefined) continue
      const isKnown =
        last !== undefined && equals(last.ed25519, ed25519) && equals(last.mlDsa44, mlDsa44)
      if (!isKnown) pairs.push({ ed25519, mlDsa44 })
    }
  }
  return pairs
}
