import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { expect } from 'vitest'
import { eventually } from '../../../packages/mcp/test/support/test-mesh.ts'
import { type AnyTransport, type Recorded, recording, settled } from './mcp-relay-transport.ts'

/** Probes in place: the class of the SDK itself starts a second process for its probe. */
export class DirectStdio extends StdioClientTransport {}

/** How a host of the SDK v2 settles on a version. */
export type Mode = 'legacy' | 'auto' | { readonly pin: string }
/** What a host of the SDK v2 does in a session. */
export type ModernScript = (client: Client) => Promise<void>

/** Lists and calls with a server that knows only the older era. */
export const fallBack: ModernScript = async (client) => {
  expect(client.getProtocolEra()).toBe('legacy')
  await client.listTools()
  await client.callTool({ name: 'echo', arguments: { message: 'hello' } })
}

/** Runs a script as a host of the SDK v2 that answers elicitations; gives what passed. */
export async function modernHost(
  transport: AnyTransport,
  mode: Mode,
  script: ModernScript,
): Promise<Recorded> {
  const recorder = recording(transport)
  const client = new Client(
    { name: 'host', version: '1' },
    { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode } },
  )
  client.setRequestHandler('elicitation/create', () => ({
    action: 'accept',
    content: { confirm: true },
  }))
  client.setNotificationHandler('notifications/tools/list_changed', () => {})
  await client.connect(recorder as never)
  await script(client)
  await client.close()
  return recorder.recorded
}

/** What both eras have, a cancelled call and a subscription included. */
export async function modernSession(client: Client): Promise<void> {
  const modern = client.getProtocolEra() === 'modern'
  const subscription = modern ? await client.listen({ toolsListChanged: true }) : undefined
  await client.listTools()
  await client.callTool({ name: 'echo', arguments: { text: 'hello' } })
  await client.callTool({ name: 'deploy', arguments: { env: 'prod' } })
  await client.callTool({ name: 'rename', arguments: {} })
  const onprogress = (): void => {}
  await client.callTool({ name: 'count', arguments: { n: 3, pauseMs: 5 } }, { onprogress })
  await expect(client.callTool({ name: 'none', arguments: {} })).rejects.toThrow(
    'Tool none not found',
  )
  const abort = new AbortController()
  const { signal } = abort
  const long = client.callTool({ name: 'count', arguments: { n: 99, pauseMs: 20 } }, { signal })
  setTimeout(() => abort.abort(), 60)
  await expect(long).rejects.toThrow(/abort/i)
  await eventually(async () => {
    const { content } = await client.callTool({ name: 'aborted', arguments: {} })
    return JSON.stringify(content).includes('count 99')
  })
  await subscription?.close()
}

/** Polls and their ids differ from run to run; everything else must not. */
export function comparable({ sent, received }: Recorded): unknown {
  const polled = new Set<unknown>()
  for (const message of sent as { id?: unknown; params?: { name?: string } }[]) {
    if (message.params?.name === 'aborted') polled.add(message.id)
  }
  const keep = (messages: readonly unknown[]): unknown =>
    settled(messages.filter((message) => !polled.has((message as { id?: unknown }).id)))
  return { sent: keep(sent), received: keep(received) }
}
