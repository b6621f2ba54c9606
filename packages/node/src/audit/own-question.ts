import type { GateAnswer, GateQuestion } from '@warren/mcp'
import { classifyMessage } from '@warren/policy'

/**
 * Whether policy has kept a server out of what a member is shown, at a question that the provider asked by itself, for
 * its list. The member has asked for nothing that it was refused; every member is shown its list again and again.
 */
export function isKeptFromList(
  { message, bytes }: Pick<GateQuestion, 'message' | 'bytes'>,
  answer: GateAnswer,
): boolean {
  if (answer.allowed || bytes > 0 || !answer.code.startsWith('policy-')) return false
  const kind = classifyMessage(message)
  return typeof kind === 'object' && kind.action === 'list'
}
