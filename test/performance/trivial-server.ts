import { McpServer } from '@modelcontextprotocol/server'
import * as z from 'zod/v4'

/** The server that every variant calls: one tool that returns its argument. */
export function createTrivialServer(): McpServer {
  const server = new McpServer(
    { name: 'trivial', version: '1.0.0' },
    { capabilities: { tools: {} } },
  )
  server.registerTool(
    'echo',
    { description: 'Returns its text', inputSchema: z.object({ text: z.string() }) },
    ({ text }) => ({ content: [{ type: 'text', text }] }),
  )
  return server
}
