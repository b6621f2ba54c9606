import { CodedError, type JsonObject } from '@warren/core'
import { type FoundText, findTexts, withText } from './argument-address.ts'
import type { Declaration } from './declaration.ts'
import type { Fact } from './fact.ts'
import type { DeclaredArgument, FactDeclarations } from './fact-declarations.ts'
import { readJson } from './json/read-json.ts'
import { type FileTree, FileTreeSnapshot } from './path/file-tree.ts'
import { joinPathFacts } from './path/path-fact.ts'
import { type PathReading, readPath } from './path/read-path.ts'
import { recheckPath } from './path/recheck-path.ts'
import { readRegex } from './regex/read-regex.ts'
import { readShell } from './shell/read-shell.ts'
import { readUrl, type UrlPorts } from './url/read-url.ts'
import { joinUrlFacts, type UrlFact } from './url/url-fact.ts'

/** What the facts need from the machine. */
export interface FactPorts extends UrlPorts {
  readonly files: FileTree
}

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
}

/** A rewrite, and where in the arguments. */
interface PlacedRewrite extends Rewrite {
  readonly way: FoundText['way']
}

/** What one argument comes to. */
interface ArgumentReading {
  readonly fact?: Fact
  readonly paths?: readonly PathReading[]
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
  async facts({ server, tool, args }: FactQuestion): Promise<FactReading | FactRefusal> {
    const ports = { ...this.#ports, files: new FileTreeSnapshot(this.#ports.files) }
    const facts = new Map<string, Fact>()
    const rewrites: PlacedRewrite[] = []
    const paths: WalkedPath[] = []
    for (const argument of this.#declarations.argumentsOf(server, tool)) {
      const name = argument.address.text
      try {
        const found = findTexts(args, argument.address)
        if (found === undefined) continue
        const reading = await readArgument(ports, argument, found)
        if (reading.fact !== undefined) facts.set(name, reading.fact)
        paths.push(...(reading.paths ?? []).map((path) => ({ argument, reading: path })))
        rewrites.push(...rewritesOf(argument, found, reading))
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
}

async function readArgument(
  ports: FactPorts,
  { address, declaration }: DeclaredArgument,
  found: readonly FoundText[],
): Promise<ArgumentReading> {
  const texts = found.map(({ text }) => text)
  if (declaration.type === 'path') {
    const paths: PathReading[] = []
    for (const text of texts) paths.push(await readPath(ports.files, text, declaration))
    const facts = paths.map(({ fact }) => fact)
    return { ...oneOf(address.isList ? joinPathFacts(facts) : facts[0]), paths }
  }
  if (declaration.type === 'url') {
    const facts: UrlFact[] = []
    for (const text of texts) facts.push(await readUrl(ports, text, declaration))
    return oneOf(address.isList ? joinUrlFacts(facts) : facts[0])
  }
  const [text] = texts
  return text === undefined ? {} : oneOf(readText(declaration, text))
}

function oneOf(fact: Fact | undefined): ArgumentReading {
  return fact === undefined ? {} : { fact }
}

function readText({ type }: Exclude<Declaration, { type: 'path' | 'url' }>, text: string): Fact {
  if (type === 'shell') return readShell(text)
  return type === 'regex' ? readRegex(text) : readJson(text)
}

/** Texts and paths stand in the same order. */
function rewritesOf(
  { address, declaration }: DeclaredArgument,
  found: readonly FoundText[],
  { paths = [] }: ArgumentReading,
): readonly PlacedRewrite[] {
  if (declaration.type !== 'path' || declaration.forward !== 'canonical') return []
  return found.flatMap(({ way, text: asked }, index) => {
    const forwarded = paths[index]?.fact.real ?? asked
    return forwarded === asked ? [] : [{ way, argument: address.text, asked, forwarded }]
  })
}

function recordOf({ argument, asked, forwarded }: PlacedRewrite): Rewrite {
  return { argument, asked, forwarded }
}

function refusal(argument: string, cause: unknown): FactRefusal {
  if (cause instanceof CodedError && isFactCode(cause.code)) {
    const sentence = `refused: the argument "${argument}" ${cause.message}`
    return { status: 'refused', code: cause.code, argument, sentence }
  }
  // A port that throws has not answered, and what is not known is not allowed.
  const sentence = `refused: the argument "${argument}" could not be examined`
  return { status: 'refused', code: 'fact-failure', argument, sentence }
}

function isFactCode(code: unknown): code is string {
  return typeof code === 'string' && code.startsWith('fact-')
}
