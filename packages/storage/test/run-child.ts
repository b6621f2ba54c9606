import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export interface Child {
  readonly pid: number
  /** Resolves when the process has written that text to its output. */
  waitFor(text: string): Promise<string>
  /** Ends the process at once and without its doing; resolves with all its output when it is gone. */
  kill(): Promise<string>
  /** Resolves with the output when the process has ended by itself; rejects when it failed. */
  readonly finished: Promise<string>
}

/**
 * Runs a script of `children/` in a process of its own, which is gone when the test ends. A launcher is a command that
 * starts the command after it in other circumstances.
 */
export function runChild(
  script: string,
  args: readonly string[],
  launcher: readonly string[] = [],
): Child {
  const path = join(import.meta.dirname, 'children', script)
  const [command = process.execPath, ...rest] = [...launcher, process.execPath, path, ...args]
  const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk))
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve))
  const finished = closed.then((code) => {
    if (code === 0) return output
    throw new Error(`${script} ended with ${code}: ${errors}`)
  })
  // A test that kills its child never looks at how it ended.
  finished.catch(() => {})
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await closed
  })
  return {
    pid: child.pid ?? 0,
    finished,
    kill: async () => {
      child.kill('SIGKILL')
      await closed
      return output
    },
    waitFor: async (text) => {
      while (!output.includes(text)) {
        const ended = await Promise.race([
          closed,
          new Promise<undefined>((resolve) => child.stdout.once('data', () => resolve(undefined))),
        ])
        if (ended !== undefined && !output.includes(text)) throw new Error(`${script}: ${errors}`)
      }
      return output
    },
  }
}
