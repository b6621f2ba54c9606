import type { JsonObject } from '@warren/core'
import { type Endpoint, errorAnswer, type HostChannel, isRequest, McpError } from '@warren/mcp'
import { expect, test } from 'vitest'
import { ToolClient } from '../src/tool-client.ts'

/** A server that answers every request with the same error. */
function failing(answer: JsonObject): Endpoint {
  return {
    openSession: async (host) => {
      await Promise.resolve()
      return { ended: answerAll(host, answer), close: () => {} }
    },
    request: async function* () {},
  }
}

async function answerAll(host: HostChannel, error: JsonObject): Promise<undefined> {
  for await (const message of host.messages) {
    if (isRequest(message)) await host.send({ jsonrpc: '2.0', id: message.id, error })
  }
}

const REFUSED = new McpError('refused', 'refused by policy "out": not you any more')

test.for<[string, JsonObject]>([
  ['the provider', errorAnswer(0, REFUSED).error],
  [
    'its policy, for whatever reason',
    { code: -32_003, message: REFUSED.message, data: { code: 'caller-kept-out' } },
  ],
])(
  'a session that is refused by %s is a refusal, in the words of the rule',
  { tags: ['CLI-2'] },
  async ([, error]) => {
    const opening = ToolClient.open(failing(error), AbortSignal.timeout(5000))
    await expect(opening).rejects.toMatchObject({ code: 'call-refused', message: REFUSED.message })
  },
)

test.for<[string, JsonObject]>([
  ['an error of the server', { code: -32_602, message: 'no' }],
  ['the number of a refusal alone', { code: -32_003, message: 'no' }],
  ['the word of a refusal alone', { code: -32_602, message: 'no', data: { code: 'refused' } }],
])('%s is a failure', { tags: ['CLI-2'] }, async ([, error]) => {
  const opening = ToolClient.open(failing(error), AbortSignal.timeout(5000))
  await expect(opening).rejects.toMatchObject({ code: 'call-failed', message: 'no' })
})
