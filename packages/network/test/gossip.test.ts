import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type LabNode, type LabNodeOptions, labNode, nextEvent, soon, until } from './lab.ts'

/** Nodes that are connected one to the next and to nobody else. */
async function line(names: number, options: LabNodeOptions = {}): Promise<readonly LabNode[]> {
  const nodes = await Promise.all(Array.from({ length: names }, async () => labNode(options)))
  for (const [index, node] of nodes.entries()) {
    const next = nodes[index + 1]
    if (next !== undefined) await node.network.dial(next.address, soon())
  }
  return nodes
}

/** Collects what a node hears, and judges it. */
function hears(node: LabNode, judge: (text: string) => 'accept' | 'ignore' | 'reject'): string[] {
  const heard: string[] = []
  node.network.onGossip(async (bytes) => {
    const text = Buffer.from(bytes).toString()
    heard.push(text)
    return judge(text)
  })
  return heard
}

/** Publishes until somebody is reached: subscriptions are told some moments after admission. */
async function say(node: LabNode, text: string): Promise<void> {
  const giveUp = soon()
  while ((await node.network.publish(Buffer.from(text))) === 0) {
    giveUp.throwIfAborted()
    await delay(5)
  }
}

test('what is said reaches members that only others reach', { tags: ['NET-23'] }, async () => {
  const [first, middle, last] = await line(3)
  if (first === undefined || middle === undefined || last === undefined) throw new Error('three')
  hears(middle, () => 'accept')
  const heard = hears(last, () => 'accept')
  const own = hears(first, () => 'accept')
  await until(() => {
    void first.network.publish(Buffer.from(`try ${heard.length}`))
    return heard.length > 0
  })
  expect(heard[0]).toBe('try 0')
  expect(own).toEqual([])
})

test.for(['ignore', 'reject', 'throw'] as const)(
  'what is not accepted is not passed on: %s',
  { tags: ['NET-23'] },
  async (how) => {
    const [first, middle, last] = await line(3, { limits: { gossipRejectionsMax: 1_000 } })
    if (first === undefined || middle === undefined || last === undefined) throw new Error('three')
    const heard = hears(last, () => 'accept')
    const passing = hears(middle, () => 'accept')
    await until(() => {
      void first.network.publish(Buffer.from('the way is open'))
      void middle.network.publish(Buffer.from('this one too'))
      return passing.length > 0 && heard.length > 0
    })
    hears(middle, (text) => {
      if (!text.startsWith('bad')) return 'accept'
      if (how === 'throw') throw new Error('cannot judge')
      return how
    })
    await say(first, 'bad news')
    await say(first, 'good news')
    await until(() => heard.includes('good news'))
    expect(heard).not.toContain('bad news')
  },
)

test('where nobody judges, nothing is passed on', { tags: ['NET-23'] }, async () => {
  const [first, silent, last] = await line(3)
  if (first === undefined || silent === undefined || last === undefined) throw new Error('three')
  const heard = hears(last, () => 'accept')
  await until(() => {
    void silent.network.publish(Buffer.from('the way is open'))
    return heard.length > 0
  })
  await say(first, 'from the first')
  await say(silent, 'from the silent one, later')
  await until(() => heard.includes('from the silent one, later'))
  expect(heard).not.toContain('from the first')
})

test.for([
  { rejectionsMax: 3, messages: 2, cut: false },
  { rejectionsMax: 3, messages: 3, cut: true },
])(
  'of a peer, $messages rejected messages are borne where $rejectionsMax are too many',
  { tags: ['NET-23'] },
  async ({ rejectionsMax, messages, cut }) => {
    const [liar, victim] = await line(2, { limits: { gossipRejectionsMax: rejectionsMax } })
    if (liar === undefined || victim === undefined) throw new Error('two')
    const heard = hears(victim, () => 'reject')
    const lost = nextEvent(victim.network, 'lost')
    for (let index = 0; index < messages; index += 1) {
      await say(liar, `lie ${index}`)
      await until(() => heard.includes(`lie ${index}`))
    }
    if (cut) expect(await lost).toMatchObject({ did: liar.did, code: 'gossip-rejected' })
    else expect(victim.network.peers()).toHaveLength(1)
  },
)

test.for([
  { length: 65_536, refused: false },
  { length: 65_537, refused: true },
])('a message of $length bytes is refused: $refused', { tags: ['NET-24'] }, async (message) => {
  const [first, second] = await line(2)
  if (first === undefined || second === undefined) throw new Error('two')
  const heard = hears(second, () => 'accept')
  await say(first, 'the way is open')
  const sent = first.network.publish(new Uint8Array(message.length))
  if (message.refused) {
    await expect(sent).rejects.toMatchObject({ code: 'message-too-long' })
  } else {
    expect(await sent).toBe(1)
    await until(() => heard.some((text) => text.length === message.length))
  }
})

test('a message beyond our limit is rejected where it comes in', { tags: ['NET-24'] }, async () => {
  const limits = { gossipRejectionsMax: 1 }
  const [loud, strict] = await Promise.all([
    labNode({ limits }),
    labNode({ limits: { ...limits, gossipBytesMax: 100 } }),
  ])
  await loud.network.dial(strict.address, soon())
  const heard = hears(strict, () => 'accept')
  await say(loud, 'x'.repeat(100))
  await until(() => heard.length > 0)
  const lost = nextEvent(strict.network, 'lost')
  await say(loud, 'x'.repeat(101))
  expect(await lost).toMatchObject({ code: 'gossip-rejected' })
  expect(heard).toEqual(['x'.repeat(100)])
})
