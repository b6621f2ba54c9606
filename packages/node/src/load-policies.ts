import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import type { PolicyFile } from '@warren/audit'
import {
  createPolicyEngine,
  FactDeclarations,
  FactLayer,
  type Obligation,
  type PolicyEngine,
  PolicyError,
  type PolicySource,
} from '@warren/policy'
import { policyFiles, policySetDigest } from './audit/policy-digest.ts'
import { NodeError } from './node-error.ts'
import { definedTools } from './policy/defined-tools.ts'
import { nodeFactPorts } from './policy/fact-ports.ts'
import { type FactFile, readFactFile, type SchemaFile } from './policy/read-fact-file.ts'
import { PINNED_DIRECTORY, readPinnedTools } from './policy/read-pinned-tools.ts'
import { openSqliteCompiler } from './policy/sqlite-compiler.ts'

/** What a node carries out; a rule that asks for more is not loaded. */
const OBLIGATIONS: readonly Obligation[] = ['approve']
/** Of one directory. */
const FILES_MAX = 256
const FACT_FILE = 'facts.yaml'
const NOTHING_DECLARED: FactFile = { declarations: FactDeclarations.read({}), schemaFiles: [] }
const FILE_BYTES_MAX = 1024 * 1024
/** Write rights of the group or of others. */
const FOREIGN_WRITE = 0o022

/** A policy set that can be put in force, and what names it in the audit log. */
export interface PolicySet {
  readonly engine: PolicyEngine
  /** Reads what the arguments of calls mean, as this set declares it. */
  readonly layer: FactLayer
  /** Of all files, their names and their order. */
  readonly digest: string
  readonly files: readonly PolicyFile[]
}

/**
 * Reads a directory of policies: every `*.cedar` in the order of their names, `facts.yaml`, the schemas that it names,
 * and `tools/<server>.json`.
 * No rule means that everything is refused. With one more rule file, which is not written yet: says whether all
 * would be in order.
 *
 * A file or directory that others may write is refused: it says who may use what this node offers. A fault in any
 * file fails the load as a whole.
 *
 * @throws PolicyError with the file and line, NodeError `policies-open`, `policies-unreadable`
 */
export function loadPolicies(directory: string, added?: PolicySource): PolicySet {
  const names = listFiles(directory, '.cedar', added === undefined ? FILES_MAX : FILES_MAX - 1)
  const read = names.map((name) => readSource(directory, name))
  const policies = added === undefined ? read : [...read, added]
  const facts = existsSync(join(directory, FACT_FILE)) ? [readSource(directory, FACT_FILE)] : []
  const [declared] = facts
  const { declarations, schemaFiles } =
    declared === undefined ? NOTHING_DECLARED : readFactFile(declared)
  const schemas = schemaFiles.map((file) => readSchema(directory, file))
  const pins = listPins(directory).map((name) => readSource(directory, name))
  const files = policyFiles([...policies, ...facts, ...schemas, ...pins])
  const pinned = pins.flatMap((source) => readPinnedTools(source))
  using opened = new DisposableStack()
  const sqlite = new Map(
    schemas.map((source) => [source.name, opened.use(openSqliteCompiler(source))]),
  )
  const tools = definedTools(pinned, declarations)
  const engine = createPolicyEngine({ policies, tools, obligations: OBLIGATIONS })
  opened.move()
  return {
    engine,
    layer: new FactLayer(declarations, nodeFactPorts(sqlite)),
    digest: policySetDigest(files),
    files,
  }
}

/** Frees what a set holds that is in force no more. */
export function retirePolicies({ engine, layer }: Pick<PolicySet, 'engine' | 'layer'>): void {
  engine.retire()
  layer.retire()
}

function readSource(directory: string, name: string): PolicySource {
  return { name, text: readPolicy(join(directory, name)) }
}

function readSchema(directory: string, { name, line }: SchemaFile): PolicySource {
  if (existsSync(join(directory, name))) return readSource(directory, name)
  const message = `${name}, which is declared as a schema here, is not there`
  throw new PolicyError('policy-malformed', message, { file: FACT_FILE, line })
}

function listPins(directory: string): readonly string[] {
  const pins = join(directory, PINNED_DIRECTORY)
  if (!existsSync(pins)) return []
  return listFiles(pins, '.json', FILES_MAX).map((name) => `${PINNED_DIRECTORY}/${name}`)
}

function readPolicy(path: string): string {
  // Without waiting: a pipe would hold up the whole node.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = fstatSync(fd)
    if (!stats.isFile()) throw new NodeError('policies-unreadable', `${path} is not a file`)
    if ((stats.mode & FOREIGN_WRITE) !== 0) {
      throw new NodeError('policies-open', `others may write ${path} (chmod 600)`)
    }
    if (stats.size > FILE_BYTES_MAX) {
      throw new NodeError('policies-unreadable', `${path} is larger than ${FILE_BYTES_MAX} bytes`)
    }
    return readFileSync(fd, 'utf8')
  } finally {
    closeSync(fd)
  }
}

function listFiles(directory: string, suffix: string, filesMax: number): readonly string[] {
  const names = listAll(directory).filter((name) => name.endsWith(suffix))
  if (names.length <= filesMax) return names.toSorted()
  throw new NodeError(
    'policies-unreadable',
    `${directory} may hold ${FILES_MAX} files of policies at most`,
  )
}

function listAll(directory: string): readonly string[] {
  try {
    if ((statSync(directory).mode & FOREIGN_WRITE) !== 0) {
      throw new NodeError('policies-open', `others may write in ${directory} (chmod 700)`)
    }
    return readdirSync(directory)
  } catch (cause) {
    if (cause instanceof NodeError) throw cause
    const message = `the policies in ${directory} cannot be read`
    throw new NodeError('policies-unreadable', message, { cause })
  }
}
