import type { CallStream } from '@warren/network'
import { describe, expect, test } from 'vitest'
import { streamCounts } from '../src/call-allowances.ts'
import { MemberAllowance } from '../src/member-allowance.ts'
import { NETWORK_LIMITS } from '../src/network-limits.ts'
import { connectedPair, echoCalls, labNode, type LabNode, soon, until } from './lab.ts'

describe('places for each member and in all', { tags: ['NET-27', 'THR-21'] }, () => {
  test('are given to the last one and not to one more', () => {
    const places = new MemberAllowance({ perMemberMax: 2, max: 3 })
    const free = places.take('a')
    expect(places.take('a')).toBeDefined()
    expect(places.take('a')).toBeUndefined()
    expect(places.take('b')).toBeDefined()
    expect(places.take('b')).toBeUndefined()
    free?.()
    expect(places.take('b')).toBeDefined()
  })

  test('are freed once, however often that is said', () => {
    const places = new MemberAllowance({ perMemberMax: 2, max: 2 })
    const free = places.take('a')
    expect(places.take('a')).toBeDefined()
    free?.()
    free?.()
    expect(places.take('a')).toBeDefined()
    expect(places.take('a')).toBeUndefined()
  })
})

test('every call that is allowed has a stream to run on', { tags: ['NET-27', 'THR-21'] }, () => {
  const { preparedInboundMax, preparedMax } = NETWORK_LIMITS
  for (const calls of [1, 256, 10_000]) {
    const { inboundMax, outboundMax } = streamCounts({
      ...NETWORK_LIMITS,
      callsInboundMax: 10_000,
      callsInboundPerMemberMax: calls,
      callsOutboundMax: 10_000,
      callsOutboundPerMemberMax: calls,
    })
    expect(inboundMax).toBeGreaterThan(calls + preparedInboundMax)
    expect(outboundMax).toBeGreaterThan(calls + 2 * preparedMax)
  }
})

/** Opens a call and makes sure that the other side serves it. */
async function served(from: LabNode, to: LabNode): Promise<CallStream> {
  const call = await from.network.openCall(to.did, soon())
  await call.write(Buffer.from('x'))
  await call.bytes[Symbol.asyncIterator]().next()
  return call
}

describe('calls at one time', { tags: ['NET-27', 'THR-21'] }, () => {
  test('of one member are bounded over all of its connections', async () => {
    const did = 'did:test:two-keys'
    const here = await labNode({ limits: { callsInboundPerMemberMax: 2 } })
    const [first, second, other] = await Promise.all([
      labNode({ name: did }),
      labNode({ name: did }),
      labNode(),
    ])
    echoCalls(here)
    for (const node of [first, second, other]) await node.network.dial(here.address, soon())
    const one = await served(first, here)
    await served(second, here)
    await expect(served(first, here)).rejects.toMatchObject({ peerCode: 'calls-exhausted' })
    await expect(served(second, here)).rejects.toMatchObject({ peerCode: 'calls-exhausted' })
    await served(other, here)
    one.abort(new Error('not wanted any more'))
    await until(() => one.signal.aborted)
    await servedSoon(second, here)
  })

  test('of all members are bounded together', async () => {
    const here = await labNode({ limits: { callsInboundMax: 2 } })
    const [first, second] = await Promise.all([labNode(), labNode()])
    echoCalls(here)
    for (const node of [first, second]) await node.network.dial(here.address, soon())
    const one = await served(first, here)
    await served(first, here)
    await expect(served(second, here)).rejects.toMatchObject({ peerCode: 'calls-exhausted' })
    one.abort(new Error('not wanted any more'))
    await servedSoon(second, here)
  })

  test.for([
    { name: 'to one member', limits: { callsOutboundPerMemberMax: 2 } },
    { name: 'to all members', limits: { callsOutboundMax: 2 } },
  ])('of this node $name are bounded', async ({ limits }) => {
    const { near, far } = await connectedPair({ limits })
    echoCalls(far)
    const one = await served(near, far)
    await served(near, far)
    await expect(served(near, far)).rejects.toMatchObject({ code: 'calls-exhausted' })
    one.abort(new Error('not wanted any more'))
    await served(near, far)
  })
})

/** The other side hears of an abort a moment later. */
async function servedSoon(from: LabNode, to: LabNode): Promise<void> {
  let call: CallStream | undefined
  let isTrying = false
  const attempt = async (): Promise<void> => {
    isTrying = true
    call = await served(from, to).catch(() => undefined)
    isTrying = false
  }
  await until(() => {
    if (call === undefined && !isTrying) void attempt()
    return call !== undefined
  })
}
