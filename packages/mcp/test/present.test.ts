import { CodedError } from '@warren/core'
import {
  type Caller,
  LineReader,
  McpError,
  presentTo,
  Provider,
  type ProviderInit,
  systemScheduler,
} from '@warren/mcp'
import { memoryStreamPair } from '@warren/testkit'
import { expect, test } from 'vitest'
import { PRESENTED_BYTES_MAX } from '../src/stream-header.ts'
import { allowAll, CALLER, clock, memoryLogger } from './support/test-mesh.ts'

class TestError extends CodedError<'capability-expired'> {
  override readonly name = 'TestError'
}

interface Shown {
  readonly text: string
  readonly caller: Caller
}

/** Shows a provider something, and says what came of it. */
async function show(text: string, present?: ProviderInit['present']): Promise<unknown> {
  const provider = new Provider({
    servers: [],
    gate: allowAll,
    clock,
    logger: memoryLogger(),
    ...(present === undefined ? {} : { present }),
  })
  const [near, far] = memoryStreamPair()
  const serving = provider.serve(far, CALLER)
  const options = {
    signal: new AbortController().signal,
    components: { logger: memoryLogger(), scheduler: systemScheduler },
  }
  try {
    await presentTo(() => Promise.resolve(near), text, options)
    return 'taken'
  } catch (error) {
    return error
  } finally {
    await serving
    await provider.stop()
  }
}

test(
  'what a caller shows arrives with who the channel says it is',
  { tags: ['CAP-8'] },
  async () => {
    const shown: Shown[] = []
    const take = (text: string, caller: Caller): Promise<void> => {
      shown.push({ text, caller })
      return Promise.resolve()
    }
    expect(await show('{"a":1}', take)).toBe('taken')
    expect(shown).toEqual([{ text: '{"a":1}', caller: CALLER }])
  },
)

test('a refusal carries the code and the sentence', { tags: ['CAP-15'] }, async () => {
  const refuse = () => Promise.reject(new TestError('capability-expired', 'a link of it is over'))
  expect(await show('{}', refuse)).toMatchObject({
    code: 'refused',
    message: 'capability-expired: a link of it is over',
  })
})

test('a fault of ours is told without its words', { tags: ['CAP-15'] }, async () => {
  const refusal = await show('{}', () => Promise.reject(new Error('/home/somebody')))
  expect(refusal).toBeInstanceOf(McpError)
  expect(String(refusal)).not.toContain('somebody')
})

test('a provider that takes nothing says so', { tags: ['CAP-5'] }, async () => {
  expect(await show('{}')).toMatchObject({ code: 'refused' })
})

test(
  'what is at the limit is taken, and a byte more is not',
  { tags: ['CAP-5', 'THR-50'] },
  async () => {
    let count = 0
    const take = (): Promise<void> => {
      count += 1
      return Promise.resolve()
    }
    expect(await show('x'.repeat(PRESENTED_BYTES_MAX), take)).toBe('taken')
    expect(await show('x'.repeat(PRESENTED_BYTES_MAX + 1), take)).toMatchObject({
      code: 'message-too-long',
    })
    expect(count).toBe(1)
  },
)

test.for([
  ['nothing', '{"v":1,"kind":"present"}\n', 'message-invalid'],
  ['a header with more', '{"v":1,"kind":"present","server":"x"}\n{}\n', 'header-malformed'],
  ['a kind of its own', '{"v":1,"kind":"toString"}\n', 'header-malformed'],
  ['bytes that are no text', '{"v":1,"kind":"present"}\n\u0000', 'stream-ended'],
] as const)('%s is refused, and nothing is taken', { tags: ['CAP-5'] }, async ([, text, code]) => {
  const taken: string[] = []
  const provider = new Provider({
    servers: [],
    gate: allowAll,
    clock,
    logger: memoryLogger(),
    present: (each) => {
      taken.push(each)
      return Promise.resolve()
    },
  })
  const [near, far] = memoryStreamPair()
  const serving = provider.serve(far, CALLER)
  await near.end(Buffer.from(text.replace('\u0000', '\u00ff'), 'latin1'))
  const line = await new LineReader(near.bytes).next(1_000)
  expect(JSON.parse(new TextDecoder().decode(line))).toMatchObject(['failed', { code }])
  expect(taken).toEqual([])
  await serving
  await provider.stop()
})
