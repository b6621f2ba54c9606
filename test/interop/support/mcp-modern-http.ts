/** The newer server of the SDK v2 behind Streamable HTTP, stateless; says its port on standard output. */
import { createMcpHandler } from '@modelcontextprotocol/server'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { makeServer } from './mcp-modern-tools.ts'

const handler = createMcpHandler(makeServer)
const serve = toNodeHandler(handler)
const server = createServer((request, response) => void serve(request as never, response))
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
})
