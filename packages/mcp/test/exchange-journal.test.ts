// What the log of a host's node says of an HTTP exchange, whatever the node at the other end answers.

import {
  type ExchangeResponse,
  type JsonRpcMessage,
  type MeshStream,
  openExchange,
  systemScheduler,
} from '@warren/mcp'
import { memoryStreamPair } from '@warren/testkit'
import { expect, test } from 'vitest'
import { RecordingJournal } from './support/recording-journal.ts'
import { memoryLogger } from './support/test-mesh.ts'

const REQUEST: JsonRpcMessage = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: {} }
const JSON_TYPE = { 'content-type': 'application/json' }

interface Case {
  readonly journal: RecordingJournal
  /** The end of the stream that the host's node holds. */
  readonly near: MeshStream
  readonly response: Promise<ExchangeResponse>
}

/** An exchange with a node that answers with that head and, before it ends the stream, with those bytes. */
function answered(head: object, ...chunks: readonly string[]): Case {
  const journal = new RecordingJournal()
  const [near, far] = memoryStreamPair()
  const answering = async (): Promise<void> => {
    await far.write(Buffer.from(`${JSON.stringify(['ok', head])}\n`))
    for (const chunk of chunks) await far.write(Buffer.from(chunk))
    await far.end()
  }
  void answering()
  const response = openExchange(
    { open: () => Promise.resolve(near), server: 'web', journal },
    { method: 'POST', headers: {}, message: REQUEST },
    {
      signal: new AbortController().signal,
      components: { logger: memoryLogger(), scheduler: systemScheduler },
    },
  )
  return { journal, near, response }
}

async function bodyOf(response: ExchangeResponse): Promise<string> {
  return Buffer.concat(await Array.fromAsync(response.body)).toString()
}

test.for([
  ['no status', { headers: {} }, 'peer-protocol'],
  ['a status below what HTTP ends with', { status: 199, headers: {} }, 'peer-protocol'],
  ['a status beyond HTTP', { status: 600, headers: {} }, 'peer-protocol'],
  ['a status that is a text', { status: '200', headers: {} }, 'peer-protocol'],
  ['no fields', { status: 200 }, 'header-malformed'],
  ['a field in capitals', { status: 200, headers: { Allow: 'GET' } }, 'header-malformed'],
  ['a line end in a field', { status: 200, headers: { allow: 'a\r\nb' } }, 'header-malformed'],
] as const)(
  'a response whose head is none is a failed call, and its stream is given up: %s',
  { tags: ['AUN-12'] },
  async ([, head, code]) => {
    const { journal, near, response } = answered(head, '{"jsonrpc":"2.0","id":1,"result":{}}')
    await expect(response).rejects.toMatchObject({ name: 'McpError', code })
    expect(journal.left).toHaveLength(1)
    expect(journal.ends).toEqual([{ outcome: 'failed', code }])
    expect(near.signal.reason).toMatchObject({ code })
  },
)

test.for([200, 599])('%i is a status that ends a request', { tags: ['AUN-12'] }, async (status) => {
  const body = '{"jsonrpc":"2.0","id":1,"result":{}}'
  const { journal, response } = answered({ status, headers: JSON_TYPE }, body)
  expect(await response).toMatchObject({ status, headers: JSON_TYPE })
  expect(await bodyOf(await response)).toBe(`${body}\n`)
  expect(journal.ends).toMatchObject([{ outcome: 'answered' }])
})

const ANSWER = '{"jsonrpc":"2.0","id":1,"result":{"x":1}}'
const NOBODYS = '{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"m"}}'
const UNNAMED = '{"jsonrpc":"2.0","error":{"code":-32000,"message":"m"}}'
const NOTE = '{"jsonrpc":"2.0","method":"n"}'
const NESTED = '{"jsonrpc":"2.0","id":1,"method":"roots/list"}'
const EVIL = '{"jsonrpc":"2.0","id":1,"result":{"evil":1}}'
const STREAM = 'text/event-stream'
const EVENTS = { 'content-type': STREAM }
const ANSWERED = `data: ${ANSWER}\n\n`
const NOTED = `data: ${NOTE}\n\n`

test.for([
  ['an answer in a batch', 'application/json', `[${ANSWER}]`],
  ['an answer to the id as a text', 'application/json', ANSWER.replace('"id":1', '"id":"1"')],
  ['what is no JSON', 'application/json', `${ANSWER},`],
  ['an answer without a type', undefined, `data: ${ANSWER}\n\n`],
  ['an answer longer than a message', 'application/json', `${' '.repeat(4_194_304)}${ANSWER}`],
  ['an event longer than a message', STREAM, `data: ${ANSWER}${' '.repeat(4_194_304)}\n\n`],
] as const)(
  'a host is given nothing in which no answer can be read, and that is how the call ended: %s',
  { tags: ['MCP-73', 'AUN-18'] },
  async ([, type, body]) => {
    const headers = type === undefined ? {} : { 'content-type': type }
    const { journal, response } = answered({ status: 200, headers }, body)
    await expect(response.then(bodyOf)).rejects.toMatchObject({ code: 'peer-protocol' })
    expect(journal.ends).toEqual([{ outcome: 'failed', code: 'peer-protocol' }])
    expect(journal.passed).toBe('')
  },
)

