import type { JsonValue } from '@warren/core'

/**
 * What a command prints: results on stdout, progress and errors on stderr.
 *
 * With `--json`, stdout carries exactly one JSON document and stderr one JSON line for an error.
 */
export class Output {
  readonly #json: boolean

  constructor(json: boolean) {
    this.#json = json
    for (const stream of [process.stdout, process.stderr]) stream.on('error', onStreamError)
  }

  /** The result of the command: for people as lines, for programs as JSON. */
  result(value: JsonValue, lines: readonly string[]): void {
    if (this.#json) process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`)
    else if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`)
  }

  /** Something that happened on the way; never part of the result. */
  progress(line: string): void {
    if (!this.#json) process.stderr.write(`${line}\n`)
  }

  /** Why the command failed. */
  failure(code: string, message: string): void {
    const text = this.#json
      ? JSON.stringify({ error: { code, message } })
      : `warren: ${message} [${code}]`
    process.stderr.write(`${text}\n`)
  }
}

/** A reader that closed its end (`warren peers | head -1`) has had enough; that is no failure. */
function onStreamError(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit(process.exitCode ?? 0)
}
