import { HandshakeError, prologue } from '@warren/handshake'
import { fromString } from 'uint8arrays/from-string'
import { expect, test } from 'vitest'

test(
  'a prologue is its label, the mesh and every encrypter, each behind its length',
  {
    tags: ['HS-3'],
  },
  () => {
    expect(prologue({ meshId: 'zQ', encrypters: ['/a', '/bc'] })).toEqual(
      fromString('0000000877617272656e2f31000000027a51000000022f61000000032f6263', 'hex'),
    )
  },
)

test(
  'a prologue has 1 to 8 encrypters, and texts of 1 to 256 characters',
  {
    tags: ['HS-3'],
  },
  () => {
    const longest = 'x'.repeat(256)
    const most = Array.from({ length: 8 }, () => longest)
    expect(prologue({ meshId: longest, encrypters: most })).toHaveLength(4 + 8 + 9 * (4 + 256))
    for (const input of [
      { meshId: '', encrypters: ['/a'] },
      { meshId: `${longest}x`, encrypters: ['/a'] },
      { meshId: 'z', encrypters: [] },
      { meshId: 'z', encrypters: [...most, '/a'] },
      { meshId: 'z', encrypters: ['/a', ''] },
      { meshId: 'z', encrypters: [`${longest}x`] },
    ]) {
      const attempt = (): unknown => prologue(input)
      expect(attempt).toThrow(HandshakeError)
      expect(attempt).toThrow(
        expect.objectContaining({ code: 'prologue-malformed', step: 'setup' }),
      )
    }
  },
)
