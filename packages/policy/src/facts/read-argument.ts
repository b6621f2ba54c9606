import type { Declaration, PathDeclaration, UrlDeclaration } from './declaration.ts'
import type { Fact } from './fact.ts'
import type { DeclaredArgument } from './fact-declarations.ts'
import { readJson } from './json/read-json.ts'
import type { FileTree, FileTreeSnapshot } from './path/file-tree.ts'
import { joinPathFacts } from './path/path-fact.ts'
import { type PathReading, readPath } from './path/read-path.ts'
import { readRegex } from './regex/read-regex.ts'
import { readShell } from './shell/read-shell.ts'
import { readSql, type SqlPorts } from './sql/read-sql.ts'
import { readUrl, type UrlPorts } from './url/read-url.ts'
import { joinUrlFacts, type UrlFact } from './url/url-fact.ts'

/** What the facts need from the machine. */
export interface FactPorts extends UrlPorts, SqlPorts {
  readonly files: FileTree
}

/** The same for one call. */
export interface CallPorts extends FactPorts {
  readonly files: FileTreeSnapshot
}

/** What one argument comes to. */
export interface ArgumentReading {
  readonly fact?: Fact
  readonly paths?: readonly PathReading[]
  /** What the server gets in place of each text, where the owner of the tool asked for that. */
  readonly forwarded?: readonly string[]
}

/** The texts of one declared argument. */
export interface ArgumentTexts {
  readonly argument: DeclaredArgument
  readonly texts: readonly string[]
  /** See `FactQuestion`. */
  readonly rows?: number | undefined
}

/** The texts that stand at one address; of what is no list there is one. */
interface Texts {
  readonly texts: readonly string[]
  readonly isList: boolean
}

/**
 * Reads the texts of one argument by what it is declared to be.
 *
 * @throws FactFlaw, SqlFactError; whatever a port throws
 */
export async function readArgument(
  ports: CallPorts,
  { argument: { address, declaration }, texts, rows }: ArgumentTexts,
): Promise<ArgumentReading> {
  const { isList } = address
  if (declaration.type === 'path') return readPaths(ports, declaration, { texts, isList })
  if (declaration.type === 'url') return readUrls(ports, declaration, { texts, isList })
  const [text] = texts
  if (text === undefined) return {}
  if (declaration.type !== 'sql') return { fact: readText(declaration, text) }
  const { fact, statement } = await readSql(ports, text, { declaration, rows })
  return { fact, forwarded: [statement] }
}

async function readPaths(
  { files }: CallPorts,
  declaration: PathDeclaration,
  { texts, isList }: Texts,
): Promise<ArgumentReading> {
  const paths: PathReading[] = []
  for (const text of texts) paths.push(await readPath(files, text, declaration))
  const facts = paths.map(({ fact }) => fact)
  const forwarded = declaration.forward === 'canonical' ? facts.map(({ real }) => real) : []
  return { ...oneOf(isList ? joinPathFacts(facts) : facts[0]), paths, forwarded }
}

async function readUrls(
  ports: FactPorts,
  declaration: UrlDeclaration,
  { texts, isList }: Texts,
): Promise<ArgumentReading> {
  const facts: UrlFact[] = []
  for (const text of texts) facts.push(await readUrl(ports, text, declaration))
  return oneOf(isList ? joinUrlFacts(facts) : facts[0])
}

function oneOf(fact: Fact | undefined): ArgumentReading {
  return fact === undefined ? {} : { fact }
}

function readText(
  { type }: Exclude<Declaration, { type: 'path' | 'url' | 'sql' }>,
  text: string,
): Fact {
  if (type === 'shell') return readShell(text)
  return type === 'regex' ? readRegex(text) : readJson(text)
}
