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
  expect(await bodyOf(await response)).toBe(body)
  expect(journal.ends).toMatchObject([{ outcome: 'answered' }])
})
