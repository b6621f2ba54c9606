import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import { isJsonObject, type JsonObject, parseJson } from '@warren/core'

const WARREN = createRequire(import.meta.url).resolve('warren')
const EVENT_LIMITS = { lengthMax: 1 << 20, depthMax: 16, keysMax: 10_000 }
const EVENTS_MAX = 10_000
const STDERR_LINES_MAX = 200

/** Absolute path of the command's entry file, for hosts that must be given one. */
export const WARREN_ENTRY: string = WARREN

/** How a `warren` command ended. */
export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** How to start a program on some host; a network namespace puts its own words in front. */
export type Launch = readonly string[]

/** Runs one `warren` command to its end, as a person would from a shell. */
export async function runWarren(args: readonly string[], launch: Launch = []): Promise<Outcome> {
  const child = spawnWarren(args, launch)
  child.stdin?.end()
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk))
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  child.once('error', reject)
  child.once('close', (code) => resolve(code ?? 1))
  const code = await promise
  return {
    code,
    stdout: Buffer.concat(stdout).toString(),
    stderr: Buffer.concat(stderr).toString(),
  }
}

/** Runs one `warren --json` command and returns the document it printed; throws what it said otherwise. */
export async function askWarren(args: readonly string[], launch: Launch = []): Promise<JsonObject> {
  const outcome = await runWarren(['--json', ...args], launch)
  if (outcome.code !== 0)
    throw new Error(`warren ${args[2] ?? ''} ended with ${outcome.code}: ${outcome.stderr}`)
  const value: unknown = JSON.parse(outcome.stdout)
  if (!isJsonObject(value)) throw new Error(`warren ${args[2] ?? ''} printed no JSON object`)
  return value
}

/** One running `warren up`, whose log is read as events. */
export class Daemon {
  readonly directory: string
  readonly process: ChildProcess
  readonly events: JsonObject[] = []
  readonly #waiting = new Set<() => void>()
  readonly #ended: Promise<number>
  #running = true

  private constructor(directory: string, child: ChildProcess) {
    this.directory = directory
    this.process = child
    const { promise, resolve } = Promise.withResolvers<number>()
    this.#ended = promise
    child.once('close', (code) => {
      this.#running = false
      resolve(code ?? 1)
      for (const wake of this.#waiting) wake()
    })
    if (child.stderr !== null) createInterface(child.stderr).on('line', (line) => this.#take(line))
  }

  /** Starts the node of a data directory and waits until it says that it is up. */
  static async start(directory: string, launch: Launch = []): Promise<Daemon> {
    const daemon = new Daemon(directory, spawnWarren(['--json', '--dir', directory, 'up'], launch))
    await daemon.event((event) => event['event'] === 'started', 20_000)
    return daemon
  }

  /** The first event, past or to come, that fits. */
  async event(fits: (event: JsonObject) => boolean, timeoutMs: number): Promise<JsonObject> {
    const deadline = performance.now() + timeoutMs
    for (let next = 0; ;) {
      for (; next < this.events.length; next += 1) {
        const event = this.events[next]
        if (event !== undefined && fits(event)) return event
      }
      if (!this.#running)
        throw new Error(`the node of ${this.directory} ended early: ${this.lastWords()}`)
      const left = deadline - performance.now()
      if (left <= 0) throw new Error(`no such event within ${timeoutMs} ms: ${this.lastWords()}`)
      await this.#change(left)
    }
  }

  /** The last lines of the log, for an error message. */
  lastWords(): string {
    return this.events
      .slice(-8)
      .map((event) => JSON.stringify(event))
      .join('\n')
  }

  /** Asks the node to stop and waits until it has. */
  async stop(): Promise<number> {
    this.process.kill('SIGTERM')
    return this.#ended
  }

  /** Kills the node as a power cut would. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL')
    await this.#ended
  }

  #take(line: string): void {
    if (this.events.length >= EVENTS_MAX) this.events.splice(0, STDERR_LINES_MAX)
    const value = readEvent(line)
    this.events.push(value)
    for (const wake of this.#waiting) wake()
  }

  #change(timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, timeoutMs)
    this.#waiting.add(resolve)
    return promise.finally(() => {
      clearTimeout(timer)
      this.#waiting.delete(resolve)
    })
  }
}

function readEvent(line: string): JsonObject {
  try {
    const value = parseJson(line, EVENT_LIMITS)
    return isJsonObject(value) ? value : { event: 'text', text: line }
  } catch {
    // A line that is not JSON (a warning of the runtime) is kept as text, for the error message.
    return { event: 'text', text: line }
  }
}

function spawnWarren(args: readonly string[], launch: Launch): ChildProcess {
  const [program = process.execPath, ...rest] = [...launch, process.execPath, WARREN, ...args]
  // A command that is to sign, and finds no node, keeps what was signed where it runs.
  return spawn(program, rest, { cwd: tmpdir(), stdio: ['pipe', 'pipe', 'pipe'] })
}
