import type { Clock } from '@warren/core'
import type { Logger } from '../ports.ts'
import type { ProcessLimits } from './process-limits.ts'

export interface ErrorLogInit {
  readonly server: string
  readonly limits: ProcessLimits
  readonly clock: Clock
  readonly logger: Logger
}

const MINUTE_MS = 60_000
// What a terminal or a log reader would take as more than text.
const CONTROL_CHARACTERS = /\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/gu

/** Writes a server's stderr to the log: so long a line, so many a minute, and no control characters. */
export class ErrorLog {
  readonly #init: ErrorLogInit
  #windowStartMs: number
  #lines = 0
  #dropped = 0
  #pending = ''
  #skipping = false

  constructor(init: ErrorLogInit) {
    this.#init = init
    this.#windowStartMs = init.clock.monotonicMs()
  }

  /** Reads to the end; what is beyond a limit is read and dropped, so that the server never blocks on it. */
  async drain(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder()
    try {
      for await (const chunk of chunks) this.#take(decoder.decode(chunk, { stream: true }))
    } catch {
      // The pipe broke together with its process, whose end is reported by its exit.
    }
    this.#flush()
  }

  #take(text: string): void {
    const [first = '', ...rest] = text.split('\n')
    this.#append(first)
    for (const part of rest) {
      this.#flush()
      this.#append(part)
    }
  }

  #append(part: string): void {
    if (this.#skipping) return
    const room = this.#init.limits.errorLineMax - this.#pending.length
    this.#pending += part.slice(0, room)
    if (part.length > room) {
      this.#pending += '…'
      this.#skipping = true
    }
  }

  #flush(): void {
    const line = this.#pending.replaceAll(CONTROL_CHARACTERS, ' ').trim()
    this.#pending = ''
    this.#skipping = false
    if (line !== '') this.#write(line)
  }

  #write(line: string): void {
    const { server, limits, clock, logger } = this.#init
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#windowStartMs >= MINUTE_MS) {
      if (this.#dropped > 0) {
        logger.log('warn', 'server-stderr-dropped', { server, lines: this.#dropped })
      }
      this.#windowStartMs = nowMs
      this.#lines = 0
      this.#dropped = 0
    }
    this.#lines += 1
    if (this.#lines > limits.errorLinesPerMinuteMax) this.#dropped += 1
    else logger.log('info', 'server-stderr', { server, line })
  }
}
