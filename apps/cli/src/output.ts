import type { Writable } from 'node:stream'
import type { JsonValue } from '@warren/core'
import { visibleJson, visibleLine, visibleText } from './visible-text.ts'

/** Where a command prints to. */
export interface OutputStreams {
  readonly stdout: Writable
  readonly stderr: Writable
}

/** What to do when the reader of a stream is gone; each stream is listened to once, however many print to it. */
const readerGone = new WeakMap<Writable, () => void>()

function watchReader(stream: Writable): void {
  if (readerGone.has(stream)) return
  readerGone.set(stream, () => process.exit(process.exitCode ?? 0))
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    readerGone.get(stream)?.()
  })
}

/**
 * What a command prints: results on stdout, progress and errors on stderr.
 *
 * With `--json`, stdout carries exactly one JSON document and stderr one JSON line for an error.
 * Nothing that is printed acts on a terminal: what peers and servers say stands in it.
 */
export class Output {
  readonly #json: boolean
  readonly #streams: OutputStreams
  constructor(json: boolean, streams: OutputStreams = process) {
    this.#json = json
    this.#streams = streams
    for (const stream of [streams.stdout, streams.stderr]) watchReader(stream)
  }

  /**
   * What to do when a reader has closed its end (`warren peers | head -1`). It has had enough, which
   * is no failure: by default the process ends.
   */
  onReaderGone(action: () => void): void {
    for (const stream of [this.#streams.stdout, this.#streams.stderr]) {
      readerGone.set(stream, action)
    }
  }

  /** The result of the command: for people as lines, for programs as JSON. */
  result(value: JsonValue, lines: readonly string[]): void {
    const { stdout } = this.#streams
    if (this.#json) stdout.write(`${visibleJson(JSON.stringify(value, undefined, 2))}\n`)
    else if (lines.length > 0) stdout.write(`${lines.map(visibleText).join('\n')}\n`)
  }

  /** One of many results that come one after the other, on a line of its own; JSON stays JSON. */
  line(text: string): void {
    const visible = this.#json ? visibleJson(text) : visibleLine(text)
    this.#streams.stdout.write(`${visible}\n`)
  }

  /** Something that happened on the way; never part of the result. */
  progress(line: string): void {
    if (!this.#json) this.#streams.stderr.write(`${visibleLine(line)}\n`)
  }

  /** Why the command failed. */
  failure(code: string, message: string): void {
    const text = this.#json
      ? visibleJson(JSON.stringify({ error: { code, message } }))
      : visibleText(`warren: ${message} [${code}]`)
    this.#streams.stderr.write(`${text}\n`)
  }
}
