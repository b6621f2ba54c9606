import type { ServerResponse } from 'node:http'
import type { JsonRpcMessage } from '../../json-rpc.ts'
import type { Scheduler } from '../../ports.ts'
import { drained, hostGone } from '../drained.ts'
import type { HttpLimits } from './http-limits.ts'

export interface EventStreamInit {
  readonly scheduler: Scheduler
  readonly limits: HttpLimits
  readonly headers?: Readonly<Record<string, string>>
}

/** A response that is a stream of server-sent events, one message each, kept alive by comments. */
export class EventStream {
  readonly #response: ServerResponse
  readonly #init: EventStreamInit
  #stopComments: () => void = () => {}

  /** Sends the head of the response. */
  constructor(response: ServerResponse, init: EventStreamInit) {
    this.#response = response
    this.#init = init
    response.writeHead(200, {
      ...init.headers,
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
    })
    response.flushHeaders()
    response.once('close', () => this.#stopComments())
    this.#scheduleComment()
  }

  onClose(listener: () => void): void {
    this.#response.once('close', listener)
  }

  get open(): boolean {
    return this.#response.writable && !this.#response.destroyed
  }

  /**
   * Resolves when more may be sent.
   *
   * @throws McpError `host-gone`, also when the host leaves the stream unread for too long
   */
  async send(message: JsonRpcMessage): Promise<void> {
    if (!this.open) throw hostGone()
    // JSON has no line breaks outside of strings and escapes them inside, so one data line is enough.
    if (this.#response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`)) return
    await withoutStalling(this.#response, this.#init)
  }

  end(): void {
    this.#stopComments()
    this.#response.end()
  }

  #scheduleComment(): void {
    const { scheduler, limits } = this.#init
    this.#stopComments = scheduler.after(limits.sseKeepAliveMs, () => {
      if (!this.open) return
      if (!this.#response.writableNeedDrain) this.#response.write(': alive\n\n')
      this.#scheduleComment()
    })
  }
}

/** Waits until the host has read what was written; a host that does not is cut off. */
export async function withoutStalling(
  response: ServerResponse,
  { scheduler, limits }: Pick<EventStreamInit, 'scheduler' | 'limits'>,
): Promise<void> {
  const cancel = scheduler.after(limits.stallMs, () => response.destroy())
  try {
    await drained(response)
  } finally {
    cancel()
  }
}
