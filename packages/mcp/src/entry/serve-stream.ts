import type { Duplex } from 'node:stream'
import { clientNameIn } from '../consumer/client-name.ts'
import type { HostChannel } from '../host-channel.ts'
import { isRequest } from '../json-rpc.ts'
import { asMcpError, codeBehind, type McpError } from '../mcp-error.ts'
import { type Scheduler, systemScheduler } from '../ports.ts'
import { errorAnswer } from '../rpc-answer.ts'
import type { Endpoint, UnsentRequest } from './endpoint.ts'
import { StreamChannel, type StreamChannelInit } from './stream-channel.ts'

/** How long a host that cannot be served is listened to, for the request that gets the reason. */
const REFUSAL_MS_MAX = 2_000

export interface ServeStreamInit extends StreamChannelInit {
  readonly endpoint: Endpoint
  readonly signal: AbortSignal
  /** Told of a request that came before it was known that the endpoint cannot be reached. Never rejects. */
  readonly unsent?: (unsent: UnsentRequest) => Promise<void>
}

/**
 * Connects a host on a byte stream to an endpoint until one of them ends.
 *
 * Where the endpoint cannot be reached, the host's first request is answered with the reason, so
 * that the person in front of it reads a sentence instead of watching a program exit.
 *
 * @returns why it ended; nothing when the host closed. Never rejects
 */
export async function serveStream(
  stream: Duplex,
  { endpoint, signal, unsent, ...init }: ServeStreamInit,
): Promise<McpError | undefined> {
  const channel = new StreamChannel(stream, init)
  try {
    const session = await endpoint.openSession(channel, signal)
    return await session.ended
  } catch (error) {
    const reason = asMcpError(error, 'peer-unreachable', 'the server cannot be reached')
    const refusal = { reason, unsent, scheduler: init.scheduler ?? systemScheduler }
    await answerFirst(channel, refusal)
    return reason
  }
}

interface Refusing {
  readonly reason: McpError
  readonly unsent: ServeStreamInit['unsent']
  readonly scheduler: Scheduler
}

async function answerFirst(
  channel: HostChannel,
  { reason, unsent, scheduler }: Refusing,
): Promise<void> {
  const cancel = scheduler.after(REFUSAL_MS_MAX, () => channel.close(reason))
  try {
    for await (const message of channel.messages) {
      if (!isRequest(message)) continue
      const client = clientNameIn(message)
      const who = client === undefined ? {} : { client }
      await unsent?.({ request: message, ...who, code: codeBehind(reason) })
      await channel.send(errorAnswer(message.id, reason))
      break
    }
  } catch {
    // The host is gone or speaks no JSON-RPC: nobody is left to be told.
  } finally {
    cancel()
    channel.close(reason)
  }
}
