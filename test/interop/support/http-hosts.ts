import { Client as ModernClient } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { CallToolResultSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import type { JsonRpcMessage } from '@warren/mcp'
import { expect } from 'vitest'
import { type AnyTransport, type Recorded, recording, settled } from './mcp-relay-transport.ts'

/** A session of a host of the SDK v1 with server-everything; gives what passed. */
export async function legacyHttpSession(transport: AnyTransport): Promise<Recorded> {
  const recorder = recording(transport)
  const client = new Client(
    { name: 'host', version: '1' },
    { capabilities: { elicitation: { form: {} } } },
  )
  client.setRequestHandler(ElicitRequestSchema, () => ({
    action: 'accept',
    content: { name: 'Ada' },
  }))
  await client.connect(recorder as never)
  const call = (name: string, args: object = {}, options: object = {}): Promise<unknown> => {
    const params = { name, arguments: { ...args } }
    return client.request({ method: 'tools/call', params }, CallToolResultSchema, options)
  }
  await client.listTools()
  await call('echo', { message: 'hello' })
  await call('get-structured-content', { location: 'Chicago' })
  await call('trigger-elicitation-request')
  const onprogress = (): void => {}
  await call('trigger-long-running-operation', { duration: 0.1, steps: 3 }, { onprogress })
  await client.readResource({ uri: 'demo://resource/dynamic/text/1' })
  await expect(client.readResource({ uri: 'demo://none' })).rejects.toThrow('not found')
  await client.close()
  return recorder.recorded
}

/** A session of a host of the SDK v2 with the newer server; gives what passed. */
export async function modernHttpSession(transport: AnyTransport): Promise<Recorded> {
  const recorder = recording(transport)
  const client = new ModernClient(
    { name: 'host', version: '1' },
    {
      capabilities: { elicitation: { form: {} } },
      versionNegotiation: { mode: { pin: '2026-07-28' } },
    },
  )
  client.setRequestHandler('elicitation/create', () => ({
    action: 'accept',
    content: { confirm: true },
  }))
  await client.connect(recorder as never)
  await client.listTools()
  await client.callTool({ name: 'echo', arguments: { text: 'gr\u00fc\u00dfe' } })
  await client.callTool({ name: 'deploy', arguments: { env: 'prod' } })
  const onprogress = (): void => {}
  await client.callTool({ name: 'count', arguments: { n: 3, pauseMs: 5 } }, { onprogress })
  await expect(client.callTool({ name: 'none', arguments: {} })).rejects.toThrow(
    'Tool none not found',
  )
  await client.close()
  return recorder.recorded
}

/** Notes of a request and messages of the session travel on streams of their own: only each kind's order is kept. */
export function byKind({ sent, received }: Recorded): unknown {
  const methodOf = ({ method }: JsonRpcMessage): string =>
    typeof method === 'string' ? method : ''
  const keyed = (messages: readonly unknown[]): unknown =>
    (settled(messages) as JsonRpcMessage[]).toSorted((a, b) =>
      methodOf(a).localeCompare(methodOf(b)),
    )
  return { sent: keyed(sent), received: keyed(received) }
}
