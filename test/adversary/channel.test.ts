import { createConnection } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { collect, type LabNode, labNode, soon, until } from '../../packages/network/test/lab.ts'
import { type Relay, relay, type Tamper } from '../../packages/network/test/relay.ts'

const MULTISTREAM_LINE = line('/multistream/1.0.0')
const ENCRYPTER_LINE = line('/warren/noise-mlkem768-hfs/1')
const TOOL = 'reset_the_centrifuge'
const PAYLOAD = 'the recipe is a secret of this plant'

function line(text: string): string {
  return `${String.fromCharCode(text.length + 1)}${text}\n`
}

async function victims(tamper?: Tamper): Promise<{ near: LabNode; far: LabNode; middle: Relay }> {
  const [near, far] = await Promise.all([labNode(), labNode()])
  const middle = await relay(far.address, tamper)
  return { near, far, middle }
}

/** Dials through the attacker; the connection must end and nobody may be admitted. */
async function expectNoChannel(tamper: Tamper): Promise<void> {
  const { near, far, middle } = await victims(tamper)
  await expect(near.network.dial(middle.address, soon())).rejects.toMatchObject({
    code: expect.stringMatching(/^(?:channel-refused|peer-unreachable|peer-lost)$/),
  })
  expect(near.network.peers()).toEqual([])
  expect(far.network.peers()).toEqual([])
  await until(() => middle.openSockets() === 0)
}

/** Replaces text in what goes one way, wherever it stands. */
function replacing(way: 'forth' | 'back', from: string, to: string): Tamper {
  return (bytes, direction) =>
    direction === way ? Buffer.from(bytes.toString('latin1').replaceAll(from, to), 'latin1') : bytes
}

/** Flips one bit at a position in the whole of what goes one way. */
function flipping(way: 'forth' | 'back', position: number): Tamper {
  let seen = 0
  return (bytes, direction) => {
    if (direction !== way) return bytes
    const index = position - seen
    seen += bytes.length
    const byte = bytes[index]
    if (byte === undefined) return bytes
    const changed = Buffer.from(bytes)
    changed[index] = byte ^ 1
    return changed
  }
}

describe('an attacker who rewrites the offer', () => {
  test.for([
    { name: 'offers plain noise instead', way: 'forth', to: line('/noise') },
    { name: 'offers tls instead', way: 'forth', to: line('/tls/1.0.0') },
    { name: 'offers an older handshake', way: 'forth', to: line('/warren/noise-mlkem768-hfs/0') },
    { name: 'strips the offer', way: 'forth', to: '' },
    { name: 'answers that it is not available', way: 'back', to: line('na') },
    { name: 'answers with plain noise', way: 'back', to: line('/noise') },
  ] as const)('$name: the connection ends', { tags: ['NET-3', 'THR-2'] }, async ({ way, to }) => {
    await expectNoChannel(replacing(way, ENCRYPTER_LINE, to))
  })

  test(
    'offers plain noise and hides the refusal: the connection ends',
    { tags: ['NET-3'] },
    async () => {
      const forth = replacing('forth', ENCRYPTER_LINE, line('/noise'))
      const back = replacing('back', line('na'), ENCRYPTER_LINE)
      await expectNoChannel((bytes, direction) => back(forth(bytes, direction), direction))
    },
  )
})

describe('an attacker who changes one bit', () => {
  const negotiated = MULTISTREAM_LINE.length + ENCRYPTER_LINE.length
  test.for([
    { where: 'the X25519 key of A', way: 'forth', position: negotiated + 2 },
    { where: 'the ML-KEM key of A', way: 'forth', position: negotiated + 200 },
    { where: 'C', way: 'forth', position: negotiated + 1_218 + 100 },
    { where: 'the X25519 key of B', way: 'back', position: negotiated + 10 },
    { where: 'the KEM ciphertext of B', way: 'back', position: negotiated + 500 },
    { where: 'the payload of B', way: 'back', position: negotiated + 2_000 },
  ] as const)(
    'in $where gets no channel',
    { tags: ['NET-3', 'THR-3'] },
    async ({ way, position }) => {
      await expectNoChannel(flipping(way, position))
    },
  )

  test(
    'in the middle of a call ends the call and the connection',
    { tags: ['NET-3', 'NET-15', 'THR-4'] },
    async () => {
      let isFlipping = false
      const { near, far, middle } = await victims((bytes, direction) => {
        if (!isFlipping || direction === 'forth') return bytes
        const changed = Buffer.from(bytes)
        changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
        return changed
      })
      await near.network.dial(middle.address, soon())
      far.network.onCall(async (stream) => {
        for await (const chunk of stream.bytes) await stream.write(chunk)
        await stream.end()
      })
      const call = await near.network.openCall(far.did, soon())
      isFlipping = true
      await call.write(Buffer.from(PAYLOAD))
      await call.end()
      await expect(collect(call.bytes)).rejects.toMatchObject({ name: 'NetworkError' })
      await until(() => middle.openSockets() === 0)
    },
  )
})