test.for([
  ['notes alone', 'data: {"jsonrpc":"2.0","method":"n"}\n\n'],
  ['a comment', ':\n\n'],
] as const)(
  'bytes in which no answer was read are told of as that, and as what they were: %s',
  { tags: ['AUN-18'] },
  async ([, body]) => {
    const headers = { 'content-type': STREAM }
    const { journal, response } = answered({ status: 200, headers }, body)
    expect(await bodyOf(await response)).toBe(body)
    expect(journal.ends).toEqual([{ outcome: 'failed', code: 'answer-unread' }])
    expect(journal.passed).toBe(body)
  },
)

test('a response without a byte is no answer', { tags: ['AUN-18'] }, async () => {
  const { journal, response } = answered({ status: 202, headers: {} })
  expect(await bodyOf(await response)).toBe('')
  expect(journal.ends).toEqual([{ outcome: 'failed', code: 'stream-ended' }])
  expect(journal.passed).toBe('')
})

test(
  'a host that leaves, and a stream that is cut, hide nothing of what the host was given',
  { tags: ['AUN-18'] },
  async () => {
    const left = answered({ status: 200, headers: EVENTS }, NOTED)
    for await (const chunk of (await left.response).body) {
      expect(Buffer.from(chunk).toString()).toBe(NOTED)
      break
    }
    expect(left.journal.ends).toMatchObject([{ outcome: 'cancelled' }])
    expect(left.journal.passed).toBe(NOTED)

    const cut = answered({ status: 200, headers: EVENTS }, NOTED, NOTED)
    const reading = async (): Promise<void> => {
      for await (const _ of (await cut.response).body) cut.near.abort(new Error('reset'))
    }
    await expect(reading()).rejects.toMatchObject({ code: 'stream-ended' })
    expect(cut.journal.ends).toEqual([{ outcome: 'failed', code: 'stream-ended' }])
    expect(cut.journal.passed).toContain(NOTED)
  },
)

test.for([
  ['the type in capitals', 'Text/Event-Stream', `data: ${ANSWER}\n\n`],
  ['a type with a parameter', 'TEXT/event-stream ; charset=utf-8', `data: ${ANSWER}\n\n`],
  ['an error that names no request before', STREAM, `data: ${NOBODYS}\n\ndata: ${ANSWER}\n\n`],
  ['an error without an id before', STREAM, `data: ${UNNAMED}\n\ndata: ${ANSWER}\n\n`],
  ['notes and requests before', STREAM, `data: ${NOTE}\n\ndata: ${NESTED}\n\ndata: ${ANSWER}\n\n`],
  ['an event without data before', STREAM, `:\n\ndata: ${ANSWER}\n\n`],
] as const)(
  'the answer that the host takes is the one that is told: %s',
  { tags: ['AUN-18'] },
  async ([, type, body]) => {
    const { journal, response } = answered({ status: 200, headers: { 'content-type': type } }, body)
    expect(await bodyOf(await response)).toBe(body)
    expect(journal.ends).toEqual([
      { outcome: 'answered', answer: { message: JSON.parse(ANSWER), bytes: ANSWER.length } },
    ])
  },
)

test.for([
  ['in a body', 'application/json', NOBODYS, NOBODYS],
  ['in a stream', STREAM, NOBODYS, `data: ${NOBODYS}\n\n`],
  ['in a body, without an id', 'application/json', UNNAMED, UNNAMED],
  ['in a stream, without an id', STREAM, UNNAMED, `data: ${UNNAMED}\n\n`],
] as const)(
  'an error that names no request is the answer where there is no other: %s',
  { tags: ['AUN-18'] },
  async ([, type, error, body]) => {
    const { response, journal } = answered({ status: 400, headers: { 'content-type': type } }, body)
    expect((await bodyOf(await response)).trimEnd()).toBe(body.trimEnd())
    expect(journal.ends).toMatchObject([{ outcome: 'error', answer: { bytes: error.length } }])
  },
)

test.for([
  [
    'with a number that this node does not read',
    `data: ${EVIL.replace('1}}', '12345678901234567890}}')}`,
  ],
  ['in an event of another type', `event: x\ndata: ${EVIL}`],
  ['to the id as a text', `data: ${EVIL.replace('"id":1', '"id":"1"')}`],
  ['to another id', `data: ${EVIL.replace('"id":1', '"id":2')}`],
  ['in a batch', `data: [${EVIL}]`],
  ['that is cut off', 'data: {'],
] as const)(
  'an answer that a host may have taken in place of the one that is read does not pass: %s',
  { tags: ['MCP-73', 'AUN-18', 'THR-63'] },
  async ([, before]) => {
    const evil = `${before}\n\n`
    for (const chunks of [[evil + ANSWERED], [evil, ANSWERED]]) {
      const { journal, response } = answered({ status: 200, headers: EVENTS }, ...chunks)
      await expect(response.then(bodyOf)).rejects.toMatchObject({ code: 'peer-protocol' })
      expect(journal.ends).toEqual([{ outcome: 'failed', code: 'peer-protocol' }])
      expect(journal.passed).toBe('')
    }
    const behind = answered({ status: 200, headers: EVENTS }, ANSWERED, evil)
    let given = ''
    const reading = async (): Promise<void> => {
      for await (const bytes of (await behind.response).body) given += Buffer.from(bytes).toString()
    }
    await expect(reading()).rejects.toMatchObject({ code: 'peer-protocol' })
    expect(given).toBe(ANSWERED)
    expect(behind.journal.ends).toMatchObject([{ outcome: 'answered' }])
  },
)
