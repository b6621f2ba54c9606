import type { Duplex } from 'node:stream'
import { gatherWrites } from '../gather-writes.ts'
import type { HostChannel } from '../host-channel.ts'
import type { JsonRpcMessage } from '../json-rpc.ts'
import { encodeMessage } from '../message-door.ts'
import { MESSAGE_LIMITS, type MessageLimits } from '../message-limits.ts'
import { type Scheduler, systemScheduler } from '../ports.ts'
import { readMessages } from '../read-messages.ts'
import { drained, hostGone } from './drained.ts'

/** How long a host may take to read the rest after the session is over. */
const CLOSE_MS_MAX = 2_000

export interface StreamChannelInit {
  readonly limits?: MessageLimits
  readonly scheduler?: Scheduler
}

/**
 * A host on a byte stream, newline-delimited JSON both ways: the Unix socket behind `warren connect`.
 *
 * Nothing but messages is ever written. A socket must have been accepted with `allowHalfOpen`, so
 * that a host which has said its last word can still be answered.
 */
export class StreamChannel implements HostChannel {
  readonly messages: AsyncIterable<JsonRpcMessage>
  readonly #stream: Duplex
  readonly #scheduler: Scheduler

  constructor(stream: Duplex, init: StreamChannelInit = {}) {
    this.#stream = stream
    this.#scheduler = init.scheduler ?? systemScheduler
    // An error reaches whoever reads or writes; without a listener it would end the process.
    stream.on('error', () => {})
    this.messages = readMessages(bytesOf(stream), {
      limits: init.limits ?? MESSAGE_LIMITS,
      refuse: (answer) => this.send(answer),
    })
  }

  async send(message: JsonRpcMessage): Promise<void> {
    if (!this.#stream.writable) throw hostGone()
    gatherWrites(this.#stream)
    if (this.#stream.write(encodeMessage(message))) return
    await drained(this.#stream)
  }

  close(_reason: Error): void {
    const cancel = this.#scheduler.after(CLOSE_MS_MAX, () => this.#stream.destroy())
    this.#stream.end(() => {
      cancel()
      this.#stream.destroy()
    })
  }
}

/** The bytes of a stream; its end does not destroy the stream, whose other side may still be written. */
async function* bytesOf(stream: Duplex): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterable<unknown> = stream.iterator({ destroyOnReturn: false })
  for await (const chunk of chunks) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('a byte stream has no encoding')
    yield chunk
  }
}
