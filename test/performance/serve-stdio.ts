import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { createTrivialServer } from './trivial-server.ts'

serveStdio(createTrivialServer)
