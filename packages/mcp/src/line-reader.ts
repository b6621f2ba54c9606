import { McpError } from './mcp-error.ts'

const NEWLINE = 0x0a

/**
 * Cuts a byte stream into lines while it comes in, so that no line is ever held beyond its limit.
 *
 * One consumer. What it does not ask for is not read from the source: that is the back-pressure.
 */
export class LineReader {
  readonly #source: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array()

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /**
   * The next line without its newline, or nothing at the end; blank lines are passed over.
   * A last line without a newline counts, since the source says its end explicitly.
   *
   * @throws McpError `message-too-long`, and whatever the source throws; nothing can be read afterwards
   */
  async next(lineBytesMax: number): Promise<Uint8Array | undefined> {
    for (;;) {
      const line = await this.#line(lineBytesMax)
      if (line === undefined || !isBlank(line)) return line
    }
  }

  /** Everything that has not been asked for as lines, as it comes. */
  async *remaining(): AsyncGenerator<Uint8Array> {
    const rest = this.#rest
    this.#rest = new Uint8Array()
    if (rest.length > 0) yield rest
    for (;;) {
      const { done, value } = await this.#source.next()
      if (done === true) return
      yield value
    }
  }

  async #line(lineBytesMax: number): Promise<Uint8Array | undefined> {
    const parts: Uint8Array[] = []
    let length = 0
    for (;;) {
      const end = this.#rest.indexOf(NEWLINE)
      const part = end === -1 ? this.#rest : this.#rest.subarray(0, end)
      length += part.length
      if (length > lineBytesMax) throw tooLong(lineBytesMax)
      if (part.length > 0) parts.push(part)
      if (end !== -1) {
        this.#rest = this.#rest.subarray(end + 1)
        return join(parts, length)
      }
      this.#rest = new Uint8Array()
      const { done, value } = await this.#source.next()
      if (done === true) return length === 0 ? undefined : join(parts, length)
      this.#rest = value
    }
  }
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = parts
  if (parts.length === 1 && first !== undefined) return first
  const line = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    line.set(part, offset)
    offset += part.length
  }
  return line
}

/** Space, tab and carriage return are what JSON allows around a value besides the newline itself. */
function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)
}

function tooLong(lineBytesMax: number): McpError {
  return new McpError('message-too-long', `a line has at most ${lineBytesMax} bytes`)
}
