import {
  type BehaviourRules,
  type FactLayer,
  PolicyError,
  type PolicyEngine,
  type PolicyRequest,
  SESSION_COUNTS,
  type SessionFacts,
} from '@warren/policy'
import { pastOf } from '../../behaviour/read-limit-file.ts'
import { readCallFacts } from '../call-facts.ts'
import type { PolicyCase, Verdict } from './read-case-file.ts'

/** What a policy set says of a case. */
export interface CaseOutcome {
  readonly asked: PolicyCase
  readonly verdict: Verdict
  /** Of a refusal, as a caller would get it. */
  readonly code?: string
  /** The rules that decided. */
  readonly rules: readonly string[]
  /** Whether that is what the case expects. */
  readonly passed: boolean
}

/** What decides: the engine and the facts that it is asked with. */
export interface CaseDecider {
  readonly engine: PolicyEngine
  readonly layer: FactLayer
  /** What is declared of the behaviour of callers. */
  readonly limits: BehaviourRules | undefined
}

/**
 * Asks every case as the gate of a node would, of a caller who is a member.
 *
 * @throws PolicyError `policy-malformed` when a case says of the session what rules cannot name
 */
export async function runCases(
  decider: CaseDecider,
  cases: readonly PolicyCase[],
): Promise<readonly CaseOutcome[]> {
  const outcomes: CaseOutcome[] = []
  for (const asked of cases) {
    const said = await decideCase(decider, asked)
    outcomes.push({ asked, ...said, passed: isExpected(asked, said) })
  }
  return outcomes
}

/** Whether a rule that is for the caller and the call of a case reads what the caller has done before. */
export function asksPast(decider: CaseDecider, asked: PolicyCase): boolean {
  return decider.engine.asksPast(requestOf(asked, sessionOf(decider, asked)))
}

type Said = Pick<CaseOutcome, 'verdict' | 'code' | 'rules'>

async function decideCase(decider: CaseDecider, asked: PolicyCase): Promise<Said> {
  const { engine, layer } = decider
  const request = requestOf(asked, sessionOf(decider, asked))
  const { tool, server, args, caller } = asked
  // As at the gate: no argument is read for somebody whom no permit of the tool is for.
  if (tool === undefined || !engine.mayAllow(request)) return decided(engine, request)
  const params = args === undefined ? { name: tool } : { name: tool, arguments: args }
  const message = { jsonrpc: '2.0', id: 0, method: 'tools/call', params } as const
  const question = { caller: { did: caller.did }, server, message, bytes: 0 }
  const facts = await readCallFacts(question, { layer, tool })
  if ('allowed' in facts) return { verdict: 'deny', code: facts.code, rules: [] }
  return decided(engine, {
    ...request,
    input: facts.input,
    facts: Object.fromEntries(facts.reading.facts),
  })
}

function decided(engine: PolicyEngine, request: PolicyRequest): Said {
  const decision = engine.decide(request)
  const { rules, obligations } = decision
  if (!decision.allowed) return { verdict: 'deny', rules, code: `policy-${decision.reason}` }
  return { verdict: obligations.includes('approve') ? 'approve' : 'allow', rules }
}

/** What the node would say besides, where rules may ask for it. */
function requestOf(asked: PolicyCase, session: SessionFacts | undefined): PolicyRequest {
  const { caller, server, action, tool, atMs, credentials, pinned } = asked
  const toolState = { pinned, confinement: 'none' }
  const common = { caller, server, action, tool, atMs, session, credentials }
  return action === 'call' ? { ...common, toolState } : common
}

/** What the case says, and 0 or false for the rest; nothing where no limits are declared. */
function sessionOf(
  { limits }: CaseDecider,
  { session = {}, file, line }: PolicyCase,
): SessionFacts | undefined {
  const kinds = new Map<string, 'truth' | 'count'>([
    ...SESSION_COUNTS.map((name) => [name, 'count'] as const),
    ...(limits === undefined ? [] : pastOf(limits)),
  ])
  for (const [name, value] of Object.entries(session)) {
    const kind = typeof value === 'boolean' ? 'truth' : 'count'
    if (limits !== undefined && kinds.get(name) === kind) continue
    const message = `session.${name}: no ${kind} of this name stands in context.session by this limits.yaml`
    throw new PolicyError('policy-malformed', message, { file, line })
  }
  if (limits === undefined) return undefined
  const nothing = [...kinds].map(([name, kind]) => [name, kind === 'count' ? 0 : false] as const)
  return { ...Object.fromEntries(nothing), ...session }
}

function isExpected({ expect, rule, code }: PolicyCase, said: Said): boolean {
  return (
    expect === said.verdict &&
    (rule === undefined || said.rules.includes(rule)) &&
    (code === undefined || said.code === code)
  )
}
