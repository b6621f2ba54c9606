import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { codeOf, connectedPair, labNode, soon, until } from './lab.ts'
import { recordsDesk } from './records-desk.ts'

const bytesOf = (text: string): Uint8Array => Buffer.from(text)
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const echo = { answer: async (request: Uint8Array) => request }

test('a member is asked, and answers the one who asks', { tags: ['NET-38'] }, async () => {
  const answer = async (request: Uint8Array, did: string): Promise<Uint8Array> =>
    bytesOf(`${textOf(request)} of ${did}`)
  const { near, far } = await connectedPair({}, { audit: { answer } })
  for (const text of ['one', '', 'three']) {
    const answered = await near.network.askAudit(far.did, bytesOf(text), soon())
    expect(textOf(answered)).toBe(`${text} of ${near.did}`)
  }
})

test('who is not connected is not asked', { tags: ['NET-38'] }, async () => {
  const node = await labNode()
  const asked = node.network.askAudit('did:test:nobody', bytesOf('?'), soon())
  expect(await asked.catch(codeOf)).toBe('peer-unknown')
})

test.for([
  { offered: 'nothing is answered', audit: undefined },
  {
    offered: 'the answer fails',
    audit: { answer: () => Promise.reject(new Error('a secret sentence')) },
  },
  { offered: 'the answer is too long', audit: { answer: async () => new Uint8Array(1_001) } },
])('where $offered the stream is reset', { tags: ['NET-38', 'NET-37'] }, async ({ audit }) => {
  const limits = { auditAnswerBytesMax: 1_000 }
  const { near, far } = await connectedPair({}, { limits, ...(audit && { audit }) })
  const asked = near.network.askAudit(far.did, bytesOf('?'), soon())
  expect(await asked.catch(codeOf)).toBe('stream-reset')
  expect(near.network.peers()).toHaveLength(1)
})

test('nobody is asked on a connection that is not settled', { tags: ['NET-38'] }, async () => {
  const [nearDesk, farDesk] = [recordsDesk(), recordsDesk()]
  const heard: string[] = []
  const answer = async (request: Uint8Array): Promise<Uint8Array> => {
    heard.push(textOf(request))
    return request
  }
  const far = await labNode({ records: farDesk, audit: { answer } })
  const near = await labNode({ records: nearDesk })
  const dialling = near.network.dial(far.address, soon())
  await until(() => nearDesk.links.length === 1 && farDesk.links.length === 1)
  const early = near.network.askAudit(far.did, bytesOf('early'), soon())
  expect(await early.catch(codeOf)).toBe('peer-unknown')
  nearDesk.links[0]?.settle()
  await dialling
  const asked = near.network.askAudit(far.did, bytesOf('one-sided'), soon())
  await delay(50)
  expect(heard).toEqual([])
  farDesk.links[0]?.settle()
  expect(textOf(await asked)).toBe('one-sided')
})

test.for([
  { bytes: 1_000, outcome: 'answered' },
  { bytes: 1_001, outcome: 'stream-reset' },
])('a question of $bytes bytes is $outcome', { tags: ['NET-37'] }, async ({ bytes, outcome }) => {
  const { near, far } = await connectedPair(
    {},
    { audit: echo, limits: { auditRequestBytesMax: 1_000 } },
  )
  const asked = near.network.askAudit(far.did, new Uint8Array(bytes), soon())
  expect(await asked.then(() => 'answered', codeOf)).toBe(outcome)
})

test.for([
  { bytes: 1_000, outcome: 'answered' },
  { bytes: 1_001, outcome: 'message-too-long' },
])('an answer of $bytes bytes is $outcome', { tags: ['NET-37'] }, async ({ bytes, outcome }) => {
  const audit = { answer: async () => new Uint8Array(bytes) }
  const { near, far } = await connectedPair({ limits: { auditAnswerBytesMax: 1_000 } }, { audit })
  const asked = near.network.askAudit(far.did, bytesOf('?'), soon())
  expect(await asked.then(() => 'answered', codeOf)).toBe(outcome)
})

test('a question that is too long is not sent', { tags: ['NET-37'] }, async () => {
  const limits = { auditRequestBytesMax: 1_000 }
  const { near, far } = await connectedPair({ limits }, { audit: echo })
  const asked = near.network.askAudit(far.did, new Uint8Array(1_001), soon())
  expect(await asked.catch(codeOf)).toBe('message-too-long')
})

test(
  'one question is under way for each member, and the place is free again',
  { tags: ['NET-36'] },
  async () => {
    const gate = Promise.withResolvers<Uint8Array>()
    const { near, far } = await connectedPair({}, { audit: { answer: () => gate.promise } })
    const first = near.network.askAudit(far.did, bytesOf('first'), soon())
    const second = near.network.askAudit(far.did, bytesOf('second'), soon())
    expect(await second.catch(codeOf)).toBe('audit-exhausted')
    gate.resolve(bytesOf('done'))
    expect(textOf(await first)).toBe('done')
    expect(textOf(await near.network.askAudit(far.did, bytesOf('third'), soon()))).toBe('done')
  },
)

test('those of all members together are bounded', { tags: ['NET-36'] }, async () => {
  const gate = Promise.withResolvers<Uint8Array>()
  let underWay = 0
  const answer = async (): Promise<Uint8Array> => {
    underWay += 1
    return gate.promise
  }
  const far = await labNode({ limits: { auditInboundMax: 2 }, audit: { answer } })
  const nodes = await Promise.all([labNode(), labNode(), labNode()])
  for (const { network } of nodes) await network.dial(far.address, soon())
  await until(() => far.network.peers().length === 3)
  const [one, two, three] = nodes.map(({ network }) => network)
  const asked = [one, two].map(async (network) => network?.askAudit(far.did, bytesOf('?'), soon()))
  await until(() => underWay === 2)
  const beyond = three?.askAudit(far.did, bytesOf('?'), soon())
  expect(await beyond?.catch(codeOf)).toBe('stream-reset')
  gate.resolve(bytesOf('done'))
  await Promise.all(asked)
  expect(textOf((await three?.askAudit(far.did, bytesOf('?'), soon())) ?? bytesOf(''))).toBe('done')
})

test(
  'a peer that does not answer is given up; its own place is taken until it has',
  { tags: ['NET-36', 'NET-37'] },
  async () => {
    const gate = Promise.withResolvers<Uint8Array>()
    const limits = { auditTimeoutMs: 100 }
    const { near, far } = await connectedPair({ limits }, { audit: { answer: () => gate.promise } })
    const first = near.network.askAudit(far.did, bytesOf('first'), soon())
    expect(await first.catch((error: unknown) => error)).toMatchObject({ name: 'TimeoutError' })
    const second = near.network.askAudit(far.did, bytesOf('second'), soon())
    expect(await second.catch(codeOf)).toBe('stream-reset')
    gate.resolve(bytesOf('done'))
    await delay(20)
    expect(textOf(await near.network.askAudit(far.did, bytesOf('third'), soon()))).toBe('done')
  },
)
