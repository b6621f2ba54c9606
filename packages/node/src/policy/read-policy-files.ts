import { lstatSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { FactDeclarations, PolicyError, type PolicySource } from '@warren/policy'
import { LIMIT_FILE } from '../behaviour/read-limit-file.ts'
import { NodeError } from '../node-error.ts'
import { type FactFile, readFactFile, type SchemaFile } from './read-fact-file.ts'
import { isLink, type Links, readGuardedFile, requireOwnHands } from './read-guarded-file.ts'
import { PINNED_DIRECTORY } from './read-pinned-tools.ts'

/** All files of a policy set, each read once: whatever is checked and whatever is put in force is this text. */
export interface PolicySetFiles {
  readonly policies: readonly PolicySource[]
  readonly facts: readonly PolicySource[]
  readonly declarations: FactDeclarations
  readonly limits: readonly PolicySource[]
  readonly schemas: readonly PolicySource[]
  readonly pins: readonly PolicySource[]
  readonly cases: readonly PolicySource[]
}

/** Of one directory. */
const FILES_MAX = 256
const FACT_FILE = 'facts.yaml'
const NOTHING_DECLARED: FactFile = { declarations: FactDeclarations.read({}), schemaFiles: [] }
/** Behind the name of a file of cases. */
const CASES_SUFFIX = '.cases.yaml'

/**
 * Reads a directory of policies: every `*.cedar` in the order of their names, `facts.yaml`, `limits.yaml`, the schemas that it names,
 * `tools/<server>.json` and `*.cases.yaml`.
 *
 * A file or directory that others may write, or that is another user's, is refused: it says who may use what this node offers.
 *
 * @throws PolicyError with the file and line, NodeError `policies-open`, `policies-foreign`, `policies-unreadable`
 */
export function readPolicyFiles(directory: string, links: Links = 'followed'): PolicySetFiles {
  const read = (name: string): PolicySource => readSource(directory, name, links)
  const policies = listFiles(directory, '.cedar').map(read)
  const facts = isThere(join(directory, FACT_FILE)) ? [read(FACT_FILE)] : []
  const [declared] = facts
  const { declarations, schemaFiles } =
    declared === undefined ? NOTHING_DECLARED : readFactFile(declared)
  return {
    policies,
    facts,
    declarations,
    limits: isThere(join(directory, LIMIT_FILE)) ? [read(LIMIT_FILE)] : [],
    schemas: schemaFiles.map((file) => readSchema(directory, file, links)),
    pins: listPins(directory, links).map(read),
    cases: listFiles(directory, CASES_SUFFIX).map(read),
  }
}

/**
 * The same files and one more with rules, which is not written yet.
 *
 * @throws NodeError `policies-unreadable`
 */
export function withRules(files: PolicySetFiles, added: PolicySource): PolicySetFiles {
  if (files.policies.length >= FILES_MAX) throw tooMany('the directory')
  return { ...files, policies: [...files.policies, added] }
}

function readSource(directory: string, name: string, links: Links): PolicySource {
  return { name, text: readGuardedFile(join(directory, name), links) }
}

function readSchema(directory: string, { name, line }: SchemaFile, links: Links): PolicySource {
  if (isThere(join(directory, name))) return readSource(directory, name, links)
  const message = `${name}, which is declared as a schema here, is not there`
  throw new PolicyError('policy-malformed', message, { file: FACT_FILE, line })
}

function listPins(directory: string, links: Links): readonly string[] {
  const pins = join(directory, PINNED_DIRECTORY)
  if (!isThere(pins)) return []
  if (links === 'refused' && lstatSync(pins).isSymbolicLink()) throw isLink(pins)
  return listFiles(pins, '.json').map((name) => `${PINNED_DIRECTORY}/${name}`)
}

/** What a link leads to may be missing and the link is there all the same: then it cannot be read, and is not left out. */
function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined
  } catch (cause) {
    throw new NodeError('policies-unreadable', `${path} cannot be read`, { cause })
  }
}

function listFiles(directory: string, suffix: string): readonly string[] {
  const names = listAll(directory).filter((name) => name.endsWith(suffix))
  if (names.length <= FILES_MAX) return names.toSorted()
  throw tooMany(directory)
}

function tooMany(directory: string): NodeError {
  const message = `${directory} may hold ${FILES_MAX} files of policies at most`
  return new NodeError('policies-unreadable', message)
}

function listAll(directory: string): readonly string[] {
  try {
    requireOwnHands(directory, statSync(directory))
    return readdirSync(directory)
  } catch (cause) {
    if (cause instanceof NodeError) throw cause
    const message = `the policies in ${directory} cannot be read`
    throw new NodeError('policies-unreadable', message, { cause })
  }
}
