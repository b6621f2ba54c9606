import type { Clock } from '@warren/core'
import { gatherWrites } from '../gather-writes.ts'
import { McpError } from '../mcp-error.ts'
import type { Logger, Scheduler } from '../ports.ts'
import type { ProcessServer } from '../server-definition.ts'
import { endGroup } from './end-group.ts'
import { ErrorLog } from './error-log.ts'
import type { ProcessGuard } from './process-guard.ts'
import type { ProcessLimits } from './process-limits.ts'
import { type RunningChild, spawnServer } from './spawn-server.ts'

/** What child processes need from the node. */
export interface ProcessComponents {
  readonly guard: ProcessGuard
  readonly scheduler: Scheduler
  readonly clock: Clock
  readonly logger: Logger
  readonly limits: ProcessLimits
}

/**
 * One server in a process group of its own.
 *
 * The command comes from local configuration alone. `stop` and the process's own exit both end the
 * whole group: its input ends, then SIGTERM, then SIGKILL, each after a named grace.
 */
export class ServerProcess {
  readonly #definition: ProcessServer
  readonly #components: ProcessComponents
  readonly #child: RunningChild
  readonly #group: number
  readonly #exited: Promise<McpError>
  #ending: Promise<void> | undefined
  #over = false

  private constructor(
    definition: ProcessServer,
    components: ProcessComponents,
    child: RunningChild,
  ) {
    this.#definition = definition
    this.#components = components
    this.#child = child
    this.#group = child.pid
    this.#exited = this.#watch()
  }

  /**
   * Starts the server; resolves as soon as its program runs.
   *
   * @throws McpError `server-start-failed`
   */
  static async start(
    definition: ProcessServer,
    components: ProcessComponents,
  ): Promise<ServerProcess> {
    await components.guard.ready()
    const child = await spawnServer(definition)
    components.guard.add(child.pid)
    components.logger.log('info', 'server-started', {
      server: definition.name,
      pid: child.pid,
    })
    return new ServerProcess(definition, components, child)
  }

  get pid(): number {
    return this.#group
  }

  /** What it writes to its standard output. Not reading it is back-pressure to the server. */
  get output(): AsyncIterable<Uint8Array> {
    return this.#child.stdout
  }

  /** Resolves with a sentence about its end; its group may still be on its way out. */
  get exited(): Promise<McpError> {
    return this.#exited
  }

  /** Writes to its standard input; resolves when more may be written. */
  async write(bytes: Uint8Array): Promise<void> {
    const { stdin } = this.#child
    if (this.#over || !stdin.writable) throw await this.#gone()
    gatherWrites(stdin)
    if (stdin.write(bytes)) return
    const { promise, resolve } = Promise.withResolvers<void>()
    stdin.once('drain', resolve)
    stdin.once('close', resolve)
    await promise
    stdin.off('drain', resolve)
    stdin.off('close', resolve)
    if (!stdin.writable) throw await this.#gone()
  }

  /** Ends the whole process group and waits until it is gone. Output that nobody has read is dropped. */
  async stop(): Promise<void> {
    await this.#endGroup()
    this.#child.stdout.destroy()
    this.#child.stderr.destroy()
  }

  #endGroup(): Promise<void> {
    this.#ending ??= this.#end()
    return this.#ending
  }

  /**
   * After its first process has gone, what it has left in the group goes too. Output that still
   * stands in the pipe may be read; an empty pipe that a runaway process holds open is closed.
   */
  #clearUp(errorsRead: Promise<void>): void {
    const { stdout, stderr } = this.#child
    const closeEmpty = (): void => {
      if (stdout.readableLength === 0) stdout.destroy()
      stderr.destroy()
    }
    this.#components.scheduler.after(this.#components.limits.killGraceMs, closeEmpty)
    Promise.all([this.#endGroup(), errorsRead]).catch((error: unknown) => {
      // Neither of the two is meant to reject; if one does, the log is the place to look.
      const { logger } = this.#components
      logger.log('error', 'server-clear-up-failed', { message: String(error) })
    })
  }

  async #watch(): Promise<McpError> {
    const { clock, limits, logger } = this.#components
    const { name: server } = this.#definition
    const errors = new ErrorLog({ server, limits, clock, logger })
    this.#child.stdin.on('error', () => {
      // EPIPE: the server has closed its input. Its exit, or its silence, is dealt with elsewhere.
    })
    const drained = errors.drain(this.#child.stderr)
    this.#child.on('error', () => {
      // The program runs, so this can only be about a signal or a message, and this class sends neither through the child.
    })
    const { promise, resolve } = Promise.withResolvers<readonly [number | null, string | null]>()
    this.#child.once('exit', (code, signal) => resolve([code, signal]))
    const [code, signal] = await promise
    this.#over = true
    const how = code === null ? `by signal ${signal}` : `with exit code ${code}`
    logger.log('info', 'server-exited', { server, pid: this.#group, how })
    this.#clearUp(drained)
    return new McpError('server-exited', `the server "${server}" ended ${how}`)
  }

  async #gone(): Promise<McpError> {
    // A server that only closed its input is as good as gone: nothing can be asked of it any more.
    await this.#endGroup()
    return this.#exited
  }

  async #end(): Promise<void> {
    const { guard, logger } = this.#components
    this.#child.stdin.end()
    const gone = await endGroup(this.#group, !this.#over, this.#components)
    if (gone) guard.delete(this.#group)
    else
      logger.log('error', 'server-not-ended', { server: this.#definition.name, pid: this.#group })
  }
}
