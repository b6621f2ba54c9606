import { McpError } from '../mcp-error.ts'

/** One event of a `text/event-stream` (HTML Living Standard §9.2). */
export interface ServerEvent {
  readonly type: string
  readonly data: string
  /** Whether there was a line of data: many a reader learns the id of such an event alone, also where the line is empty. */
  readonly hasData: boolean
  readonly id: string | undefined
  readonly retryMs: number | undefined
}

interface Fields {
  type: string
  data: string[]
  id: string | undefined
  retryMs: number | undefined
}

const LINE_END = /\r\n|\n|\r/

/**
 * The events of a byte stream; an event without data is given too, since it may carry an id or a delay.
 *
 * @throws McpError `message-too-long` when an event is longer than `eventBytesMax`, and whatever the source throws
 */
export async function* readServerEvents(
  source: AsyncIterable<Uint8Array>,
  eventBytesMax: number,
): AsyncGenerator<ServerEvent> {
  const reader = new ServerEventReader(eventBytesMax)
  for await (const chunk of source) yield* reader.take(chunk)
}

/** Reads events out of bytes that come piece by piece. */
class ServerEventReader {
  readonly #eventBytesMax: number
  readonly #decoder = new TextDecoder()
  readonly #lines = new TextLines()
  #fields = emptyFields()
  #length = 0

  constructor(eventBytesMax: number) {
    this.#eventBytesMax = eventBytesMax
  }

  /**
   * The events that end in these bytes, the next ones of the stream. To be read to the end.
   *
   * @throws McpError `message-too-long`
   */
  *take(bytes: Uint8Array): Generator<ServerEvent> {
    // Counted by chunk: what stands behind the end of an event in its last chunk is not counted.
    this.#length += bytes.length
    for (const line of this.#lines.push(this.#decoder.decode(bytes, { stream: true }))) {
      if (line !== '') {
        takeField(this.#fields, line)
        continue
      }
      yield eventOf(this.#fields)
      this.#fields = emptyFields()
      this.#length = 0
    }
    if (this.#length <= this.#eventBytesMax) return
    throw new McpError('message-too-long', `an event has at most ${this.#eventBytesMax} bytes`)
  }
}

/** A message, or what carries none, as text; an event without anything, such as a comment makes, is a comment again and keeps the stream alive. */
export function encodeServerEvent({
  data,
  hasData,
  id,
  retryMs,
}: Omit<ServerEvent, 'type'>): Uint8Array {
  const lines = [
    ...(id === undefined ? [] : [`id: ${id}`]),
    ...(retryMs === undefined ? [] : [`retry: ${retryMs}`]),
    ...(hasData ? data.split('\n').map((line) => `data: ${line}`) : []),
  ]
  return Buffer.from(`${lines.length === 0 ? ':' : lines.join('\n')}\n\n`)
}

/** Lines that end in CR LF, LF or CR; after a carriage return, a line feed at the start of the next chunk ends nothing more. */
class TextLines {
  #parts: string[] = []
  #isAfterReturn = false

  push(chunk: string): readonly string[] {
    if (chunk === '') return []
    const text = this.#isAfterReturn && chunk.startsWith('\n') ? chunk.slice(1) : chunk
    this.#isAfterReturn = chunk.endsWith('\r')
    const lines: string[] = []
    const [first = '', ...others] = text.split(LINE_END)
    this.#parts.push(first)
    for (const part of others) {
      lines.push(this.#parts.join(''))
      this.#parts = [part]
    }
    return lines
  }
}

/** What goes into a header field, as an id does when a stream is taken up again; readers of lines cut at nothing in it. */
const PLAIN_ID = /^[\x20-\x7e]*$/

function emptyFields(): Fields {
  return { type: '', data: [], id: undefined, retryMs: undefined }
}

function takeField(fields: Fields, line: string): void {
  const colon = line.indexOf(':')
  if (colon === 0) return
  const name = colon === -1 ? line : line.slice(0, colon)
  const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
  if (name === 'event') fields.type = value
  else if (name === 'data') fields.data.push(value)
  else if (name === 'id' && PLAIN_ID.test(value)) fields.id = value
  else if (name === 'retry' && /^\d{1,9}$/.test(value)) fields.retryMs = Number(value)
}

function eventOf({ type, data, id, retryMs }: Fields): ServerEvent {
  const hasData = data.length > 0
  return { type: type === '' ? 'message' : type, data: data.join('\n'), hasData, id, retryMs }
}
