import type { Entry } from '@warren/audit'
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '@warren/core'
import { makePolicySet, retirePolicies } from '../../load-policies.ts'
import { NodeError } from '../../node-error.ts'
import { readPolicyFiles } from '../read-policy-files.ts'
import type { PolicyCase } from './read-case-file.ts'
import { asksPast, type CaseDecider, type CaseOutcome, runCases } from './run-cases.ts'

/** A decision as the audit log has it. */
export type RecordedDecision = Extract<Entry, { kind: 'decision' }>

/** The values that are kept beside an entry: where each stands, and its JSON. */
export type KeptValues = (seq: number) => Promise<readonly { path: string; text: string }[]>

export interface DryRunInit {
  /** The directory of the candidate. */
  readonly policies: string
  readonly decisions: readonly RecordedDecision[]
  readonly valuesOf: KeptValues
}

/** A decision that the candidate would make otherwise. */
export interface ChangedDecision {
  readonly recorded: RecordedDecision
  readonly now: Pick<CaseOutcome, 'verdict' | 'code' | 'rules'>
}

/** What another policy set would have said of recorded calls. */
export interface DryRunReport {
  readonly replayed: number
  readonly changed: readonly ChangedDecision[]
  /** Why calls could not be asked about, and how many. */
  readonly skipped: ReadonlyMap<string, number>
}

const LIMITS = { lengthMax: 4 * 1024 * 1024, depthMax: 64, keysMax: 100_000 }

/**
 * Asks a candidate about recorded calls of tools, each at its time; nothing comes into force. Tools are taken to be as
 * they are pinned, and files as they are now.
 *
 * @throws PolicyError, NodeError `policies-open`, `policies-foreign`, `policies-unreadable`, `policy-rules-missing`, and what `valuesOf` throws
 */
export async function dryRun({ policies, decisions, valuesOf }: DryRunInit): Promise<DryRunReport> {
  const read = readPolicyFiles(policies)
  if (read.policies.length === 0) {
    const message = `there are no rules in ${policies} (*.cedar); see whether this is the directory that was meant`
    throw new NodeError('policy-rules-missing', message)
  }
  const set = makePolicySet(read)
  const skipped = new Map<string, number>()
  const changed: ChangedDecision[] = []
  let replayed = 0
  try {
    for (const recorded of decisions) {
      const asked = flawOf(recorded) ?? pastOf(set, recorded) ?? (await caseOf(recorded, valuesOf))
      if (typeof asked === 'string') {
        skipped.set(asked, (skipped.get(asked) ?? 0) + 1)
        continue
      }
      replayed += 1
      const [now] = await runCases(set, [asked])
      if (now !== undefined && !now.passed) changed.push({ recorded, now })
    }
  } finally {
    retirePolicies(set)
  }
  return { replayed, changed, skipped }
}

/** Why a decision says nothing about policy alone, or undefined. */
function flawOf({
  tool,
  allowed,
  code = '',
  credentials,
  args,
}: RecordedDecision): string | undefined {
  if (tool === undefined) return 'no call of a tool'
  if (!allowed && !/^(?:policy|fact)-/.test(code)) return 'not decided by policy'
  if (credentials !== undefined && credentials.length > 0) return 'decided by credentials'
  if (args.keep !== 'all') return 'its arguments are not kept'
  return args.secrets === undefined ? undefined : 'its arguments held secrets, which are not kept'
}

/** What a caller had done before a call is not replayed: no answer is better than one by nothing. */
function pastOf(set: CaseDecider, recorded: RecordedDecision): string | undefined {
  return asksPast(set, caseWithout(recorded))
    ? 'the rules ask what a caller has done before'
    : undefined
}

async function caseOf(
  recorded: RecordedDecision,
  valuesOf: KeptValues,
): Promise<PolicyCase | string> {
  const args = argumentsIn(await valuesOf(recorded.seq))
  return args === undefined ? 'its arguments are erased' : { ...caseWithout(recorded), args }
}

/** A recorded call without its arguments. */
function caseWithout(recorded: RecordedDecision): PolicyCase {
  const { seq, caller, roles, enclave, server, tool, at, allowed, approval } = recorded
  return {
    file: '',
    line: 0,
    name: String(seq),
    caller: { did: caller, roles, enclave },
    server,
    tool,
    action: 'call',
    atMs: Date.parse(at),
    pinned: true,
    credentials: [],
    expect: allowed ? (approval === undefined ? 'allow' : 'approve') : 'deny',
  }
}

function argumentsIn(values: readonly { path: string; text: string }[]): JsonObject | undefined {
  const [whole] = values
  if (whole === undefined || values.length > 1) return undefined
  const value: JsonValue = parseJson(whole.text, LIMITS)
  return isJsonObject(value) ? value : undefined
}
