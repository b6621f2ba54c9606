import { NetworkError } from '@warren/network'
import { expect, test } from 'vitest'
import { labNode, nextEvent, soon } from './lab.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

test(
  'a stranger asks once and is answered, bound to the channel',
  { tags: ['NET-8'] },
  async () => {
    const seen: string[] = []
    const inviter = await labNode({
      join: {
        answer: async (request, channel) => {
          seen.push(Buffer.from(channel.handshakeHash).toString('hex'))
          return Buffer.from(`welcome, ${text(request)}`)
        },
      },
    })
    const joiner = await labNode({ listen: [] })
    const request = (channel: { handshakeHash: Uint8Array }): Uint8Array => {
      seen.push(Buffer.from(channel.handshakeHash).toString('hex'))
      return Buffer.from('third machine')
    }
    const answer = await joiner.network.join(inviter.address, request, soon())
    expect(text(answer)).toBe('welcome, third machine')
    expect(new Set(seen).size).toBe(1)
    expect(inviter.network.peers()).toEqual([])
  },
)

test('a refused request tells the code', { tags: ['NET-8'] }, async () => {
  const answer = async (): Promise<never> => {
    throw new NetworkError('message-malformed', 'a secret sentence')
  }
  const inviter = await labNode({ join: { answer } })
  const joiner = await labNode({ listen: [] })
  const refused = nextEvent(inviter.network, 'refused')
  await expect(
    joiner.network.join(inviter.address, () => new Uint8Array(1), soon()),
  ).rejects.toMatchObject({ code: 'admission-refused-by-peer', peerCode: 'message-malformed' })
  expect(await refused).toMatchObject({ by: 'us', code: 'message-malformed' })
})

test('a node that makes no members takes no requests', { tags: ['NET-8'] }, async () => {
  const member = await labNode()
  const joiner = await labNode({ listen: [] })
  await expect(
    joiner.network.join(member.address, () => new Uint8Array(1), soon()),
  ).rejects.toMatchObject({ code: 'join-unavailable' })
})

test.for([
  { bytes: 1_000, answered: true },
  { bytes: 1_001, answered: false },
])(
  'a request of $bytes bytes is answered: $answered',
  { tags: ['NET-8'] },
  async ({ bytes, answered }) => {
    const inviter = await labNode({
      limits: { joinRequestBytesMax: 1_000 },
      join: { answer: async () => new Uint8Array(1) },
    })
    const joiner = await labNode({ listen: [] })
    const outcome = await joiner.network
      .join(inviter.address, () => new Uint8Array(bytes), soon())
      .then(() => true)
      .catch(() => false)
    expect(outcome).toBe(answered)
  },
)
