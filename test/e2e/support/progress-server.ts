import { setTimeout as delay } from 'node:timers/promises'
import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import * as z from 'zod/v4'

/** A server for end-to-end tests: one tool that answers at once, and one that reports progress for ten minutes. */
const STEPS = 30_000
const PAUSE_MS = 20

serveStdio(() => {
  const server = new McpServer({ name: 'pump', version: '1.0.0' }, { capabilities: { tools: {} } })
  server.registerTool(
    'echo',
    { description: 'Returns its text', inputSchema: z.object({ text: z.string() }) },
    ({ text }) => ({ content: [{ type: 'text', text }] }),
  )
  server.registerTool('watch', { description: 'Reports' }, async ({ mcpReq }) => {
    const { _meta: meta, signal } = mcpReq
    const progressToken = meta?.progressToken
    for (let progress = 1; progress <= STEPS && !signal.aborted; progress += 1) {
      if (progressToken !== undefined) {
        const params = { progressToken, progress, total: STEPS }
        await mcpReq.notify({ method: 'notifications/progress', params })
      }
      await delay(PAUSE_MS)
    }
    return { content: [] }
  })
  return server
})
