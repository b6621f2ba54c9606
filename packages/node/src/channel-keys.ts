import { encodeMultikey } from '@warren/identity'
import type { Channel } from '@warren/network'

/** Those of a channel never change, and writing a key of ML-DSA in base58 costs more than judging by it. */
const KEYS = new WeakMap<Channel, readonly string[]>()

/** The two keys that the peer of a channel has proved to hold, as multikeys. */
export function channelKeys(channel: Channel): readonly string[] {
  const known = KEYS.get(channel)
  if (known !== undefined) return known
  const keys = [
    encodeMultikey({ type: 'ed25519', bytes: channel.ed25519Key }),
    encodeMultikey({ type: 'mldsa44', bytes: channel.mlDsa44Key }),
  ]
  KEYS.set(channel, keys)
  return keys
}
