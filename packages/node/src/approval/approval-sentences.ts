import type { Refusal } from '@warren/mcp'

/** Why a call cannot even wait. */
export type Unavailable =
  | 'full'
  | 'caller-full'
  | 'too-often'
  | 'too-long'
  | 'nobody-waits'
  | 'no-tool-call'

const RULES_SHOWN_MAX = 3
const WHY: Readonly<Record<Unavailable, string>> = {
  full: 'too many calls wait for one there; try again later',
  'caller-full': 'too many of your calls wait for one there already; try again later',
  'too-often': 'you have asked for one too often within a minute; try again later',
  'too-long': 'it is too long, or not well-formed, to be shown to one; ask for less in one call',
  'nobody-waits': 'it is no request, so that nobody would wait for the answer',
  'no-tool-call': 'only calls of tools can be approved; its operator can write a rule of its own',
}
const A_PERSON = 'the approval of a person at the node that owns this tool'

/** The refusal of a call that needs an approval and cannot wait for it. */
export function unavailable(rules: readonly string[], why: Unavailable): Refusal {
  const sentence = `refused: by ${named(rules)} this needs ${A_PERSON}, and ${WHY[why]}`
  return { allowed: false, code: 'approval-unavailable', sentence }
}

/** The refusal of a call that no person decided on in time. */
export function expired(rules: readonly string[], waitMs: number): Refusal {
  const waited = `nobody has approved it within ${Math.round(waitMs / 1000)} s`
  const sentence = `refused: by ${named(rules)} this needs ${A_PERSON}, and ${waited}; ask its operator, then call again`
  return { allowed: false, code: 'approval-expired', sentence }
}

/** The refusal of a call that a person refused; the reason is the person's own, one printable line. */
export function refused(rules: readonly string[], reason: string | undefined): Refusal {
  const why = reason === undefined ? '' : `: ${reason}`
  const sentence = `refused: by ${named(rules)} this needs ${A_PERSON}, who has said no${why}`
  return { allowed: false, code: 'approval-refused', sentence }
}

/** The refusal of a call whose caller has gone; nobody hears it. */
export const CANCELLED: Refusal = {
  allowed: false,
  code: 'approval-cancelled',
  sentence: 'refused: nobody waits for the answer any more',
}

/** The refusal of a call that is not what the person has seen any more. */
export const OUTDATED: Refusal = {
  allowed: false,
  code: 'approval-outdated',
  sentence:
    'refused: while this call waited for the approval of a person, the policy, the server or what the call means has changed; call again',
}

function named(rules: readonly string[]): string {
  const shown = rules.slice(0, RULES_SHOWN_MAX).map((rule) => `"${rule}"`)
  const more = rules.length > RULES_SHOWN_MAX ? ', …' : ''
  return `policy ${shown.join(', ')}${more}`
}
