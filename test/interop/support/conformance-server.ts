/**
 * The server that the official conformance suite expects to test, as a program: `stdio`, or `http <port>`.
 */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import {
  CallToolRequestSchema,
  type CallToolResult,
  CompleteRequestSchema,
  CreateMessageResultSchema,
  ElicitResultSchema,
  GetPromptRequestSchema,
  type GetPromptResult,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  ReadResourceRequestSchema,
  type ReadResourceResult,
  type ServerNotification,
  type ServerRequest,
  SetLevelRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const WAV = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA='
const STEP_MS = 50

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>
type Tool = (
  args: Record<string, unknown>,
  extra: Extra,
) => Promise<CallToolResult> | CallToolResult

const text = (words: string): { type: 'text'; text: string } => ({ type: 'text', text: words })
const image = { type: 'image' as const, data: PNG, mimeType: 'image/png' }

async function elicit(extra: Extra, message: string, schema: object): Promise<string> {
  const requestedSchema = { type: 'object', ...schema } as never
  const request = { method: 'elicitation/create', params: { message, requestedSchema } } as const
  const { action, content } = await extra.sendRequest(request, ElicitResultSchema)
  return `action=${action}, content=${JSON.stringify(content ?? {})}`
}

function described(description: string): object {
  return { type: 'string', description }
}

const titled = (...names: string[]): object[] =>
  names.map((title, index) => ({ const: `value${index + 1}`, title }))

const TOOLS: Record<string, Tool> = {
  test_simple_text: () => ({ content: [text('This is a simple text response for testing.')] }),
  test_image_content: () => ({ content: [image] }),
  test_audio_content: () => ({ content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }] }),
  test_embedded_resource: () => ({
    content: [
      {
        type: 'resource',
        resource: {
          uri: 'test://embedded-resource',
          mimeType: 'text/plain',
          text: 'This is an embedded resource content.',
        },
      },
    ],
  }),
  test_multiple_content_types: () => ({
    content: [
      text('Multiple content types test:'),
      image,
      {
        type: 'resource',
        resource: {
          uri: 'test://mixed-content-resource',
          mimeType: 'application/json',
          text: '{"test":"data","value":123}',
        },
      },
    ],
  }),
  test_tool_with_logging: async (_, extra) => {
    for (const data of [
      'Tool execution started',
      'Tool processing data',
      'Tool execution completed',
    ]) {
      await extra.sendNotification({
        method: 'notifications/message',
        params: { level: 'info', data },
      })
      await delay(STEP_MS)
    }
    return { content: [text('Tool with logging executed successfully')] }
  },
  test_tool_with_progress: async (_, extra) => {
    const progressToken = extra['_meta']?.progressToken
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined) {
        await extra.sendNotification({
          method: 'notifications/progress',
          params: { progressToken, progress, total: 100 },
        })
      }
      await delay(STEP_MS)
    }
    return { content: [text('Tool with progress executed successfully')] }
  },
  test_error_handling: () => ({
    isError: true,
    content: [text('This tool intentionally returns an error for testing')],
  }),
  test_sampling: async ({ prompt }, extra) => {
    const messages = [{ role: 'user' as const, content: text(String(prompt)) }]
    const params = { messages, maxTokens: 100 }
    const { content } = await extra.sendRequest(
      { method: 'sampling/createMessage', params },
      CreateMessageResultSchema,
    )
    return { content: [text(`LLM response: ${'text' in content ? content.text : ''}`)] }
  },
  test_elicitation: async ({ message }, extra) => {
    const properties = {
      username: described("User's response"),
      email: described("User's email address"),
    }
    return {
      content: [
        text(
          `User response: ${await elicit(extra, String(message), { properties, required: ['username', 'email'] })}`,
        ),
      ],
    }
  },
  test_elicitation_sep1034_defaults: async (_, extra) => {
    const properties = {
      name: { type: 'string', default: 'John Doe' },
      age: { type: 'integer', default: 30 },
      score: { type: 'number', default: 95.5 },
      status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
      verified: { type: 'boolean', default: true },
    }
    return {
      content: [text(`Elicitation completed: ${await elicit(extra, 'Defaults', { properties })}`)],
    }
  },
  test_elicitation_sep1330_enums: async (_, extra) => {
    const plain = ['option1', 'option2', 'option3']
    const properties = {
      untitledSingle: { type: 'string', enum: plain },
      titledSingle: {
        type: 'string',
        oneOf: titled('First Option', 'Second Option', 'Third Option'),
      },
      legacyEnum: {
        type: 'string',
        enum: ['opt1', 'opt2', 'opt3'],
        enumNames: ['Option One', 'Option Two', 'Option Three'],
      },
      untitledMulti: { type: 'array', items: { type: 'string', enum: plain } },
      titledMulti: {
        type: 'array',
        items: { anyOf: titled('First Choice', 'Second Choice', 'Third Choice') },
      },
    }
    return {
      content: [text(`Elicitation completed: ${await elicit(extra, 'Enums', { properties })}`)],
    }
  },
  json_schema_2020_12_tool: () => ({ content: [text('ok')] }),
}

