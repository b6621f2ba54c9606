import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { freshIdentity, labNode, type LabNode, soon, until } from './lab.ts'
import { relay } from './relay.ts'

/** A node tells its peers once more what it speaks about a second after its start, which mends for once what is tested here. */
const RETOLD_AFTER_MS = 2_500

interface Voice {
  readonly node: LabNode
  readonly heard: string[]
}

function voice(node: LabNode): Voice {
  const heard: string[] = []
  node.network.onGossip(async (bytes) => {
    heard.push(Buffer.from(bytes).toString())
    return 'accept'
  })
  return { node, heard }
}

/** Says something until the other hears it: subscriptions are told some moments after admission. */
async function reaches(from: Voice, to: Voice, text: string): Promise<void> {
  let said = 0
  await until(() => {
    said += 1
    void from.node.network.publish(Buffer.from(`${text}, said ${said} times`))
    return to.heard.some((heard) => heard.startsWith(text))
  })
}

async function reachEachOther(one: Voice, other: Voice, when: string): Promise<void> {
  await reaches(one, other, `${when}, there`)
  await reaches(other, one, `${when}, and back`)
}

test(
  'a node that restarts at once under the same keys gossips again, as often as it does',
  { tags: ['NET-34'] },
  async () => {
    const identity = freshIdentity()
    const stays = voice(await labNode())
    for (const when of ['first', 'second', 'third']) {
      const comes = voice(await labNode({ identity }))
      await comes.node.network.dial(stays.node.address, soon())
      await reachEachOther(comes, stays, when)
      await comes.node.network.stop()
    }
    expect(stays.heard.length).toBeGreaterThanOrEqual(3)
  },
)

test(
  'a node that restarts while its old connection still looks alive gossips again',
  { tags: ['NET-34'], timeout: 20_000 },
  async () => {
    const identity = freshIdentity()
    const limits = { duplicateGraceMs: 20, closeTimeoutMs: 50 }
    const stays = voice(await labNode({ limits }))
    const first = voice(await labNode({ identity }))
    const toStays = await relay(stays.node.address)
    await first.node.network.dial(toStays.address, soon())
    await reachEachOther(first, stays, 'before')
    const second = voice(await labNode({ identity }))
    await delay(RETOLD_AFTER_MS)
    toStays.hang()
    await first.node.network.stop()
    await second.node.network.dial(stays.node.address, soon())
    await reachEachOther(second, stays, 'after')
    await until(() => toStays.openSockets() === 0)
    await reachEachOther(second, stays, 'when the old one has ended')
    expect(stays.node.network.peers()).toHaveLength(1)
  },
)

test(
  'two nodes whose connection is replaced by another gossip on that one',
  { tags: ['NET-34', 'NET-9'], timeout: 20_000 },
  async () => {
    const limits = { simultaneousDialMs: 0, duplicateGraceMs: 20 }
    const near = voice(await labNode({ limits }))
    const far = voice(await labNode({ limits }))
    const [toNear, toFar] = await Promise.all([relay(near.node.address), relay(far.node.address)])
    await near.node.network.dial(toFar.address, soon())
    await reachEachOther(near, far, 'before')
    await delay(RETOLD_AFTER_MS)
    await far.node.network.dial(`${toNear.address.split('/p2p/')[0]}`, soon())
    await reachEachOther(near, far, 'after')
    await until(() => toFar.openSockets() === 0)
    await reachEachOther(near, far, 'when the old one has ended')
    expect(toNear.openSockets()).toBe(1)
  },
)
