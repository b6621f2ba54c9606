// What a node that keeps no rule makes of the streams of a session: a host is given no other answer than its log says.

import { McpError } from '@warren/mcp'
import { expect, test } from 'vitest'
import { answer, type PlayedExchange, PlayedSession } from './support/session-exchanges.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const EVIL = { evil: true }

/** What a host was given of a response that says that, and why it was not given more. */
async function givenOf(exchange: PlayedExchange, text: string): Promise<readonly [string, string]> {
  void exchange
    .say(text)
    .then(() => exchange.end())
    .catch(() => {})
  let given = ''
  try {
    for await (const bytes of (await exchange.response).body) given += Buffer.from(bytes).toString()
    return [given, '']
  } catch (error) {
    return [given, error instanceof McpError ? error.code : 'none']
  }
}

/** A call that waits for its answer, on a stream that is open. */
async function openCall(session: PlayedSession, id: number | string = 1): Promise<PlayedExchange> {
  const post = session.post(id)
  await post.head()
  await post.response
  return post
}

/** The call gets its answer, and that is what the log says. */
async function isAnswered(session: PlayedSession, post: PlayedExchange): Promise<void> {
  const [given] = await givenOf(post, answer(1, { x: 1 }))
  expect(given).toBe(answer(1, { x: 1 }))
  expect(session.journal.ends).toMatchObject([{ answer: { message: { result: { x: 1 } } } }])
}

const LINE = answer(1, EVIL).trimEnd()

test.for([
  ['behind the characters of a byte order mark', `\u00ef\u00bb\u00bf${answer(1, EVIL)}`],
  ['behind a line separator in a comment', `:\u2028${LINE}\u2028\u2028\n\n`],
  ['behind a line separator in a field', `x: y\u2028${LINE}\u2028\u2028\n\n`],
  ['in an event that does not end', LINE],
] as const)(
  'what hosts may read otherwise than this node does not reach them: an answer %s',
  { tags: ['MCP-73', 'THR-63'] },
  async ([, text]) => {
    const session = new PlayedSession()
    const post = await openCall(session)
    const get = session.get()
    await get.head()
    const [given] = await givenOf(get, text)
    expect(given).not.toContain('evil')
    await isAnswered(session, post)
  },
)

test.for(['\u2028', '\u2029', '\u0085', '\u000b', '\u000c', '\u001c'])(
  'no id passes that many a host reads as more lines than one: %j',
  { tags: ['MCP-73', 'THR-63'] },
  async (separator) => {
    const session = new PlayedSession()
    const post = await openCall(session)
    const get = session.get()
    await get.head()
    const evil = `id: 1${separator}${LINE}${separator}${separator}\n\n`
    expect(await givenOf(get, evil)).toEqual([':\n\n', ''])
    await isAnswered(session, post)
  },
)

test.for(['\n\r', '\r\r', '\r\n\r', '\r\n\r\n', '\n\n', '\r\n\n'])(
  'an event ends where a host sees its end, and what it answers is told: %j',
  { tags: ['MCP-73', 'AUN-19', 'THR-63'] },
  async (end) => {
    for (const cut of [0, 1, 2]) {
      const session = new PlayedSession()
      await openCall(session)
      const get = session.get()
      await get.head()
      const text = LINE + end
      const at = text.length - Math.min(cut, end.length)
      if (cut > 0) await get.say(text.slice(0, at))
      const [given] = await givenOf(get, cut > 0 ? text.slice(at) : text)
      expect(given).toBe(answer(1, EVIL))
      expect(session.journal.ends).toMatchObject([{ answer: { message: { result: EVIL } } }])
    }
  },
)

const OTHERS = JSON.stringify({ jsonrpc: '2.0', id: 1, result: EVIL })
const OWN = JSON.stringify({ jsonrpc: '2.0', id: 2, result: {} })

test.for([
  ['the answer of another request', OTHERS],
  ['an array with it', `[${OTHERS},${OWN}]`],
  ['an event', answer(1, EVIL)],
  ['the answer to its id as a text', OWN.replace('2,', '"2",')],
  ['a note', '{"jsonrpc":"2.0","method":"n"}'],
  ['more than a message may have', ' '.repeat(4_194_305)],
] as const)(
  'a body is given that is the answer of its own request, and no other: %s',
  { tags: ['MCP-73', 'THR-63'] },
  async ([, text]) => {
    for (const type of ['application/json', 'application/x; a=text/event-stream']) {
      const session = new PlayedSession()
      const post = await openCall(session)
      const other = session.post(2, 'tools/list')
      await other.head({ 'content-type': type })
      const [given, code] = await givenOf(other, text)
      expect([given.length, code]).toEqual([0, 'peer-protocol'])
      await isAnswered(session, post)
    }
  },
)