const SCHEMA_2020 = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object' as const,
  $defs: {
    address: {
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
  additionalProperties: false,
}

const user = (
  content: GetPromptResult['messages'][number]['content'],
): GetPromptResult['messages'][number] => ({ role: 'user', content })

const PROMPTS: Record<string, (args: Record<string, string>) => GetPromptResult> = {
  test_simple_prompt: () => ({ messages: [user(text('This is a simple prompt for testing.'))] }),
  test_prompt_with_arguments: ({ arg1, arg2 }) => ({
    messages: [user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))],
  }),
  test_prompt_with_embedded_resource: ({ resourceUri = '' }) => ({
    messages: [
      user({
        type: 'resource',
        resource: {
          uri: resourceUri,
          mimeType: 'text/plain',
          text: 'Embedded resource content for testing.',
        },
      }),
      user(text('Please process the embedded resource above.')),
    ],
  }),
  test_prompt_with_image: () => ({
    messages: [user(image), user(text('Please analyze the image above.'))],
  }),
}
const PROMPT_ARGUMENTS: Record<string, string[]> = {
  test_prompt_with_arguments: ['arg1', 'arg2'],
  test_prompt_with_embedded_resource: ['resourceUri'],
}

function read(uri: string): ReadResourceResult {
  const [, id] = /^test:\/\/template\/(.+)\/data$/.exec(uri) ?? []
  if (id !== undefined) {
    const body = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` })
    return { contents: [{ uri, mimeType: 'application/json', text: body }] }
  }
  if (uri === 'test://static-binary')
    return { contents: [{ uri, mimeType: 'image/png', blob: PNG }] }
  return {
    contents: [
      { uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
    ],
  }
}

function conformanceServer(): Server {
  const capabilities = {
    tools: {},
    prompts: {},
    resources: { subscribe: true },
    logging: {},
    completions: {},
  }
  const server = new Server({ name: 'conformance', version: '1.0.0' }, { capabilities })
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: Object.keys(TOOLS).map((name) => ({
      name,
      description: `The tool ${name}`,
      inputSchema: name.startsWith('json_schema') ? SCHEMA_2020 : { type: 'object' as const },
    })),
  }))
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    const tool = TOOLS[params.name]
    if (tool === undefined) throw new Error('unknown tool')
    return tool(params.arguments ?? {}, extra)
  })
  server.setRequestHandler(ListPromptsRequestSchema, () => ({
    prompts: Object.keys(PROMPTS).map((name) => ({
      name,
      description: `The prompt ${name}`,
      arguments: (PROMPT_ARGUMENTS[name] ?? []).map((argument) => ({
        name: argument,
        required: true,
      })),
    })),
  }))
  server.setRequestHandler(GetPromptRequestSchema, ({ params }) => {
    const prompt = PROMPTS[params.name]
    if (prompt === undefined) throw new Error('unknown prompt')
    return prompt(params.arguments ?? {})
  })
  server.setRequestHandler(ListResourcesRequestSchema, () => ({
    resources: ['static-text', 'static-binary', 'watched-resource'].map((name) => ({
      uri: `test://${name}`,
      name,
      description: `The resource ${name}`,
      mimeType: name === 'static-binary' ? 'image/png' : 'text/plain',
    })),
  }))
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: [
      { uriTemplate: 'test://template/{id}/data', name: 'template', mimeType: 'application/json' },
    ],
  }))
  server.setRequestHandler(ReadResourceRequestSchema, ({ params }) => read(params.uri))
  server.setRequestHandler(SubscribeRequestSchema, () => ({}))
  server.setRequestHandler(UnsubscribeRequestSchema, () => ({}))
  server.setRequestHandler(SetLevelRequestSchema, () => ({}))
  server.setRequestHandler(CompleteRequestSchema, () => ({
    completion: { values: ['paris', 'park'], total: 2, hasMore: false },
  }))
  return server
}

/** Legacy Streamable HTTP with sessions, as SDK v1 serves it. */
function serveHttp(port: number): void {
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  const http = createServer((request, response) => {
    void (async () => {
      const id = request.headers['mcp-session-id']
      let transport = typeof id === 'string' ? sessions.get(id) : undefined
      if (transport === undefined) {
        const made = new StreamableHTTPServerTransport({
          sessionIdGenerator: randomUUID,
          onsessioninitialized: (session) => void sessions.set(session, made),
        })
        await conformanceServer().connect(made)
        transport = made
      }
      await transport.handleRequest(request, response)
    })()
  })
  http.listen(port, '127.0.0.1', () => {
    const address = http.address()
    process.stdout.write(`${typeof address === 'object' && address !== null ? address.port : 0}\n`)
  })
}

const [mode, port = '0'] = process.argv.slice(2)
if (mode === 'http') serveHttp(Number(port))
else await conformanceServer().connect(new StdioServerTransport())
