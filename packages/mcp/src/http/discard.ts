import type { IncomingMessage } from 'node:http'
import { chunksOf } from './response-messages.ts'

/** What a server may say beside a status that tells everything, for the sake of its connection. */
const DISCARDED_BYTES_MAX = 64 * 1024

/**
 * Lets a response go whose body says nothing: a short one is read to its end, so that its connection serves again, a
 * longer one cuts it off. The signal of the request bounds the time.
 *
 * @throws whatever the response throws
 */
export async function discard(response: IncomingMessage): Promise<void> {
  let length = 0
  for await (const chunk of chunksOf(response)) {
    length += chunk.length
    // Leaving the loop destroys the response.
    if (length > DISCARDED_BYTES_MAX) return
  }
}
