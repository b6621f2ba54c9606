import type { PolicyFile } from '@warren/audit'
import {
  type BehaviourRules,
  createPolicyEngine,
  FactLayer,
  type Obligation,
  type PolicyEngine,
  type PolicySource,
  type Supplied,
} from '@warren/policy'
import { pastOf, readLimitFile } from './behaviour/read-limit-file.ts'
import { policyFiles, policySetDigest } from './audit/policy-digest.ts'
import { definedTools } from './policy/defined-tools.ts'
import { nodeFactPorts } from './policy/fact-ports.ts'
import type { PinnedDigests } from './policy/pin/tool-digest.ts'
import { readPinnedTools } from './policy/read-pinned-tools.ts'
import { type PolicySetFiles, readPolicyFiles, withRules } from './policy/read-policy-files.ts'
import { openSqliteCompiler } from './policy/sqlite-compiler.ts'

/** What a node carries out; a rule that asks for more is not loaded. */
const OBLIGATIONS: readonly Obligation[] = [
  'approve',
  'kill-session',
  'quarantine-caller',
  'tell-admin',
]
/** What a node says of every request; rules can name it. */
const SUPPLIES: readonly Supplied[] = ['tool', 'credentials']

/** A policy set that can be put in force, and what names it in the audit log. */
export interface PolicySet {
  readonly engine: PolicyEngine
  /** Reads what the arguments of calls mean, as this set declares it. */
  readonly layer: FactLayer
  /** What callers may do within a window, where that is declared. */
  readonly limits: BehaviourRules | undefined
  /** Of all files, their names and their order. */
  readonly digest: string
  /** What is pinned of each tool. */
  readonly pins?: PinnedDigests
  readonly files: readonly PolicyFile[]
}

/**
 * Reads a directory of policies, as `readPolicyFiles` does, and makes a set of it. No rule means that everything is
 * refused. With one more rule file, which is not written yet: says whether all would be in order.
 *
 * A fault in any file fails the load as a whole.
 *
 * @throws PolicyError with the file and line, NodeError `policies-open`, `policies-foreign`, `policies-unreadable`
 */
export function loadPolicies(directory: string, added?: PolicySource): PolicySet {
  const files = readPolicyFiles(directory)
  return makePolicySet(added === undefined ? files : withRules(files, added))
}

/**
 * Makes a set of files that were read.
 *
 * @throws PolicyError with the file and line
 */
export function makePolicySet(read: PolicySetFiles): PolicySet {
  const { policies, declarations, schemas, pins } = read
  const files = filesOf(read)
  const [limitFile] = read.limits
  const limits = limitFile === undefined ? undefined : readLimitFile(limitFile)
  const pinned = pins.flatMap((source) => readPinnedTools(source))
  using opened = new DisposableStack()
  const sqlite = new Map(
    schemas.map((source) => [source.name, opened.use(openSqliteCompiler(source))]),
  )
  const tools = definedTools(pinned, declarations)
  const engine = createPolicyEngine({
    policies,
    tools,
    obligations: OBLIGATIONS,
    ...(limits === undefined
      ? { supplies: SUPPLIES }
      : { supplies: [...SUPPLIES, 'session'], past: pastOf(limits) }),
  })
  opened.move()
  return {
    engine,
    layer: new FactLayer(declarations, nodeFactPorts(sqlite)),
    limits,
    digest: policySetDigest(files),
    pins: new Map(pinned.map(({ server, name, digest }) => [`${server}/${name}`, digest])),
    files,
  }
}

/** What the files of a set are, in the order of its digest. */
export function filesOf(read: PolicySetFiles): readonly PolicyFile[] {
  const { policies, facts, limits, schemas, pins, cases } = read
  return policyFiles([...policies, ...facts, ...limits, ...schemas, ...pins, ...cases])
}

/** Frees what a set holds that is in force no more. */
export function retirePolicies({ engine, layer }: Pick<PolicySet, 'engine' | 'layer'>): void {
  engine.retire()
  layer.retire()
}
