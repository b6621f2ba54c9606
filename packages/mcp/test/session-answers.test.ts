// What the log of a host's node says of a call whose answer comes on another stream of its session, whoever the peer is.

import { McpError } from '@warren/mcp'
import { expect, test } from 'vitest'
import { answer, play, PlayedSession, RESUMABLE } from './support/session-exchanges.ts'
import { eventually } from './support/test-mesh.ts'

const OVER = new McpError('session-ended', 'the session is over')
const ONE = { jsonrpc: '2.0', id: 1, result: { x: 1 } }
const ANSWERED = {
  outcome: 'answered',
  answer: { message: ONE, bytes: JSON.stringify(ONE).length },
}

test.for(['a GET', 'another request', 'a request that nobody records'])(
  'an answer that %s brings is told before the host has it, and once',
  { tags: ['AUN-19'] },
  async (where) => {
    const session = new PlayedSession()
    await session.asked(1)
    expect(session.journal.ends).toEqual([])
    expect(session.waiting.size).toBe(1)

    const other =
      where === 'a GET'
        ? session.get()
        : session.post(2, where === 'another request' ? 'tools/call' : 'tools/list')
    await other.head()
    await other.say(answer(1, { x: 1 }))
    for await (const bytes of (await other.response).body) {
      expect(Buffer.from(bytes).toString()).toBe(answer(1, { x: 1 }))
      expect(session.journal.ends).toEqual([ANSWERED])
      break
    }
    session.calls.end(OVER)
    expect(session.journal.ends.filter(({ outcome }) => outcome === 'answered')).toHaveLength(1)
    expect(session.waiting.size).toBe(0)
  },
)

test(
  'a stream that was there before the call brings its answer while its own is open',
  { tags: ['AUN-19'] },
  async () => {
    const session = new PlayedSession()
    const listening = session.get()
    await listening.head()
    const post = session.post(1)
    await post.head()
    await post.response
    await listening.say(answer(1, { x: 1 }))
    await listening.end()
    expect(await listening.body()).toBe(answer(1, { x: 1 }))
    await post.end()
    expect(await post.body()).toBe('')
    expect(session.journal.ends).toEqual([ANSWERED])
  },
)

test(
  'an error of the server and a word of its node are told as what they are',
  { tags: ['AUN-19'] },
  async () => {
    const session = new PlayedSession()
    await session.asked(1)
    await session.asked('1')
    const error = { code: -32_001, message: 'over', data: { code: 'stream-ended' } }
    const get = session.get()
    await play(
      get,
      [
        `data: {"jsonrpc":"2.0","id":1,"error":{"code":7,"message":"m"}}\n\n`,
        `data: ${JSON.stringify({ jsonrpc: '2.0', id: '1', error })}\n\n`,
      ].join(''),
    )
    await get.body()
    expect(session.journal.ends).toMatchObject([
      { outcome: 'error' },
      { outcome: 'failed', code: 'stream-ended' },
    ])
  },
)

test(
  'an answer on another stream waits until its request is on the disk, and does not come where it cannot be',
  { tags: ['AUN-19', 'AUN-12', 'AUN-13'] },
  async () => {
    for (const isWritten of [true, false]) {
      const session = new PlayedSession()
      const disk = Promise.withResolvers<void>()
      session.journal.recording = () => disk.promise
      const post = session.post(1)
      void post.response.catch(() => {})
      await eventually(() => session.journal.left.length === 1)
      const get = session.get()
      await play(get, answer(1, { x: 1 }))
      const heard = get.body()
      let isHeard = false
      void heard.catch(() => {}).finally(() => (isHeard = true))
      for (let turn = 0; turn < 20; turn += 1) await new Promise((done) => setImmediate(done))
      expect([isHeard, session.journal.ends]).toEqual([false, []])
      if (isWritten) {
        disk.resolve()
        expect(await heard).toBe(answer(1, { x: 1 }))
        expect(session.journal.ends).toEqual([ANSWERED])
      } else {
        disk.reject(new McpError('audit-unavailable', 'it cannot be recorded'))
        await expect(heard).rejects.toMatchObject({ code: 'audit-unavailable' })
      }
    }
  },
)

