import {
  encodeMessage,
  errorAnswer,
  LineReader,
  MessageError,
  parseMessage,
  readMessages,
} from '@warren/mcp'
import { expect, test } from 'vitest'

const LIMITS = { messageBytesMax: 200, depthMax: 6, keysMax: 12 }
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

async function* chunks(...texts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield typeof text === 'string' ? bytes(text) : text
}

/** The text with spaces added up to a length. */
function padded(text: string, length: number): string {
  return text.padEnd(length, ' ')
}

test.for([
  { text: '{"jsonrpc":"2.0","id":1,"method":"ping"}' },
  { text: '{"jsonrpc":"2.0","id":"","method":"a/b","params":{"x":1},"x-top":{"y":[null]}}' },
  { text: '{"method":"n","params":{"_meta":{"v":1,"b/c":"\u20ac"}},"jsonrpc":"2.0"}' },
  { text: '{"jsonrpc":"2.0","id":0,"result":{"x-new":[{"deep":{}}]}}' },
  { text: '{"jsonrpc":"2.0","id":7,"error":{"code":-1,"message":"m","data":[1]}}' },
  { text: '{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"m"}}' },
])('$text passes the door with every member and in its order', { tags: ['MCP-1'] }, ({ text }) => {
  expect(new TextDecoder().decode(encodeMessage(parseMessage(text, LIMITS)))).toBe(`${text}\n`)
})

test('what passes on is the parsed value, not the bytes', { tags: ['MCP-1'] }, () => {
  const text = '{"jsonrpc":"2.0","method":"denied","method" :"allowed","id":1}'
  const passed = encodeMessage(parseMessage(text, LIMITS))
  expect(new TextDecoder().decode(passed)).toBe('{"jsonrpc":"2.0","method":"allowed","id":1}\n')
})

test.for([
  { text: '{"jsonrpc"', rpc: -32700, id: null },
  { text: 'hello', rpc: -32700, id: null },
  { text: '', rpc: -32700, id: null },
  { text: '[]', rpc: -32600, id: null },
  { text: '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', rpc: -32600, id: null },
  { text: '"text"', rpc: -32600, id: null },
  { text: 'null', rpc: -32600, id: null },
  { text: '{"id":1,"method":"ping"}', rpc: -32600, id: 1 },
  { text: '{"jsonrpc":"1.0","id":1,"method":"ping"}', rpc: -32600, id: 1 },
  { text: '{"jsonrpc":"2.0","id":null,"method":"ping"}', rpc: -32600, id: null },
  { text: '{"jsonrpc":"2.0","id":1.5,"method":"ping"}', rpc: -32600, id: null },
  { text: '{"jsonrpc":"2.0","id":true,"method":"ping"}', rpc: -32600, id: null },
  { text: '{"jsonrpc":"2.0","id":1,"method":2}', rpc: -32600, id: 1 },
  { text: '{"jsonrpc":"2.0","id":1,"method":"m","params":[1]}', rpc: -32600, id: 1 },
  { text: '{"jsonrpc":"2.0","id":1,"method":"m","params":null}', rpc: -32600, id: 1 },
  { text: '{"jsonrpc":"2.0","id":1,"method":"m","result":{}}', rpc: -32600, id: 1 },
  { text: '{"jsonrpc":"2.0","id":1}', rpc: -32600, id: null },
  { text: '{"jsonrpc":"2.0","id":1,"result":{},"error":{}}', rpc: -32600, id: null },
  { text: '{"jsonrpc":"2.0","id":1,"result":1}', rpc: -32600, id: null },
  { text: '{"jsonrpc":"2.0","result":{}}', rpc: -32600, id: null },
  { text: '{"jsonrpc":"2.0","id":1,"error":{"code":1.5,"message":"m"}}', rpc: -32600, id: null },
  { text: '{"jsonrpc":"2.0","id":1,"error":{"code":1}}', rpc: -32600, id: null },
  { text: '{"jsonrpc":"2.0","id":4,"method":"m","params":{"n":1e400}}', rpc: -32600, id: 4 },
  { text: '{"jsonrpc":"2.0","id":4,"method":"m","params":{"__proto__":1}}', rpc: -32600, id: 4 },
  {
    text: `{"jsonrpc":"2.0","id":5,"method":"m","params":{"n":9007199254740993}}`,
    rpc: -32600,
    id: 5,
  },
  {
    text: `{"jsonrpc":"2.0","id":6,"method":"m","params":{"a":${'['.repeat(9)}${']'.repeat(9)}}}`,
    rpc: -32600,
    id: 6,
  },
])('$text is answered with $rpc', { tags: ['MCP-2'] }, ({ text, rpc, id }) => {
  const refused = refusal(text)
  expect(errorAnswer(refused.id, refused)).toMatchObject({ id, error: { code: rpc } })
})

test('a line that is not UTF-8 is not JSON', { tags: ['MCP-2'] }, () => {
  expect(refusal(new Uint8Array([0x22, 0xff, 0x22])).code).toBe('message-not-json')
})

