import { expect, test } from 'vitest'
import { labNode } from './lab.ts'

test('a port that is in use is named', { tags: ['CLI-2'] }, async () => {
  const { address } = await labNode()
  const [taken = ''] = /^\/ip4\/127\.0\.0\.1\/tcp\/\d+/.exec(address) ?? []
  await expect(labNode({ listen: [taken] })).rejects.toMatchObject({
    code: 'port-taken',
    message: expect.stringContaining(`address already in use 127.0.0.1:${taken.split('/').at(-1)}`),
  })
})

test('an address that this machine does not have is named', { tags: ['CLI-2'] }, async () => {
  // RFC 5737: no machine has it.
  await expect(labNode({ listen: ['/ip4/203.0.113.1/tcp/0'] })).rejects.toMatchObject({
    code: 'network-not-running',
    message: expect.stringContaining('address not available 203.0.113.1'),
  })
})