test.for([
  ['no place to take it up', 'data: {"jsonrpc":"2.0","method":"n"}\n\n'],
  ['a place that was taken back', `${RESUMABLE}id:\ndata:\n\n`],
  ['nothing', ''],
] as const)(
  'a call whose stream ends with %s has ended',
  { tags: ['AUN-20'] },
  async ([, text]) => {
    const session = new PlayedSession()
    await session.asked(1, text)
    const code = text === '' ? 'stream-ended' : 'answer-unread'
    expect(session.journal.ends).toEqual([{ outcome: 'failed', code }])
    expect(session.waiting.size).toBe(0)
  },
)

test(
  'a session that ends gives up what waits in it, with what the host was given',
  { tags: ['AUN-20', 'AUN-18'] },
  async () => {
    const session = new PlayedSession()
    await session.asked(1)
    session.calls.end(OVER)
    expect(session.journal.ends).toEqual([{ outcome: 'failed', code: 'session-ended' }])
    expect(session.journal.passed).toBe(RESUMABLE)
    // Whoever was under way in it has nobody who could answer elsewhere.
    await session.asked(2)
    expect(session.journal.ends.at(-1)).toEqual({ outcome: 'failed', code: 'answer-unread' })
  },
)

test.for([
  ['is cut off', { outcome: 'failed', code: 'stream-ended' }],
  ['is left by its host', { outcome: 'cancelled', code: 'stream-ended' }],
] as const)(
  'a call whose stream %s is answered elsewhere, or that is how it ended',
  { tags: ['AUN-19', 'AUN-20'] },
  async ([how, end]) => {
    const begin = async (session: PlayedSession): Promise<void> => {
      const post = session.post(1)
      await post.head()
      await post.say(RESUMABLE)
      const reading = async (): Promise<void> => {
        for await (const _ of (await post.response).body) {
          if (how === 'is left by its host') break
          post.near.abort(new Error('reset'))
        }
      }
      await reading().catch(() => {})
    }
    const fetched = new PlayedSession()
    await begin(fetched)
    const get = fetched.get()
    await play(get, answer(1, { x: 1 }))
    await get.body()
    expect(fetched.journal.ends).toEqual([ANSWERED])

    const over = new PlayedSession()
    await begin(over)
    expect(over.journal.ends).toEqual([])
    over.calls.end(OVER)
    expect(over.journal.ends).toEqual([end])
  },
)

test(
  'so many calls wait in a session, and so many in all; the oldest has failed, and its answer does not come',
  { tags: ['AUN-20', 'MCP-73'] },
  async () => {
    const session = new PlayedSession({ waitingPerSessionMax: 2, waitingMax: 9 })
    for (const id of [1, 2]) await session.asked(id)
    expect(session.journal.ends).toEqual([])
    await session.asked(3)
    expect(session.journal.ends).toEqual([{ outcome: 'failed', code: 'requests-exhausted' }])
    expect(session.waiting.size).toBe(2)
    const late = session.get()
    await play(late, answer(1))
    await expect(late.body()).rejects.toMatchObject({ code: 'peer-protocol' })
    const get = session.get()
    await play(get, answer(2) + answer(3))
    await get.body()
    expect(session.journal.ends.map(({ outcome }) => outcome)).toEqual([
      'failed',
      'answered',
      'answered',
    ])

    const all = new PlayedSession({ waitingPerSessionMax: 9, waitingMax: 1 })
    await all.asked(1)
    expect(all.journal.ends).toEqual([])
    await all.asked(2)
    expect(all.journal.ends).toEqual([{ outcome: 'failed', code: 'requests-exhausted' }])
    expect(all.waiting.size).toBe(1)
  },
)

test(
  'a second request under an id that waits is answered on its own stream alone',
  { tags: ['AUN-19'] },
  async () => {
    const session = new PlayedSession()
    await session.asked(1)
    const second = session.post(1)
    await play(second, answer(1, { second: true }))
    await second.body()
    const get = session.get()
    await play(get, answer(1, { x: 1 }))
    await get.body()
    expect(session.journal.ends).toMatchObject([
      { answer: { message: { result: { second: true } } } },
      ANSWERED,
    ])
  },
)

