import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Socket } from 'node:net'
import { McpError } from '../mcp-error.ts'
import { signalGroup } from './process-group.ts'

/**
 * Reads `+ <group>` and `- <group>` lines. When its input ends, whichever way its node went, it
 * ends every group that is left. `sleep` is the only program that it starts.
 */
const SCRIPT = `
groups=' '
while read -r sign group; do
  case $sign in
    +) groups="$groups$group " ;;
    -) groups="\${groups%% $group *} \${groups#* $group }" ;;
  esac
done
[ "$groups" = ' ' ] && exit 0
for group in $groups; do kill -s TERM -- "-$group" 2>/dev/null; done
sleep 2
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
`

/**
 * Sees to it that no process group outlives this node, not even after a `kill -9` of the node.
 *
 * One small shell process in a session of its own holds the read end of a pipe; the kernel closes
 * the pipe when the node dies, and the shell then ends the groups that it was told of. A shell that
 * dies early is replaced and told everything again. What leaves its process group by `setsid`
 * escapes this guard; its standard streams are closed all the same.
 */
export class ProcessGuard {
  readonly #groups = new Set<number>()
  #shell: ChildProcess | undefined
  #starting: Promise<void> | undefined
  #stopped = false

  /**
   * Resolves once the guard stands; a process is started only after this.
   *
   * @throws McpError `server-start-failed`
   */
  async ready(): Promise<void> {
    if (this.#stopped) throw new McpError('stopped', 'the provider has stopped')
    this.#starting ??= this.#start()
    await this.#starting
  }

  /** Tells the guard of a group, in the same turn in which its first process was started. */
  add(group: number): void {
    this.#groups.add(group)
    this.#tell(`+ ${group}\n`)
  }

  /** Tells the guard that a group is gone, so that a later owner of its number is safe. */
  delete(group: number): void {
    if (this.#groups.delete(group)) this.#tell(`- ${group}\n`)
  }

  /** Ends the guard; groups that are left end with it. */
  stop(): void {
    this.#stopped = true
    process.off('exit', this.#onExit)
    this.#shell?.stdin?.end()
  }

  async #start(): Promise<void> {
    const shell = spawn('/bin/sh', ['-c', SCRIPT, 'warren-process-guard'], {
      cwd: '/',
      detached: true,
      env: { PATH: '/usr/bin:/bin' },
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    try {
      await once(shell, 'spawn')
    } catch (error) {
      this.#starting = undefined
      throw new McpError('server-start-failed', 'the process guard could not be started', {
        cause: error,
      })
    }
    shell.once('exit', () => this.#onShellExit())
    shell.stdin.on('error', () => {
      // The shell is gone; its exit event says so and starts the next one.
    })
    shell.unref()
    if (shell.stdin instanceof Socket) shell.stdin.unref()
    this.#shell = shell
    process.off('exit', this.#onExit)
    process.on('exit', this.#onExit)
    for (const group of this.#groups) this.#tell(`+ ${group}\n`)
  }

  #tell(line: string): void {
    this.#shell?.stdin?.write(line)
  }

  #onShellExit(): void {
    this.#shell = undefined
    this.#starting = undefined
    if (this.#stopped || this.#groups.size === 0) return
    this.ready().catch(() => {
      // No shell can be started now; the next server to start asks for one again and is refused without it.
    })
  }

  /** An orderly end of this process need not wait for the shell. */
  readonly #onExit = (): void => {
    for (const group of this.#groups) signalGroup(group, 'SIGTERM')
  }
}
