import { env as own } from 'node:process'
import type { ProcessServer } from '../server-definition.ts'

/** What a program needs to find itself, its user and its language; secrets of the node's environment are not among it. */
const INHERITED: readonly string[] = [
  'HOME',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'LOGNAME',
  'PATH',
  'SHELL',
  'TERM',
  'TMPDIR',
  'TZ',
  'USER',
]

/** The whole environment of a server: the short list above and what its definition adds. */
export function serverEnvironment({ env = {} }: ProcessServer): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const name of INHERITED) {
    const value = own[name]
    // A value that begins with "()" is an exported shell function, which is code.
    if (value !== undefined && !value.startsWith('()')) environment[name] = value
  }
  return { ...environment, ...env }
}
