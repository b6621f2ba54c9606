import type { Stream, StreamCloseEvent } from '@libp2p/interface'
import { NetworkError } from './network-error.ts'

/**
 * Sends bytes on a stream and resolves when more may be sent.
 *
 * `stream.onDrain()` is no help: its promise is made once and stays resolved after the first
 * drain (@libp2p/utils 7.4), so a sender that waits for it fills the memory.
 *
 * @throws NetworkError `stream-over`, `stream-reset`; the reason of the signal
 */
export async function sendAll(
  stream: Stream,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted()
  if (stream.writeStatus !== 'writable') {
    throw new NetworkError('stream-over', 'the stream takes no more bytes')
  }
  if (stream.send(bytes) && !stream.writableNeedsDrain) return
  await drained(stream, signal)
}

async function drained(stream: Stream, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  // The stream flushes its own queue one microtask after 'drain', and that may fill the window again.
  const onDrain = (): void => {
    queueMicrotask(() => {
      if (!stream.writableNeedsDrain) resolve()
    })
  }
  const onClose = ({ error }: StreamCloseEvent): void => {
    reject(new NetworkError('stream-reset', 'the stream ended while sending', { cause: error }))
  }
  const onAbort = (): void => reject(toError(signal.reason))
  stream.addEventListener('drain', onDrain)
  stream.addEventListener('close', onClose)
  signal.addEventListener('abort', onAbort)
  try {
    await promise
  } finally {
    stream.removeEventListener('drain', onDrain)
    stream.removeEventListener('close', onClose)
    signal.removeEventListener('abort', onAbort)
  }
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new NetworkError('stream-over', 'the wait was given up')
}
