import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process'
import type { Cable } from './cable.ts'
import { LabError } from './lab-error.ts'
import { type CommandOptions, type CommandOutput, runCommand } from './run-command.ts'

export type ExecOptions = CommandOptions
export type ExecResult = CommandOutput

/** One host of a lab: a network namespace with its own loopback, its cables and nothing else. */
export class Host {
  readonly name: string
  readonly cables: readonly Cable[]
  readonly #namespace: string

  constructor(name: string, namespace: string, cables: readonly Cable[]) {
    this.name = name
    this.cables = cables
    this.#namespace = namespace
  }

  /** The cable of an interface. Throws `unknown-cable`. */
  cable(interfaceName = 'eth0'): Cable {
    const found = this.cables.find((cable) => cable.interfaceName === interfaceName)
    if (found !== undefined) return found
    throw new LabError('unknown-cable', `${this.name} has no ${interfaceName}`)
  }

  /** What stands before a command to run it on this host, for those that start it themselves. */
  get launch(): readonly string[] {
    return ['ip', 'netns', 'exec', this.#namespace]
  }

  /**
   * Runs a command on this host to its end. No shell is involved. Throws `command-failed`, with the
   * end of its standard error, when it ends with another code than 0, by a signal, or too late.
   */
  async exec(command: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    return runCommand(this.#inNamespace(command), options)
  }

  /** Starts a command on this host. The process is the command itself; closing the lab ends it and its children. */
  spawn(command: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const [file = 'ip', ...args] = this.#inNamespace(command)
    return spawn(file, args, options)
  }

  #inNamespace(command: readonly string[]): readonly string[] {
    if (command.length === 0) throw new LabError('command-failed', 'there is no command to run')
    return [...this.launch, ...command]
  }
}
