import { CodedError, type JsonObject } from '@warren/core'
import { type FoundText, findTexts, withText } from './argument-address.ts'
import type { Fact } from './fact.ts'
import type { DeclaredArgument, FactDeclarations } from './fact-declarations.ts'
import { FileTreeSnapshot } from './path/file-tree.ts'
import type { PathReading } from './path/read-path.ts'
import { recheckPath } from './path/recheck-path.ts'
import { type ArgumentReading, type FactPorts, readArgument } from './read-argument.ts'
import { SqlFactError } from './sql/sql-fact-error.ts'

/** A text of the arguments that the owner of the tool had replaced, for the record. */
export interface Rewrite {
  readonly argument: string
  readonly asked: string
  readonly forwarded: string
}

/** What is known of the arguments of one call. */
export interface FactReading {
  readonly status: 'known'
  /** By the name of the argument in the declaration; what the call does not have is absent. */
  readonly facts: ReadonlyMap<string, Fact>
  /** What to send to the server: the arguments themselves, unless something was rewritten. */
  readonly forward: JsonObject
  readonly rewrites: readonly Rewrite[]
  /** Every path that was walked, to be walked once more before the call is forwarded. */
  readonly paths: readonly WalkedPath[]
}

/** A path that was read, and what is needed to read it again. */
export interface WalkedPath {
  readonly argument: DeclaredArgument
  readonly reading: PathReading
}

/** The call has no facts and must not go on. */
export interface FactRefusal {
  readonly status: 'refused'
  /** `fact-…`; `fact-failure` when the machine did not answer. */
  readonly code: string
  /** The argument as the declaration names it. */
  readonly argument: string
  /** For the person at the host: one printable line that quotes nothing of the call. */
  readonly sentence: string
}

/** The arguments of a call, and whose they are. */
export interface FactQuestion {
  readonly server: string
  readonly tool: string
  readonly args: JsonObject
  /** Read as if every SELECT that may return more than so many rows were bounded to them. */
  readonly rows?: number
}

/** A rewrite, and where in the arguments. */
interface PlacedRewrite extends Rewrite {
  readonly way: FoundText['way']
}

/** Turns the raw arguments of calls into facts, by declarations and never by guessing. */
export class FactLayer {
  readonly #declarations: FactDeclarations
  readonly #ports: FactPorts

  constructor(declarations: FactDeclarations, ports: FactPorts) {
    this.#declarations = declarations
    this.#ports = ports
  }

  /** Reads every declared argument of a call; one that cannot be told for certain refuses the call. */
  async facts({ server, tool, args, rows }: FactQuestion): Promise<FactReading | FactRefusal> {
    const ports = { ...this.#ports, files: new FileTreeSnapshot(this.#ports.files) }
    const facts = new Map<string, Fact>()
    const rewrites: PlacedRewrite[] = []
    const paths: WalkedPath[] = []
    for (const argument of this.#declarations.argumentsOf(server, tool)) {
      const name = argument.address.text
      try {
        const found = findTexts(args, argument.address)
        if (found === undefined) continue
        const texts = found.map(({ text }) => text)
        const reading = await readArgument(ports, { argument, texts, rows })
        if (reading.fact !== undefined) facts.set(name, reading.fact)
        paths.push(...(reading.paths ?? []).map((path) => ({ argument, reading: path })))
        rewrites.push(...rewritesOf(name, found, reading))
      } catch (cause) {
        return refusal(name, cause)
      }
    }
    const forward = rewrites.reduce(
      (now, { way, forwarded }) => withText(now, way, forwarded),
      args,
    )
    return { status: 'known', facts, forward, rewrites: rewrites.map(recordOf), paths }
  }

  /**
   * Walks every path once more, right before the call is forwarded; undefined when nothing on the
   * way was exchanged. The server opens the file later still: its sandbox is the boundary.
   */
  async recheck({ paths }: FactReading): Promise<FactRefusal | undefined> {
    const files = new FileTreeSnapshot(this.#ports.files)
    for (const { argument, reading } of paths) {
      const { address, declaration } = argument
      try {
        if (declaration.type === 'path') await recheckPath(files, reading, declaration)
      } catch (cause) {
        return refusal(address.text, cause)
      }
    }
    return undefined
  }

  /** Closes what was opened to read statements; a call that is still being read is refused. */
  retire(): void {
    for (const compiler of this.#ports.sqlite.values()) compiler[Symbol.dispose]()
  }
}

/** Texts and what is forwarded instead stand in the same order. */
function rewritesOf(
  argument: string,
  found: readonly FoundText[],
  { forwarded: replacing = [] }: ArgumentReading,
): readonly PlacedRewrite[] {
  return found.flatMap(({ way, text: asked }, index) => {
    const forwarded = replacing[index] ?? asked
    return forwarded === asked ? [] : [{ way, argument, asked, forwarded }]
  })
}

function recordOf({ argument, asked, forwarded }: PlacedRewrite): Rewrite {
  return { argument, asked, forwarded }
}

function refusal(argument: string, cause: unknown): FactRefusal {
  if (cause instanceof CodedError && isFactCode(cause.code)) {
    const why = cause instanceof SqlFactError ? `has no facts: ${cause.message}` : cause.message
    const sentence = `refused: the argument "${argument}" ${why}`
    return { status: 'refused', code: cause.code, argument, sentence }
  }
  // A port that throws has not answered, and what is not known is not allowed.
  const sentence = `refused: the argument "${argument}" could not be examined`
  return { status: 'refused', code: 'fact-failure', argument, sentence }
}

function isFactCode(code: unknown): code is string {
  return typeof code === 'string' && code.startsWith('fact-')
}
