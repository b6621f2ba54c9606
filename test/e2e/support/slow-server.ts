import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import * as z from 'zod/v4'

/** A server for end-to-end tests: one tool that answers at once, one that never does, and one that fails. */
serveStdio(() => {
  const server = new McpServer({ name: 'slow', version: '1.0.0' }, { capabilities: { tools: {} } })
  server.registerTool(
    'echo',
    { description: 'Returns its text', inputSchema: z.object({ text: z.string() }) },
    ({ text }) => ({
      content: [{ type: 'text', text }],
    }),
  )
  server.registerTool('fail', { description: 'Fails' }, () => ({
    isError: true,
    content: [{ type: 'text', text: 'the disk is full' }],
  }))
  server.registerTool('hang', { description: 'Never answers' }, () => new Promise<never>(() => {}))
  return server
})
