import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { isJsonObject, type JsonObject } from '@warren/core'
import type { Launch } from '@warren/demo/warren-process'
import { expect, vi } from 'vitest'

const ANSWER_TIMEOUT = { timeout: 15_000, interval: 10 }

/** What every host of the stateful era says first. */
const INITIALIZE = {
  protocolVersion: '2025-11-25',
  capabilities: { sampling: {}, experimental: { 'x-vendor': { deep: [1, { two: null }] } } },
  clientInfo: { name: 'raw', version: '1', 'x-unknown': true },
}

/** A host without an SDK: it writes any line to a program's standard input and keeps what the program prints. */
export class RawHost {
  readonly process: ChildProcessWithoutNullStreams
  readonly heard: JsonObject[] = []
  readonly #lines: Interface

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.process = child
    child.stderr.resume()
    this.#lines = createInterface({ input: child.stdout })
    this.#lines.on('line', (line) => {
      const value: unknown = JSON.parse(line)
      if (!isJsonObject(value)) throw new Error('the program printed no JSON object')
      this.heard.push(value)
    })
    child.stdin.on('error', () => {
      // The program has ended; a test that expects otherwise waits for an answer in vain.
    })
  }

  /** Starts a program and reads it. */
  static start([command = '', ...args]: Launch): RawHost {
    return new RawHost(spawn(command, args))
  }

  /** Leaves what the program prints unread, from now on. */
  stopReading(): void {
    this.#lines.pause()
  }

  /** Reads one line, then none for a while, and so on. */
  readSlowly(pauseMs: number): void {
    this.#lines.on('line', () => {
      this.#lines.pause()
      setTimeout(() => this.#lines.resume(), pauseMs)
    })
    this.#lines.resume()
  }

  /** Reads again. */
  readOn(): void {
    this.#lines.resume()
  }

  /** Writes one line. */
  say(line: string | JsonObject): void {
    this.process.stdin.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`)
  }

  /** Sends a request and waits for its answer. */
  async ask(id: number, method: string, params: JsonObject = {}): Promise<JsonObject> {
    this.say({ jsonrpc: '2.0', id, method, params })
    return this.hears((message) => message['id'] === id && message['method'] === undefined)
  }

  /** Goes through the handshake of the stateful era, as request 0. */
  async initialize(): Promise<JsonObject> {
    const answer = await this.ask(0, 'initialize', INITIALIZE)
    this.say({ jsonrpc: '2.0', method: 'notifications/initialized' })
    return answer
  }

  /** The first message, past or to come, that fits. */
  async hears(fits: (message: JsonObject) => boolean): Promise<JsonObject> {
    return vi.waitFor(() => {
      const message = this.heard.find(fits)
      if (message !== undefined) return message
      throw new Error(`not among ${JSON.stringify(this.heard.slice(-4)).slice(0, 2_000)}`)
    }, ANSWER_TIMEOUT)
  }

  /** Closes the program's input and waits for its end; gives its exit code. */
  async leave(): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.stdin.end()
      this.readOn()
      await once(this.process, 'exit')
    }
    return this.process.exitCode
  }

  /** Kills the program as a crash would, and waits for its end. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL')
    if (this.process.signalCode === null) await once(this.process, 'exit')
  }
}

/** The error of an answer, whose code must be this one. */
export function errorOf(answer: JsonObject, code: number): JsonObject {
  const { error } = answer
  expect(error).toMatchObject({ code })
  return isJsonObject(error) ? error : {}
}
