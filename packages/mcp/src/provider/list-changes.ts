import { MessageQueue } from '../entry/message-queue.ts'
import { readServerEvents } from '../http/server-events.ts'
import { saysToolsChanged } from '../http/tools-changed.ts'
import { McpError } from '../mcp-error.ts'
import { MessageError, parseMessage } from '../message-door.ts'
import { MESSAGE_LIMITS, type MessageLimits } from '../message-limits.ts'

/** A note has a few words: what is longer is none, and is not kept. */
const NOTE_BYTES_MAX = 65_536
const NOTE_LIMITS: MessageLimits = { ...MESSAGE_LIMITS, messageBytesMax: NOTE_BYTES_MAX }
/** Chunks that the reader along has not taken. */
const WAITING_MAX = 1

/** The same bytes of an event stream; calls `changed` for each note that the tools of the server have changed. */
export async function* watchingLists(
  chunks: AsyncIterable<Uint8Array>,
  changed: () => void,
): AsyncGenerator<Uint8Array> {
  const along = new MessageQueue<Uint8Array>(WAITING_MAX)
  const reading = readNotes(along, changed)
  try {
    for await (const chunk of chunks) {
      await along.push(chunk)
      yield chunk
    }
  } finally {
    along.end()
    await reading
  }
}

/** Begins anew behind an event that is too long. */
async function readNotes(chunks: MessageQueue<Uint8Array>, changed: () => void): Promise<void> {
  let isOver = false
  while (!isOver) isOver = await readShortNotes(chunks, changed)
}

/** Says whether the stream is over; it may stand within an event that is too long. */
async function readShortNotes(
  chunks: MessageQueue<Uint8Array>,
  changed: () => void,
): Promise<boolean> {
  try {
    for await (const { data } of readServerEvents(chunks, NOTE_BYTES_MAX)) {
      if (saysChanged(data)) changed()
    }
    return true
  } catch (error) {
    if (error instanceof McpError) return false
    throw error
  }
}

function saysChanged(data: string): boolean {
  // No serialiser escapes these letters.
  if (!data.includes('list_changed')) return false
  try {
    return saysToolsChanged(parseMessage(data, NOTE_LIMITS))
  } catch (error) {
    if (error instanceof MessageError) return false
    throw error
  }
}
