import { McpServer as LegacyServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport as LegacyTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import {
  acceptedContent,
  inputRequired,
  McpServer,
  ResourceTemplate,
} from '@modelcontextprotocol/server'
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import * as z from 'zod/v4'
import type { Serve } from './stream-endpoint.ts'

/** What the servers of one test have seen. */
export interface Witness {
  readonly aborted: string[]
}

/** A server made with SDK v2: both eras. */
export function bothEras(name: string, witness: Witness = { aborted: [] }): Serve {
  return (stream: Duplex) => {
    serveStdio(() => demoServer(name, witness), {
      transport: new StdioServerTransport(stream, stream),
      onerror: () => {},
    })
  }
}

export function demoServer(name: string, witness: Witness): McpServer {
  const server = new McpServer(
    { name, version: '1.0.0' },
    { capabilities: { tools: { listChanged: true }, logging: {}, resources: { subscribe: true } } },
  )
  server.registerTool(
    'echo',
    { title: 'Echo', description: 'Says it again', inputSchema: z.object({ text: z.string() }) },
    ({ text }) => ({ content: [{ type: 'text', text: `${name}: ${text}` }] }),
  )
  server.registerTool(
    'count',
    {
      description: 'Counts to n',
      inputSchema: z.object({ n: z.number(), pauseMs: z.number().optional() }),
    },
    async ({ n, pauseMs = 1 }, ctx) => {
      const progressToken = ctx.mcpReq['_meta']?.progressToken
      for (let i = 1; i <= n && !ctx.mcpReq.signal.aborted; i += 1) {
        if (progressToken !== undefined) {
          const params = { progressToken, progress: i, total: n }
          await ctx.mcpReq.notify({ method: 'notifications/progress', params })
        }
        await delay(pauseMs)
      }
      if (ctx.mcpReq.signal.aborted) witness.aborted.push(name)
      return { content: [{ type: 'text', text: `${name} counted to ${n}` }] }
    },
  )
  server.registerTool(
    'deploy',
    { description: 'Asks first', inputSchema: z.object({ env: z.string() }) },
    ({ env }, ctx) => {
      const answer = acceptedContent(
        ctx.mcpReq.inputResponses,
        'confirm',
        z.object({ confirm: z.boolean() }),
      )
      if (answer?.confirm === true) return { content: [{ type: 'text', text: `deployed ${env}` }] }
      return inputRequired({
        inputRequests: {
          confirm: inputRequired.elicit({
            message: `Deploy ${env}?`,
            requestedSchema: {
              type: 'object',
              properties: { confirm: { type: 'boolean' } },
              required: ['confirm'],
            },
          }),
        },
      })
    },
  )
  server.registerPrompt(
    'greet',
    { description: 'Greets', argsSchema: z.object({ who: z.string() }) },
    ({ who }) => ({
      messages: [{ role: 'user', content: { type: 'text', text: `${name} greets ${who}` } }],
    }),
  )
  server.registerResource('about', `about://${name}`, { title: 'About' }, (uri) => ({
    contents: [{ uri: uri.href, text: `about ${name}` }],
  }))
  server.registerResource('shared', 'shared://readme', {}, (uri) => ({
    contents: [{ uri: uri.href, text: `shared by ${name}` }],
  }))
  server.registerResource(
    'log',
    new ResourceTemplate(`log://${name}/{day}`, { list: undefined }),
    {},
    (uri) => ({
      contents: [{ uri: uri.href, text: `${name} log` }],
    }),
  )
  return server
}

/** A server made with SDK v1: legacy alone, and it asks by requests. */
export function legacyOnly(name: string): Serve {
  return (stream: Duplex) => {
    const server = new LegacyServer({ name, version: '1.0.0' }, { capabilities: { logging: {} } })
    server.registerTool('echo', { inputSchema: { text: z.string() } }, ({ text }) => ({
      content: [{ type: 'text', text: `${name}: ${text}` }],
    }))
    server.registerTool('ask', { inputSchema: { question: z.string() } }, async ({ question }) => {
      const answer = await server.server.elicitInput({
        message: question,
        requestedSchema: { type: 'object', properties: { reply: { type: 'string' } } },
      })
      return {
        content: [{ type: 'text', text: `${name} heard ${JSON.stringify(answer.content)}` }],
      }
    })
    server.registerTool('whoami', {}, () => {
      const { name: host } = server.server.getClientVersion() ?? { name: 'nobody' }
      const text = JSON.stringify({ host, capabilities: server.server.getClientCapabilities() })
      return { content: [{ type: 'text', text }] }
    })
    void server.connect(new LegacyTransport(stream, stream))
  }
}

/** One method of a server without an SDK. */
export type Answer = (params: Record<string, unknown>, id: unknown) => unknown

/** A server of plain JSON: what it answers is what a test says, unknown members and all. Silence is `undefined`. */
export function scripted(methods: Record<string, Answer>): Serve {
  return (stream: Duplex) => {
    let rest = ''
    stream.on('error', () => {})
    stream.setEncoding('utf8')
    stream.on('data', (chunk: string) => {
      rest += chunk
      const lines = rest.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) answerLine(stream, methods, line)
    })
  }
}

function answerLine(stream: Duplex, methods: Record<string, Answer>, line: string): void {
  const {
    id,
    method,
    params = {},
  } = JSON.parse(line) as {
    id?: unknown
    method?: string
    params?: Record<string, unknown>
  }
  if (method === undefined || id === undefined) return
  const answer = methods[method]
  const put = (message: object): void =>
    void stream.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...message })}\n`)
  if (answer === undefined) return put({ error: { code: -32_601, message: 'Method not found' } })
  const result = answer(params, id)
  if (result !== undefined) put({ result })
}

/** The handshake of a legacy server with these capabilities. */
export function handshake(capabilities: object): Record<string, Answer> {
  return {
    initialize: ({ protocolVersion }) => ({
      protocolVersion,
      capabilities,
      serverInfo: { name: 'scripted', version: '1' },
    }),
  }
}
