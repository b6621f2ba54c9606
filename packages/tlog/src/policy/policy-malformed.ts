import { TlogError } from '../tlog-error.ts'

/** What is wrong with a text, or a value, that should be a policy. */
export function policyMalformed(reason: string): TlogError {
  return new TlogError('policy-malformed', `this is no policy: ${reason}`)
}
