/** A server of the SDK v2 on standard streams. */
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { makeServer } from './mcp-modern-tools.ts'

serveStdio(makeServer)