const NOTE = '{"jsonrpc":"2.0","method":"notifications/message","params":{}}'
const QUESTION = '{"jsonrpc":"2.0","id":1,"method":"elicitation/create","params":{}}'
const WORD =
  '{"jsonrpc":"2.0","id":9,"error":{"code":-32001,"message":"m","data":{"code":"stream-ended"}}}'
const UNNAMED = '{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"m"}}'

test.for([
  ['notes and questions', `data: ${NOTE}\n\ndata: ${QUESTION}\n\n`],
  ['ids and delays', 'id: 7\nretry: 20\ndata: \n\n'],
  ['comments', ': hello\n\n', ':\n\n'],
  ['other events without data', 'event: x\nid: 8\n\n', 'id: 8\n\n'],
  ['other line ends, fields and spaces', `hello: x\rdata:${NOTE}\r\r`, `data: ${NOTE}\n\n`],
  ['a word of the node about a call that has ended', `data: ${WORD}\n\n`],
  ['an error about no request', `data: ${UNNAMED}\n\n`],
] as const)(
  'on a stream of a session passes, in the words of this node: %s',
  { tags: ['MCP-73'] },
  async ([, text, words = text]) => {
    const session = new PlayedSession()
    await session.asked(1)
    const get = session.get()
    await play(get, text)
    expect(await get.body()).toBe(words)
    expect(session.journal.ends).toEqual([])
  },
)

const NOTED = `data: ${NOTE}\n\n`

const UNREADABLE = [
  ['an event of another type', `event: x\ndata: ${JSON.stringify(ONE)}\n\n`],
  ['a batch', `data: [${JSON.stringify(ONE)}]\n\n`],
  ['what is no JSON', `data: ${JSON.stringify(ONE)},\n\n`],
  ['what is longer than a message', `data: ${JSON.stringify(ONE)}${' '.repeat(4_194_304)}\n\n`],
] as const

test.for([
  ...UNREADABLE,
  ['an answer for which nobody has asked', answer(9)],
  ['an answer to the id as a text', answer('1')],
  ['the same answer again, in other words', answer(1) + answer(1, { other: true })],
] as const)(
  'on a stream of a session does not pass, and cuts it: %s',
  { tags: ['MCP-73'] },
  async ([, text]) => {
    const session = new PlayedSession()
    await session.asked(1)
    for (const other of [session.get(), session.post(2)]) {
      await other.head()
      let heard = 0
      const reading = (async () => {
        for await (const bytes of (await other.response).body) heard += bytes.length
      })()
      const said = other.say(text).catch(() => {})
      await expect(reading).rejects.toMatchObject({ code: 'peer-protocol' })
      await said
      expect(heard).toBeLessThan(text.length)
      expect(other.near.signal.aborted).toBe(true)
    }
  },
)

test.for(UNREADABLE)(
  'where no other request waits, what cannot be read does not pass either, and is how the call ended: %s',
  { tags: ['MCP-73', 'AUN-18'] },
  async ([, text]) => {
    const session = new PlayedSession()
    const post = session.post(1)
    await post.head()
    const said = post.say(NOTED + text).catch(() => {})
    await expect(post.body()).rejects.toMatchObject({ code: 'peer-protocol' })
    await said
    expect(session.journal.ends).toEqual([{ outcome: 'failed', code: 'peer-protocol' }])
    expect(session.journal.passed).toBe(NOTED)
  },
)

test(
  'what cannot be read is not given in place of what another stream brings',
  { tags: ['AUN-18', 'AUN-19'] },
  async () => {
    const session = new PlayedSession()
    const post = session.post(1)
    await post.head()
    void post.say(`${RESUMABLE}event: x\ndata: ${JSON.stringify(ONE)}\n\n`).catch(() => {})
    await expect(post.body()).rejects.toMatchObject({ code: 'peer-protocol' })
    expect([session.journal.passed, session.journal.ends]).toEqual([RESUMABLE, []])
    const get = session.get()
    await play(get, answer(1, { x: 1 }))
    await get.body()
    expect(session.journal.ends).toEqual([ANSWERED])
  },
)
