import suite from '@libp2p/interface-compliance-tests/connection-encryption'
import type { StreamMuxerFactory } from '@libp2p/interface'
import { nodeSuite } from '@warren/crypto'
import { ChannelBindings, HybridEncrypter } from '@warren/network'
import { afterAll, beforeAll, describe, it } from 'vitest'

// The suite is written for another runner and takes its words from the global scope.
Object.assign(globalThis, { describe, it, before: beforeAll, after: afterAll })

describe('the hybrid encrypter', { tags: ['NET-3'] }, () => {
  suite({
    setup: async ({ privateKey } = raise()) =>
      new HybridEncrypter(
        { upgrader: { getStreamMuxers: () => new Map<string, StreamMuxerFactory>() } },
        {
          suite: nodeSuite,
          identity: {
            ed25519: nodeSuite.ed25519.signer(privateKey.raw.slice(0, 32)),
            mlDsa44: nodeSuite.mlDsa44.signer(),
          },
          meshId: 'zQmMesh',
          bindings: new ChannelBindings(),
        },
      ),
    teardown: async () => {},
  })
})

function raise(): never {
  throw new Error('the suite gives a private key')
}
