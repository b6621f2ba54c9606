import type { ContextFlaw, ContextFlawCode } from './context/context-flaw.ts'
import type { Obligation } from './obligation.ts'
import type { PolicyRequest } from './policy-request.ts'
import type { Rule } from './policy-source.ts'
import { printable } from './printable.ts'

/**
 * - `no-rule`: nothing allows it. The default.
 * - `denied`: a forbid rule applies.
 * - `request-malformed`: the request broke a limit and the engine never saw it.
 * - `engine-failure`: the engine failed, or a rule could not be evaluated.
 * - the others: the arguments, or what the node says of them, cannot be given to the engine.
 */
export type RefusalReason =
  | 'no-rule'
  | 'denied'
  | 'request-malformed'
  | 'engine-failure'
  | ContextFlawCode

/** What the policy says about one request. A refusal is an answer, not an error. */
export type Decision =
  | {
      readonly allowed: true
      /** The first of `rules`. */
      readonly rule: string
      /** Every permit that applies, in the order of the files. */
      readonly rules: readonly string[]
      /** Of all those permits together: what has to be done, or the call may not go on. */
      readonly obligations: readonly Obligation[]
    }
  | {
      readonly allowed: false
      readonly reason: RefusalReason
      /** The first of `rules`; absent when there is none. */
      readonly rule?: string
      /** Every forbid that applies, or every rule that could not be evaluated. */
      readonly rules: readonly string[]
      /** Of all those forbids together. */
      readonly obligations: readonly Obligation[]
      /** For the person at the host. One line, printable, at most some 1,500 characters. */
      readonly sentence: string
    }

type Refusal = Extract<Decision, { allowed: false }>

const ROLES_SHOWN_MAX = 8
const HINTS_SHOWN_MAX = 3

/** The answer when permits apply and no forbid does. */
export function allowed(rules: readonly [Rule, ...Rule[]]): Decision {
  const [{ id }] = rules
  return {
    allowed: true,
    rule: id,
    rules: rules.map((rule) => rule.id),
    obligations: obligationsOf(rules),
  }
}

/** The answer when nothing allows the request. */
export function noRule(request: PolicyRequest): Refusal {
  const { did, roles } = request.caller
  const shown = roles
    .slice(0, ROLES_SHOWN_MAX)
    .map((role) => printable(role))
    .join(', ')
  const more = roles.length > ROLES_SHOWN_MAX ? ', …' : ''
  const who = `${printable(did)} (${roles.length === 0 ? 'no roles' : `roles ${shown}${more}`})`
  const sentence = `refused: no rule allows ${who} to ${deed(request)}`
  return { allowed: false, reason: 'no-rule', rules: [], obligations: [], sentence }
}

/** The same answer with what these permits say that they would allow. */
export function withHints(decision: Decision, permits: readonly Rule[]): Decision {
  if (decision.allowed || decision.reason !== 'no-rule') return decision
  // Of the permits of a large set most say nothing.
  const telling = permits.filter((permit) => permit.allowed !== undefined)
  if (telling.length === 0) return decision
  const hints = telling.map((permit) => `"${permit.id}" allows ${permit.allowed ?? ''}`)
  return {
    ...decision,
    sentence: `${decision.sentence}; ${hints.slice(0, HINTS_SHOWN_MAX).join('; ')}`,
  }
}

/** The answer when at least one forbid applies. */
export function denied(rules: readonly [Rule, ...Rule[]]): Refusal {
  const [{ id, reason }] = rules
  const sentence = `refused by policy "${id}"${reason === undefined ? '' : `: ${reason}`}`
  return {
    allowed: false,
    reason: 'denied',
    rule: id,
    rules: rules.map((rule) => rule.id),
    obligations: obligationsOf(rules),
    sentence,
  }
}

/** The answer when the request itself broke a rule. */
export function requestMalformed(flaw: string): Refusal {
  return {
    allowed: false,
    reason: 'request-malformed',
    rules: [],
    obligations: [],
    sentence: `refused: ${flaw}`,
  }
}

/** The answer when no rule can be asked about the call. */
export function contextFlawed(request: PolicyRequest, { code, message }: ContextFlaw): Refusal {
  const sentence = `refused to ${deed(request)}: ${message}`
  return { allowed: false, reason: code, rules: [], obligations: [], sentence }
}

/** The answer when the engine could not decide; `rules` are those that could not be evaluated. */
export function engineFailure(rules: readonly string[]): Refusal {
  const [rule] = rules
  const flaw = { allowed: false, reason: 'engine-failure', rules, obligations: [] } as const
  return rule === undefined
    ? { ...flaw, sentence: 'refused: the policy engine could not decide' }
    : { ...flaw, rule, sentence: `refused: policy "${rule}" could not be evaluated` }
}

function obligationsOf(rules: readonly Rule[]): readonly Obligation[] {
  return [...new Set(rules.flatMap(({ obligation }) => obligation ?? []))]
}

function deed({ action, server, tool }: PolicyRequest): string {
  if (tool !== undefined) return `call tool "${printable(`${server}/${tool}`)}"`
  return action === 'call'
    ? `call server "${server}" beyond its tools`
    : `${action} server "${server}"`
}
