import { replaceSecrets, type SecretFinder } from '@warren/audit'
import { canonicalJson, type Clock, type JsonObject, type JsonValue } from '@warren/core'
import { findSecrets, isSecretName } from '@warren/sentinel'
import type { ApprovalDesk } from './approval-desk.ts'
import type { Grant } from './approval-grants.ts'
import type { HeldCall } from './held-call.ts'

const SECRETS: SecretFinder = { findSecrets, isSecretName }
/** UTF-16 code units of the arguments in the list of all calls. */
const EXCERPT_LENGTH = 512

/** All calls that wait, and all approvals that are good for more calls, in short. */
export function describeApprovals(desk: ApprovalDesk, clock: Clock): JsonObject {
  const waiting = desk.waiting.map((held) => {
    const { arguments: _whole, ...rest } = describeHeld(held, desk)
    const text = canonicalJson(markedPartsOf(held).value)
    const excerpt = text.slice(0, EXCERPT_LENGTH).toWellFormed()
    return { ...headOf(rest), excerpt, argumentsLength: text.length }
  })
  return { waiting, granted: desk.grants.map((grant) => describeGrant(grant, clock)) }
}

/**
 * One call that waits, with all that it would do, as it is: a mark in place of what looks like a secret could hide from
 * whoever approves what a caller has written to look like one. How much does is counted.
 */
export function describeHeld(held: HeldCall, desk: ApprovalDesk): JsonObject {
  const { subject, hash, rules, roles, enclave } = held.question
  const { caller, generation, server, tool, policy } = subject
  const { arguments: args, more, beside, facts } = subject
  const { secrets } = replaceSecrets({ arguments: args, more, beside, facts }, SECRETS)
  return {
    id: held.id,
    since: new Date(held.sinceMs).toISOString(),
    leftSeconds: desk.leftSecondsOf(held),
    caller,
    generation,
    roles,
    enclave,
    server,
    tool,
    rules,
    hash,
    policy,
    secrets,
    arguments: args,
    more,
    beside,
    facts,
  }
}

/** The arguments for a list, which nobody approves by: with marks in place of what looks like secrets. */
function markedPartsOf({ question }: HeldCall): { readonly value: JsonValue } {
  return replaceSecrets(question.subject.arguments, SECRETS)
}

/** What a list has room for. */
function headOf({ more: _more, beside: _beside, facts: _facts, ...head }: JsonObject): JsonObject {
  return head
}

function describeGrant({ id, hash, subject, timesLeft, untilMs }: Grant, clock: Clock): JsonObject {
  const { caller, server, tool } = subject
  const leftSeconds = Math.ceil((untilMs - clock.monotonicMs()) / 1000)
  return { id, caller, server, tool, hash, timesLeft, leftSeconds }
}
