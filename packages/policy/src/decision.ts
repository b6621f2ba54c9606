import type { PolicyRequest } from './policy-request.ts'
import type { Rule } from './policy-source.ts'

/**
 * - `no-rule`: nothing allows it. The default.
 * - `denied`: a forbid rule applies.
 * - `request-malformed`: the request broke a limit and the engine never saw it.
 * - `engine-failure`: the engine failed, or a rule could not be evaluated.
 */
export type RefusalReason = 'no-rule' | 'denied' | 'request-malformed' | 'engine-failure'

/** What the policy says about one request. A refusal is an answer, not an error. */
export type Decision =
  | {
      readonly allowed: true
      /** The first of `rules`. */
      readonly rule: string
      /** Every permit that applies, in the order of the files. */
      readonly rules: readonly string[]
    }
  | {
      readonly allowed: false
      readonly reason: RefusalReason
      /** The first of `rules`; absent when there is none. */
      readonly rule?: string
      /** Every forbid that applies, or every rule that could not be evaluated. */
      readonly rules: readonly string[]
      /** For the person at the host. One line, printable, at most some 500 characters. */
      readonly sentence: string
    }

type Refusal = Extract<Decision, { allowed: false }>

const ROLES_SHOWN_MAX = 8
const NAME_SHOWN_MAX = 80

/** The answer when nothing allows the request. */
export function noRule(request: PolicyRequest): Refusal {
  const { did, roles } = request.caller
  const shown = roles.slice(0, ROLES_SHOWN_MAX).map(printable).join(', ')
  const more = roles.length > ROLES_SHOWN_MAX ? ', …' : ''
  const who = `${printable(did)} (${roles.length === 0 ? 'no roles' : `roles ${shown}${more}`})`
  const sentence = `refused: no rule allows ${who} to ${deed(request)}`
  return { allowed: false, reason: 'no-rule', rules: [], sentence }
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
    sentence,
  }
}

/** The answer when the request itself broke a rule. */
export function requestMalformed(flaw: string): Refusal {
  return { allowed: false, reason: 'request-malformed', rules: [], sentence: `refused: ${flaw}` }
}

/** The answer when the engine could not decide; `rules` are those that could not be evaluated. */
export function engineFailure(rules: readonly string[]): Refusal {
  const [rule] = rules
  const reason = 'engine-failure'
  if (rule === undefined) {
    return {
      allowed: false,
      reason,
      rules,
      sentence: 'refused: the policy engine could not decide',
    }
  }
  const sentence = `refused: policy "${rule}" could not be evaluated`
  return { allowed: false, reason, rule, rules, sentence }
}

function deed({ action, server, tool }: PolicyRequest): string {
  if (tool !== undefined) return `call tool "${printable(`${server}/${tool}`)}"`
  return action === 'call'
    ? `call server "${server}" beyond its tools`
    : `${action} server "${server}"`
}

/** A name that a stranger chose, made safe for a terminal and a chat window: short, no invisible characters. */
function printable(text: string): string {
  const short = text.length > NAME_SHOWN_MAX ? `${text.slice(0, NAME_SHOWN_MAX)}…` : text
  return short.replaceAll(/[\p{C}\p{Z}"\\]/gu, (character) =>
    character === ' ' ? ' ' : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )
}
