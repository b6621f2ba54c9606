import { type ByteAccount, UNBOUNDED_ACCOUNT } from './byte-account.ts'
import { McpError } from './mcp-error.ts'

const NEWLINE = 0x0a
/** What is kept of each end of a line that is too long. */
const END_BYTES = 512

/** The two ends of a line that was too long to be held. */
export interface LongLine {
  readonly head: Uint8Array
  readonly tail: Uint8Array
}

/**
 * Cuts a byte stream into lines while it comes in, so that no line is ever held beyond its limit.
 *
 * One consumer. What it does not ask for is not read from the source: that is the back-pressure.
 */
export class LineReader {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #account: ByteAccount
  #rest: Uint8Array = new Uint8Array()
  #cut: LongLine | undefined

  /** The account hears of what is held: the line that is being read or was returned last, and what came behind it. */
  constructor(source: AsyncIterable<Uint8Array>, account: ByteAccount = UNBOUNDED_ACCOUNT) {
    this.#account = account
    this.#source = source[Symbol.asyncIterator]()
  }

  /**
   * The next line without its newline, or nothing at the end; blank lines are passed over.
   * A last line without a newline counts, since the source says its end explicitly.
   *
   * @throws McpError `message-too-long`, after which only `passOver` may be called; `bytes-exhausted` and whatever
   * the source throws, after which nothing can be read
   */
  async next(lineBytesMax: number): Promise<Uint8Array | undefined> {
    for (;;) {
      const line = await this.#line(lineBytesMax)
      if (line === undefined || !isBlank(line)) return line
    }
  }

  /** Reads the line that was too long to its end, holding its two ends alone; the next one can be read then. */
  async passOver(): Promise<LongLine> {
    const head = this.#cut?.head ?? new Uint8Array()
    let tail = this.#cut?.tail ?? new Uint8Array()
    this.#cut = undefined
    this.#account.holds(this.#rest.length)
    for (;;) {
      const end = this.#rest.indexOf(NEWLINE)
      const part = end === -1 ? this.#rest : this.#rest.subarray(0, end)
      tail = lastOf([tail, part.subarray(-END_BYTES)])
      this.#rest = end === -1 ? new Uint8Array() : this.#rest.subarray(end + 1)
      if (end !== -1) return { head, tail }
      const { done, value } = await this.#source.next()
      if (done === true) return { head, tail }
      this.#rest = value
    }
  }

  /** Everything that has not been asked for as lines, as it comes. */
  async *remaining(): AsyncGenerator<Uint8Array> {
    const rest = this.#rest
    this.#rest = new Uint8Array()
    this.#account.holds(0)
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
    this.#account.holds(this.#rest.length)
    for (;;) {
      const end = this.#rest.indexOf(NEWLINE)
      const part = end === -1 ? this.#rest : this.#rest.subarray(0, end)
      length += part.length
      if (length > lineBytesMax) {
        this.#rest = this.#rest.subarray(part.length)
        this.#cut = { head: firstOf([...parts, part]), tail: lastOf([...parts, part]) }
        throw tooLong(lineBytesMax)
      }
      if (part.length > 0) parts.push(part)
      if (end !== -1) {
        this.#rest = this.#rest.subarray(end + 1)
        return join(parts, length)
      }
      this.#rest = new Uint8Array()
      const { done, value } = await this.#source.next()
      if (done === true) return length === 0 ? undefined : join(parts, length)
      this.#account.holds(length + value.length)
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

function firstOf(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts, Math.min(END_BYTES, lengthOf(parts)))
}

function lastOf(parts: readonly Uint8Array[]): Uint8Array {
  // A copy, so that what it is the end of can be let go.
  return Uint8Array.from(Buffer.concat(parts).subarray(-END_BYTES))
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0)
}

/** Space, tab and carriage return are what JSON allows around a value besides the newline itself. */
function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)
}

function tooLong(lineBytesMax: number): McpError {
  return new McpError('message-too-long', `a line has at most ${lineBytesMax} bytes`)
}
