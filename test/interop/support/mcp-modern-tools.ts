/** What the test servers of the SDK v2 offer: both eras, with everything that only the stateless one has. */
import { acceptedContent, inputRequired, McpServer } from '@modelcontextprotocol/server'
import { setTimeout as delay } from 'node:timers/promises'
import * as z from 'zod/v4'

const aborted: string[] = []

export function makeServer(): McpServer {
  const server = new McpServer(
    { name: 'modern', version: '1.0.0' },
    { capabilities: { tools: { listChanged: true } }, instructions: 'Be kind.' },
  )
  server.registerTool(
    'echo',
    { description: 'Says it again', inputSchema: z.object({ text: z.string() }) },
    ({ text }) => ({ content: [{ type: 'text', text }] }),
  )
  server.registerTool('pid', { description: 'Its process' }, () => ({
    content: [{ type: 'text', text: String(process.pid) }],
  }))
  server.registerTool('aborted', { description: 'What was cancelled' }, () => ({
    content: [{ type: 'text', text: aborted.join(',') }],
  }))
  server.registerTool(
    'count',
    { description: 'Counts to n', inputSchema: z.object({ n: z.number(), pauseMs: z.number() }) },
    async ({ n, pauseMs }, { mcpReq }) => {
      const { _meta: meta } = mcpReq
      const progressToken = meta?.progressToken
      for (let progress = 1; progress <= n && !mcpReq.signal.aborted; progress += 1) {
        if (progressToken !== undefined) {
          const params = { progressToken, progress, total: n }
          await mcpReq.notify({ method: 'notifications/progress', params })
        }
        await delay(pauseMs)
      }
      if (mcpReq.signal.aborted) aborted.push(`count ${n}`)
      return { content: [{ type: 'text', text: `counted to ${n}` }] }
    },
  )
  server.registerTool(
    'deploy',
    { description: 'Asks first', inputSchema: z.object({ env: z.string() }) },
    ({ env }, { mcpReq }) => {
      const schema = z.object({ confirm: z.boolean() })
      const answer = acceptedContent(mcpReq.inputResponses, 'confirm', schema)
      if (answer?.confirm === true) return { content: [{ type: 'text', text: `deployed ${env}` }] }
      const requestedSchema = {
        type: 'object' as const,
        properties: { confirm: { type: 'boolean' as const } },
        required: ['confirm'],
      }
      const confirm = inputRequired.elicit({ message: `Deploy ${env}?`, requestedSchema })
      return inputRequired({ inputRequests: { confirm } })
    },
  )
  server.registerTool('rename', { description: 'Changes the list' }, () => {
    server.registerTool(`extra-${Math.trunc(performance.now())}`, { description: 'New' }, () => ({
      content: [],
    }))
    return { content: [] }
  })
  return server
}