test.for([
  { text: '{"jsonrpc":"2.0","id":9,"result":{"n":1e400}}', responseTo: 9 },
  { text: '{"jsonrpc":"2.0","id":9,"result":[]}', responseTo: 9 },
  { text: '{"jsonrpc":"2.0","id":9,"method":"m","params":[]}', responseTo: undefined },
  { text: '{"jsonrpc":"2.0","id":9,', responseTo: undefined },
])('$text was meant as a response to $responseTo', { tags: ['MCP-17'] }, ({ text, responseTo }) => {
  expect(refusal(text).responseTo).toBe(responseTo)
})

test.for([
  { name: 'at the limit', length: 200, code: undefined },
  { name: 'one past it', length: 201, code: 'message-too-long' },
])('a message $name gives $code', { tags: ['MCP-1'] }, ({ length, code }) => {
  const text = padded('{"jsonrpc":"2.0","id":1,"method":"m"}', length)
  if (code === undefined) expect(parseMessage(text, LIMITS)).toBeTypeOf('object')
  else expect(refusal(text).code).toBe(code)
})

test(
  'lines are cut wherever chunks end, and blank ones passed over',
  { tags: ['MCP-1'] },
  async () => {
    const lines = new LineReader(chunks('a', 'b\nc\n\n \r\n', '\u20ac'.slice(0, 1), 'd\ne'))
    const read: string[] = []
    for (let line = await lines.next(9); line !== undefined; line = await lines.next(9)) {
      read.push(new TextDecoder().decode(line))
    }
    expect(read).toEqual(['ab', 'c', '\u20acd', 'e'])
  },
)

test('a line is refused while it is read, long before its end', { tags: ['MCP-1'] }, async () => {
  let taken = 0
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      taken += 1
      yield bytes('x'.repeat(10))
    }
  }
  await expect(new LineReader(endless()).next(100)).rejects.toThrow('at most 100 bytes')
  expect(taken).toBe(11)
})

test('what follows the lines comes as bytes', { tags: ['MCP-1'] }, async () => {
  const lines = new LineReader(chunks('head\nbo', 'dy\n', 'tail'))
  await lines.next(10)
  const rest = await Array.fromAsync(lines.remaining())
  expect(Buffer.concat(rest).toString()).toBe('body\ntail')
})

test('a reader of messages answers what is none and goes on', { tags: ['MCP-2'] }, async () => {
  const answers: unknown[] = []
  const refuse = async (answer: unknown): Promise<void> => void answers.push(answer)
  const source = chunks(
    '{"jsonrpc":"2.0","method":"a"}\nnoise\n{"jsonrpc":"2.0","id":3}\n{"jsonrpc":"2.0","method":"b"}',
  )
  const messages = await Array.fromAsync(readMessages(source, { limits: LIMITS, refuse }))
  expect(messages.map(({ method }) => method)).toEqual(['a', 'b'])
  expect(answers).toMatchObject([{ error: { code: -32700 } }, { error: { code: -32600 } }])
})

const LONG = 'x'.repeat(600)
test.for([
  { what: 'no JSON', line: LONG, id: null },
  {
    what: 'the id last',
    line: `{"method":"a","params":{"id":1,"b":"${LONG}"},"jsonrpc":"2.0","id":7}`,
    id: 7,
  },
  {
    what: 'the id second',
    line: `{"jsonrpc":"2.0","id":"q\\"7","method":"a","params":{"b":"${LONG}"}}`,
    id: 'q"7',
  },
  {
    what: 'an id inside',
    line: `{"method":"a","jsonrpc":"2.0","params":{"b":"${LONG}","id":7}}`,
    id: null,
  },
  {
    what: 'an id in a text',
    line: `{"method":"a","params":{"b":"${LONG},\\"id\\":7}"}}`,
    id: null,
  },
  { what: 'no exact id', line: `{"method":"${LONG}","id":9007199254740993}`, id: null },
  { what: 'a response', line: `{"result":{"b":"${LONG}"},"jsonrpc":"2.0","id":7}`, id: null },
  { what: 'another response', line: `{"jsonrpc":"2.0","id":7,"result":{"b":"${LONG}"}}`, id: null },
  {
    what: 'a notification',
    line: `{"method":"a","params":{"b":"${LONG}"},"jsonrpc":"2.0"}`,
    id: null,
  },
])(
  'an over-long line is answered and passed over, in any cut: $what',
  { tags: ['MCP-2'] },
  async ({ line, id }) => {
    for (const size of [1, 200, 201, 250, 10_000]) {
      const answers: unknown[] = []
      const refuse = async (answer: unknown): Promise<void> => void answers.push(answer)
      const text = `${line}\n{"jsonrpc":"2.0","method":"next"}\n${line}`
      const cuts = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
      const messages = await Array.fromAsync(
        readMessages(chunks(...cuts), { limits: LIMITS, refuse }),
      )
      expect(messages.map(({ method }) => method)).toEqual(['next'])
      const answer = { id, error: { code: -32600, data: { code: 'message-too-long' } } }
      expect(answers).toMatchObject([answer, answer])
    }
  },
)

function refusal(text: string | Uint8Array): MessageError {
  try {
    parseMessage(text, LIMITS)
  } catch (error) {
    if (error instanceof MessageError) return error
  }
  throw new Error('the message was accepted')
}
