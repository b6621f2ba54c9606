import { readFileSync } from 'node:fs'
import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'

const [, , file = ''] = process.argv

/** A server for end-to-end tests whose tool is described by what stands in a file when it starts. */
serveStdio(() => {
  const server = new McpServer(
    { name: 'changing', version: '1.0.0' },
    { capabilities: { tools: {} } },
  )
  server.registerTool('greet', { description: readFileSync(file, 'utf8') }, () => ({
    content: [{ type: 'text', text: 'hello' }],
  }))
  return server
})
