import {
  type ExchangeRequest,
  type ExchangeResponse,
  type MeshStream,
  openExchange,
  systemScheduler,
} from '@warren/mcp'
import { memoryStreamPair } from '@warren/testkit'
import { SessionCalls, WaitingCalls, type WaitingLimits } from '../../src/consumer/session-calls.ts'
import { RecordingJournal } from './recording-journal.ts'
import { memoryLogger } from './test-mesh.ts'

/** One exchange, at whose other end a test plays the node of the server. */
export interface PlayedExchange {
  readonly response: Promise<ExchangeResponse>
  /** The end of its stream that the host's node holds. */
  readonly near: MeshStream
  /** Begins a response, of an event stream where no type is given. */
  readonly head: (fields?: Readonly<Record<string, string>>) => Promise<void>
  readonly say: (text: string) => Promise<void>
  readonly end: () => Promise<void>
  /** All of its body, once it has ended. */
  readonly body: () => Promise<string>
}

/** Exchanges of one session at a server of a peer, which can be anybody. */
export class PlayedSession {
  readonly journal = new RecordingJournal()
  readonly waiting: WaitingCalls
  readonly calls: SessionCalls
  readonly leaving = new AbortController()

  constructor(limits?: WaitingLimits) {
    this.waiting = new WaitingCalls(limits)
    this.calls = new SessionCalls(this.waiting)
  }

  /** Asks something that the journal is told of, unless it is another method. */
  post(id: number | string, method = 'tools/call'): PlayedExchange {
    const message = { jsonrpc: '2.0', id, method, params: {} } as const
    return this.#exchange({ method: 'POST', headers: {}, message })
  }

  get(): PlayedExchange {
    return this.#exchange({ method: 'GET', headers: {} })
  }

  /** Asks for a session, and so in none. */
  initialize(): PlayedExchange {
    const message = { jsonrpc: '2.0', id: 0, method: 'initialize', params: {} } as const
    return this.#exchange({ method: 'POST', headers: {}, message }, {})
  }

  /** Says something that asks for no answer. */
  note(): PlayedExchange {
    const message = { jsonrpc: '2.0', method: 'notifications/initialized' } as const
    return this.#exchange({ method: 'POST', headers: {}, message })
  }

  /** A request whose stream has ended with these events. */
  async asked(id: number | string, text: string = RESUMABLE): Promise<void> {
    const post = this.post(id)
    await play(post, text)
    await post.body()
  }

  #exchange(
    asked: ExchangeRequest,
    session: Pick<ExchangeRequest, 'calls'> = { calls: this.calls },
  ): PlayedExchange {
    const [near, far] = memoryStreamPair()
    const write = async (text: string): Promise<void> => far.write(Buffer.from(text))
    const response = openExchange(
      { open: () => Promise.resolve(near), server: 'web', journal: this.journal },
      { ...asked, ...session },
      {
        signal: this.leaving.signal,
        components: { logger: memoryLogger(), scheduler: systemScheduler },
      },
    )
    return {
      response,
      near,
      head: async (headers = EVENTS) =>
        write(`${JSON.stringify(['ok', { status: 200, headers }])}\n`),
      say: write,
      end: async () => far.end(),
      body: async () => Buffer.concat(await Array.fromAsync((await response).body)).toString(),
    }
  }
}

const EVENTS = { 'content-type': 'text/event-stream' }

/** What a server says before it closes a stream that may be taken up again. */
export const RESUMABLE = 'id: 1\ndata: \n\n'

/** Plays a whole response. */
export async function play(exchange: PlayedExchange, text: string): Promise<void> {
  await exchange.head()
  await exchange.say(text)
  await exchange.end()
}

/** An answer as an event. */
export function answer(id: number | string, result: object = {}): string {
  return `data: ${JSON.stringify({ jsonrpc: '2.0', id, result })}\n\n`
}