test.for([
  ['its own answer', OWN],
  ['an error that names no request', '{"jsonrpc":"2.0","error":{"code":-32000,"message":"m"}}'],
  ['nothing', ''],
] as const)('a body of a session passes that is %s', { tags: ['MCP-73'] }, async ([, text]) => {
  const session = new PlayedSession()
  await openCall(session)
  const other = session.post(2, 'tools/list')
  await other.head(JSON_TYPE)
  expect(await givenOf(other, text)).toEqual([text === '' ? '' : `${text}\n`, ''])
})

test(
  'what answers a note, or a GET, as a body is read as one, and brings no answer of a request',
  { tags: ['MCP-73', 'THR-63'] },
  async () => {
    const error = '{"jsonrpc":"2.0","error":{"code":-32000,"message":"no stream"}}'
    for (const kind of ['note', 'get'] as const) {
      const session = new PlayedSession()
      const post = await openCall(session)
      const refused = session[kind]()
      await refused.head(JSON_TYPE)
      expect(await givenOf(refused, error)).toEqual([`${error}\n`, ''])
      const evil = session[kind]()
      await evil.head(JSON_TYPE)
      expect(await givenOf(evil, OTHERS)).toEqual(['', 'peer-protocol'])
      await isAnswered(session, post)
    }
  },
)

test.for([
  ['an answer of another request', answer(1, EVIL)],
  ['a word of the node about one', wordTo('1')],
  ['an event of another type', `event: x\n${answer(1, EVIL)}`],
] as const)(
  'a stream outside every session brings the answer of its own request alone: %s',
  { tags: ['MCP-73', 'AUN-19', 'THR-63'] },
  async ([, text]) => {
    const session = new PlayedSession()
    const post = await openCall(session)
    const begun = session.initialize()
    await begun.head()
    expect(await givenOf(begun, answer(0) + text)).toEqual([answer(0), 'peer-protocol'])
    await isAnswered(session, post)
  },
)

/** A result in which the node of the server refuses, as it says. */
function wordTo(id: string | number): string {
  return answer(id, { ...EVIL, _meta: { 'internal.warren/refusal': { code: 'x' } } })
}

test.for(['1', '01', ' 1', '1.0', '1_0', '', 'other'])(
  'no word of the node passes that a host may take for the answer of a call with a number: to %j',
  { tags: ['MCP-73', 'THR-63'] },
  async (id) => {
    const session = new PlayedSession()
    const post = await openCall(session)
    const get = session.get()
    await get.head()
    expect(await givenOf(get, wordTo(id))).toEqual(['', 'peer-protocol'])
    expect(await givenOf(post, wordTo(id))).toEqual(['', 'peer-protocol'])
    expect(session.journal.ends).toEqual([{ outcome: 'failed', code: 'peer-protocol' }])
  },
)

test(
  'a word about a call that has ended passes where no open call has an id of another kind',
  { tags: ['MCP-73'] },
  async () => {
    const session = new PlayedSession()
    await openCall(session, 'a')
    for (const [id, passes] of [
      ['b', true],
      [7, false],
    ] as const) {
      const get = session.get()
      await get.head()
      const given = passes ? [wordTo(id), ''] : ['', 'peer-protocol']
      expect(await givenOf(get, wordTo(id))).toEqual(given)
    }
  },
)

test.for(['text/event-stream', 'application/json'])(
  'a call that another stream has answered is not answered on its own once more: %s',
  { tags: ['MCP-73', 'AUN-19', 'THR-63'] },
  async (type) => {
    for (const isBegun of [true, false]) {
      const session = new PlayedSession()
      const post = session.post(1)
      if (isBegun) await post.head({ 'content-type': type })
      if (isBegun) await post.response
      const get = session.get()
      await get.head()
      expect(await givenOf(get, answer(1, { x: 1 }))).toEqual([answer(1, { x: 1 }), ''])
      if (!isBegun) await post.head({ 'content-type': type })
      const evil = type === 'application/json' ? OTHERS : answer(1, EVIL)
      expect(await givenOf(post, evil)).toEqual(['', 'peer-protocol'])
      expect(session.journal.ends).toMatchObject([{ answer: { message: { result: { x: 1 } } } }])
    }
  },
)

test.for([
  ['an event of another type', `event: x\n${answer(7, EVIL)}`],
  ['an answer', answer(7, EVIL)],
  ['a word of the node', wordTo(7)],
] as const)(
  'a stream of a session that is over brings nothing but the answer of its own request: %s',
  { tags: ['MCP-73', 'THR-63'] },
  async ([, text]) => {
    const session = new PlayedSession()
    const post = await openCall(session)
    session.calls.end(new McpError('session-ended', 'the session is over'))
    expect(await givenOf(post, text)).toEqual(['', 'peer-protocol'])

    const other = new PlayedSession()
    const own = await openCall(other)
    other.calls.end(new McpError('session-ended', 'the session is over'))
    await isAnswered(other, own)
    await expect(post.response.then(({ body }) => Array.fromAsync(body))).resolves.toEqual([])
  },
)
