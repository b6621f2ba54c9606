/**
 * A small MCP server for tests, on standard streams: its methods do what real servers do on bad days.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

interface Message {
  readonly jsonrpc: '2.0'
  readonly id?: string | number
  readonly method?: string
  readonly params?: Record<string, unknown> & { readonly _meta?: Record<string, unknown> }
  readonly result?: unknown
  readonly error?: unknown
}

const seen: Message[] = []
let lastAsked = 0
const asked = new Map<number, (answer: Message) => void>()

async function say(message: object | string): Promise<void> {
  const line = typeof message === 'string' ? message : JSON.stringify(message)
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain')
}

function note(method: string, params: object): Promise<void> {
  return say({ jsonrpc: '2.0', method, params })
}

type Method = (params: NonNullable<Message['params']>, id: string | number) => unknown

const methods: Record<string, Method> = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: {},
    serverInfo: { name: 'script', version: '1' },
    'x-unknown': { kept: true },
  }),
  'tools/list': () => ({ tools: [] }),
  'tools/call': (params) => ({ content: [{ type: 'text', text: JSON.stringify(params) }] }),
  'test/echo': (params) => ({ params }),
  'test/environment': () => ({ env: process.env, cwd: process.cwd(), pid: process.pid }),
  'test/seen': () => ({ seen }),
  'test/exit': ({ code }) => process.exit(Number(code)),
  'test/hang': () => undefined,
  'test/ignore-signals': () => {
    process.on('SIGTERM', () => {})
    setInterval(() => {}, 1_000)
    return { pid: process.pid }
  },
  'test/spawn': () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
      stdio: 'inherit',
    })
    return { pids: [process.pid, child.pid] }
  },
  'test/raw': async ({ line, exit }) => {
    await say(String(line))
    if (exit === true) process.exit(0)
    return undefined
  },
  'test/stderr': ({ text, times }) => {
    for (let i = 0; i < Number(times); i += 1) process.stderr.write(String(text))
    return {}
  },
  'test/progress': async ({ count, bytes = 0, _meta }) => {
    const progressToken = _meta?.['progressToken']
    const message = 'x'.repeat(Number(bytes))
    for (let progress = 1; progress <= Number(count); progress += 1) {
      const said = bytes === 0 ? {} : { message }
      await note('notifications/progress', { progressToken, progress, ...said })
    }
    return { done: true }
  },
  'test/log': async ({ count }) => {
    for (let data = 1; data <= Number(count); data += 1) {
      await note('notifications/message', { level: 'info', data })
    }
    return { done: true }
  },
  'test/flood': async ({ count, bytes }) => {
    const data = 'x'.repeat(Number(bytes))
    for (let index = 0; index < Number(count); index += 1) {
      await note('notifications/message', { level: 'info', data })
      process.stderr.write(`flood ${index}\n`)
    }
    return { done: true }
  },
  'test/ask': async ({ method }) => {
    lastAsked += 1
    const id = lastAsked
    const { promise, resolve } = Promise.withResolvers<Message>()
    asked.set(id, resolve)
    await say({ jsonrpc: '2.0', id, method, params: {} })
    return { answer: await promise }
  },
  'subscriptions/listen': async (_params, id) => {
    const meta = { 'io.modelcontextprotocol/subscriptionId': id }
    await note('notifications/subscriptions/acknowledged', { _meta: meta })
    await note('notifications/tools/list_changed', { _meta: meta })
    return undefined
  },
}

async function take(message: Message): Promise<void> {
  seen.push(message)
  const { id, method, params = {} } = message
  if (method === undefined) return asked.get(Number(id))?.(message)
  if (id === undefined) return undefined
  const run = methods[method]
  if (run === undefined) {
    return say({ jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } })
  }
  const result = await run(params, id)
  return result === undefined ? undefined : say({ jsonrpc: '2.0', id, result })
}

for await (const line of createInterface({ input: process.stdin })) {
  void take(JSON.parse(line) as Message)
}