test('somebody else at the address that was dialled is refused', { tags: ['NET-3'] }, async () => {
  const [near, far, other] = await Promise.all([labNode(), labNode(), labNode()])
  const [, peerId = ''] = far.address.split('/p2p/')
  const [place = ''] = other.address.split('/p2p/')
  await expect(near.network.dial(`${place}/p2p/${peerId}`, soon())).rejects.toMatchObject({
    code: 'channel-refused',
  })
  expect(other.network.peers()).toEqual([])
})

test(
  'a recorded session that is played again admits nobody',
  { tags: ['NET-3', 'THR-3'] },
  async () => {
    const forth: Buffer[] = []
    const { near, far, middle } = await victims((bytes, direction) => {
      if (direction === 'forth') forth.push(Buffer.from(bytes))
      return bytes
    })
    await near.network.dial(middle.address, soon())
    await until(() => far.network.peers().length === 1)
    await near.network.stop()
    await until(() => far.network.peers().length === 0)
    const [, , host, , port] = far.address.split('/')
    const socket = createConnection(Number(port), host)
    onTestFinished(() => {
      socket.destroy()
    })
    const ended = new Promise<void>((resolve) => {
      socket.on('error', () => undefined)
      socket.on('close', () => resolve())
    })
    socket.resume()
    for (const bytes of forth) socket.write(bytes)
    await ended
    expect(far.network.peers()).toEqual([])
  },
)

test(
  'a wire-tap sees the first negotiation and nothing else',
  { tags: ['NET-4', 'THR-1'] },
  async () => {
    const sides = { forth: [] as Buffer[], back: [] as Buffer[] }
    const { near, far, middle } = await victims((bytes, direction) => {
      sides[direction].push(Buffer.from(bytes))
      return bytes
    })
    await near.network.dial(middle.address, soon())
    await until(() => near.network.dht().peers === 1 && far.network.dht().peers === 1)
    far.network.onCall(async (stream) => {
      for await (const chunk of stream.bytes) await stream.write(chunk)
      await stream.end()
    })
    const call = await near.network.openCall(far.did, soon())
    const request = JSON.stringify({ method: 'tools/call', params: { name: TOOL, text: PAYLOAD } })
    await call.write(Buffer.from(request))
    await call.end()
    expect(Buffer.from(await collect(call.bytes)).toString()).toBe(request)

    const visible = `${MULTISTREAM_LINE}${ENCRYPTER_LINE}`
    const secrets = [TOOL, PAYLOAD, 'tools/call', near.did, far.did, '/warren', '/multistream']
    const names = ['/yamux', 'kad', 'ping', 'admission', '"ok"', near.network.peerId]
    for (const side of [sides.forth, sides.back]) {
      const bytes = Buffer.concat(side)
      expect(bytes.length).toBeGreaterThan(3_000)
      expect(bytes.subarray(0, visible.length).toString('latin1')).toBe(visible)
      const rest = bytes.subarray(visible.length)
      for (const word of [...secrets, ...names]) {
        // Three letters may stand in random bytes by chance; whole names do not.
        if (word.length < 5) continue
        const found = [
          word,
          Buffer.from(word).toString('base64url'),
          Buffer.from(word).toString('hex'),
        ]
        expect(found.filter((text) => rest.includes(text))).toEqual([])
      }
    }
  },
)
