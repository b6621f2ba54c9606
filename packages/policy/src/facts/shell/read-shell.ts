import { FactFlaw } from '../fact-flaw.ts'
import { requirePlainText } from '../plain-text.ts'
import { type ShellToken, tokenizeShell } from './tokenize-shell.ts'

/** What one command line runs; Cedar type `ShellFact`. */
export interface ShellFact {
  /** One command made of plain words, and nothing that a shell would expand, join or redirect. */
  readonly ok: boolean
  /** The first word; absent unless `ok`. */
  readonly program?: string
  /** The words behind it; absent unless `ok`. */
  readonly arguments?: readonly string[]
  /** The first word of every command of the line; absent when the text does not say all of them. */
  readonly programs?: readonly string[]
  readonly hasPipe: boolean
  readonly hasRedirect: boolean
  /** Several commands: `;`, `&`, `&&`, `||` or a line break. */
  readonly hasSequence: boolean
  /** `$(…)`, back-quotes, `<(…)`. */
  readonly hasSubstitution: boolean
  /** Variables, patterns of file names, `~`, braces. */
  readonly hasExpansion: boolean
  /** Grouping, reserved words, assignments, comments: more than a line of commands. */
  readonly hasSyntax: boolean
}

const LENGTH_MAX = 8192
/** POSIX.1-2024, XCU 2.4, and those of bash. */
const RESERVED: ReadonlySet<string> = new Set(
  '! { } [[ ]] case do done elif else esac fi for if in then until while function select time coproc'.split(
    ' ',
  ),
)
const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*(?:\[.*\])?\+?=/

/**
 * Reads a command line as POSIX says (XCU 2.2 and 2.3), and believes only plain words: all else is
 * named, and not interpreted.
 *
 * @throws FactFlaw
 */
export function readShell(text: string): ShellFact {
  requirePlainText(text.replaceAll(/[\t\n]/g, ' '), LENGTH_MAX)
  const tokens = tokenizeShell(text)
  const commands = commandsOf(tokens)
  const features = new Set(tokens.flatMap((token) => token.features))
  const hasSyntax = features.has('syntax') || commands.some(isSyntax)
  // The target of a redirection stands where a program might, and a here-document is not commands.
  const isLine = !hasSyntax && !features.has('substitution') && !features.has('redirect')
  const ok = isLine && features.size === 0 && commands.length === 1
  const programs = isLine ? programsOf(commands) : undefined
  const [command = []] = commands
  const [program, ...rest] = command.map(({ text: word }) => word)
  return Object.freeze({
    ok: ok && program !== undefined,
    ...(ok && program !== undefined && { program, arguments: distinct(rest) }),
    ...(programs !== undefined && { programs: distinct(programs) }),
    hasPipe: features.has('pipe'),
    hasRedirect: features.has('redirect'),
    hasSequence: features.has('sequence'),
    hasSubstitution: features.has('substitution'),
    hasExpansion: features.has('expansion'),
    hasSyntax,
  })
}

function commandsOf(tokens: readonly ShellToken[]): readonly (readonly ShellToken[])[] {
  const commands: ShellToken[][] = [[]]
  for (const token of tokens) {
    if (token.kind === 'word') commands.at(-1)?.push(token)
    else if (token.kind === 'separator') commands.push([])
  }
  const written = commands.filter((command) => command.length > 0)
  if (written.length === 0) throw new FactFlaw('fact-shell-malformed', 'holds no command')
  return written
}

/** Quotes would take the meaning from a reserved word; no honest line needs a program of that name. */
function isSyntax([first]: readonly ShellToken[]): boolean {
  return first !== undefined && (RESERVED.has(first.text) || ASSIGNMENT.test(first.text))
}

/** The first word of each command; undefined when one of them is not written out. */
function programsOf(commands: readonly (readonly ShellToken[])[]): readonly string[] | undefined {
  const first = commands.flatMap((command) => command.slice(0, 1))
  return first.some(({ features }) => features.length > 0)
    ? undefined
    : first.map(({ text }) => text)
}

function distinct(texts: readonly string[]): readonly string[] {
  return Object.freeze([...new Set(texts)])
}
