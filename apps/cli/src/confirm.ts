import { createInterface } from 'node:readline'
import { CommandError } from './command-error.ts'
import type { Output } from './output.ts'

export interface Confirmation {
  /** What is to be agreed to; shown before the question. */
  readonly lines: readonly string[]
  readonly question: string
  /** Whether the command line has agreed already. */
  readonly yes: boolean
  readonly json: boolean
  /** What follows where the answer is another. */
  readonly otherwise?: string
}

/**
 * Shows what is about to happen and asks for the word "yes" on the terminal.
 *
 * Whoever cannot be shown it, or asked, has to have said so on the command line.
 *
 * @throws CommandError `confirmation-missing`, `not-confirmed`
 */
export async function confirm(output: Output, confirmation: Confirmation): Promise<void> {
  const { lines, question, yes, json, otherwise = 'nothing was signed' } = confirmation
  for (const line of lines) output.progress(line)
  if (yes) return
  if (json || !process.stdin.isTTY) {
    throw new CommandError(
      'confirmation-missing',
      'nobody can be asked here; read what it says, then use --yes',
    )
  }
  if ((await typedLine(`${question} Type "yes" to go on: `)).trim() === 'yes') return
  throw new CommandError('not-confirmed', `the answer was not "yes"; ${otherwise}`)
}

/** One line from the terminal; an empty one where it ends or is interrupted. */
async function typedLine(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const { promise, resolve } = Promise.withResolvers<string>()
  terminal.once('line', resolve)
  terminal.once('close', () => resolve(''))
  terminal.setPrompt(question)
  terminal.prompt()
  try {
    return await promise
  } finally {
    terminal.close()
  }
}
