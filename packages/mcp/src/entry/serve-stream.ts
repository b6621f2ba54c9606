import type { Duplex } from 'node:stream'
import type { HostChannel } from '../host-channel.ts'
import { isRequest } from '../json-rpc.ts'
import { asMcpError, type McpError } from '../mcp-error.ts'
import { type Scheduler, systemScheduler } from '../ports.ts'
import { errorAnswer } from '../rpc-answer.ts'
import type { Endpoint } from './endpoint.ts'
import { StreamChannel, type StreamChannelInit } from './stream-channel.ts'

/** How long a host that cannot be served is listened to, for the request that gets the reason. */
const REFUSAL_MS_MAX = 2_000

export interface ServeStreamInit extends StreamChannelInit {
  readonly endpoint: Endpoint
  readonly signal: AbortSignal
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
  { endpoint, signal, ...init }: ServeStreamInit,
): Promise<McpError | undefined> {
  const channel = new StreamChannel(stream, init)
  try {
    const session = await endpoint.openSession(channel, signal)
    return await session.ended
  } catch (error) {
    const reason = asMcpError(error, 'peer-unreachable', 'the server cannot be reached')
    await answerFirst(channel, reason, init.scheduler ?? systemScheduler)
    return reason
  }
}

async function answerFirst(
  channel: HostChannel,
  reason: McpError,
  scheduler: Scheduler,
): Promise<void> {
  const cancel = scheduler.after(REFUSAL_MS_MAX, () => channel.close(reason))
  try {
    for await (const message of channel.messages) {
      if (!isRequest(message)) continue
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
