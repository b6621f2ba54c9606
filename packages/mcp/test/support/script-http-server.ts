import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the server was asked, as it came. */
export interface Asked {
  readonly method: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Record<string, unknown>
}

/** A small Streamable HTTP server for tests, stateful and stateless, with events that break off. */
export class ScriptHttpServer {
  readonly asked: Asked[] = []
  readonly ended: string[] = []
  readonly sessions = new Set<string>()
  /** Open event streams of GET requests. */
  readonly listening: ServerResponse[] = []
  /** How many requests were closed by the other side before they were answered. */
  broken = 0
  /** What `test/raw` is answered with where it does not say so itself. */
  body = ''
  readonly #hanging: ((before: string) => void)[] = []
  readonly #server: Server
  #lastSession = 0

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response))
  }

  static async start(): Promise<ScriptHttpServer> {
    const server = new ScriptHttpServer()
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo
    return `http://127.0.0.1:${port}/mcp`
  }

  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  /** Answers what `test/hang` has left open, also what nobody listens to any more; the message goes before. */
  finishHanging(...before: readonly object[]): void {
    for (const finish of this.#hanging.splice(0)) finish(before.map(event).join(''))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', headers } = request
    const text = Buffer.concat(await Array.fromAsync(request)).toString()
    const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
    this.asked.push({ method, headers, body })
    response.on('close', () => {
      if (!response.writableFinished) this.broken += 1
    })
    const session = headers['mcp-session-id']
    if (typeof session === 'string' && !this.sessions.has(session)) {
      response.writeHead(404).end()
    } else if (method === 'DELETE') {
      this.ended.push(String(session))
      this.sessions.delete(String(session))
      response.writeHead(200).end()
    } else if (method === 'GET') {
      this.#listen(request, response)
    } else {
      this.#answer(body, response)
    }
  }

  #listen({ headers }: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    if (headers['last-event-id'] === 'resume-me') {
      response.end(event({ jsonrpc: '2.0', id: 'resumed', result: { resumed: true } }))
    } else {
      this.listening.push(response)
    }
  }

  #answer({ id, method, params = {} }: Record<string, unknown>, response: ServerResponse): void {
    const asked = { id, params: params as Record<string, unknown>, response }
    if (method === 'test/raw') this.#raw(asked)
    else if (id === undefined || method === undefined) response.writeHead(202).end()
    else if (method === 'initialize') this.#initialize(asked)
    else if (method === 'test/events') this.#events(asked)
    else if (method === 'test/break') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(': note\r\nid: resume-me\r\nretry: 10\r\ndata:\r\n\r\n')
    } else if (method === 'test/status') {
      this.#status(asked)
    } else if (method === 'test/hang') {
      this.#hang(asked)
    } else if (method === 'test/redirect') {
      response.writeHead(307, { location: 'http://127.0.0.1:9/' }).end()
    } else if (method === 'test/cut') {
      this.#cut(asked)
    } else this.#json(asked, { method, params, tools: TOOLS })
  }

  /** With `before`, which comes before it, the answer is an event. */
  #initialize({ id, params, response }: Request): void {
    this.#lastSession += 1
    const session = `session-${this.#lastSession}`
    this.sessions.add(session)
    response.setHeader('mcp-session-id', session)
    response.setHeader('set-cookie', 'secret=1')
    const result = { protocolVersion: '2025-06-18', capabilities: {} }
    const { before } = params
    if (typeof before !== 'string') return this.#json({ id, params, response }, result)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(before + event({ jsonrpc: '2.0', id, result }))
  }

  #events({ id, params, response }: Request): void {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    const progressToken = (params['_meta'] as Record<string, unknown> | undefined)?.[
      'progressToken'
    ]
    for (const progress of [1, 2]) {
      const note = { progressToken, progress }
      response.write(event({ jsonrpc: '2.0', method: 'notifications/progress', params: note }))
    }
    response.write(event({ jsonrpc: '2.0', id: 1, method: 'elicitation/create', params: {} }))
    response.end(event({ jsonrpc: '2.0', id, result: { '\u20ac': '\r' } }))
  }

  #cut({ params, response }: Request): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'content-length': '1000' })
    const before = params['resumable'] === true ? RESUME_ME : ''
    response.write(`${before}data: {"jsonrpc":"2.0",`, () => response.destroy())
  }

  /** Answers when it is told to; with `late` its head comes no sooner, with `whole` it is a body, with `broken` no message. */
  #hang({ id, params, response }: Request): void {
    if (params['whole'] === true) {
      this.#hanging.push(() => this.#json({ id, params, response }, resultOf(params)))
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    if (params['resumable'] === true) response.write(RESUME_ME)
    else if (params['late'] !== true) {
      response.write(event({ jsonrpc: '2.0', method: 'notifications/message', params: {} }))
    }
    const answer = event({ jsonrpc: '2.0', id, result: resultOf(params) })
    this.#hanging.push((before) => response.end(before + answer))
  }

  #status({ id, params, response }: Request): void {
    const error = { jsonrpc: '2.0', id, error: { code: -32022, message: 'unsupported' } }
    response.writeHead(Number(params['status']), { 'content-type': 'application/json' })
    response.end(params['plain'] === true ? 'no' : JSON.stringify(error))
  }

  #raw({ params, response }: Request): void {
    const { status = 200, type = 'application/json', text = this.body } = params
    response.writeHead(Number(status), { 'content-type': String(type) }).end(String(text))
  }

  #json({ id, response }: Request, result: object): void {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
  }
}

interface Request {
  readonly id: unknown
  readonly params: Record<string, unknown>
  readonly response: ServerResponse
}

/** What `resumed` is answered behind. */
const RESUME_ME = 'id: resume-me\ndata: \n\n'

/** With `broken` none that a message can have. */
function resultOf({ broken }: Record<string, unknown>): object {
  return broken === true ? [] : {}
}

const TOOLS = [
  {
    name: 'deploy',
    inputSchema: {
      type: 'object',
      properties: {
        region: { type: 'string', 'x-mcp-header': 'Region' },
        loud: { type: 'boolean', 'x-mcp-header': 'Loud' },
        rate: { type: 'number', 'x-mcp-header': 'Rate' },
        deep: { type: 'object', properties: { n: { type: 'integer', 'x-mcp-header': 'Deep-N' } } },
      },
    },
  },
]

export function event(message: object): string {
  return `event: message\ndata: ${JSON.stringify(message)}\n\n`
}
