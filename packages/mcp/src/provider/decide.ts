import type { GateAnswer, GateQuestion, Waiting } from '../gate.ts'
import { type JsonRpcMessage, paramsOf } from '../json-rpc.ts'
import { askGate } from './gatekeeper.ts'
import type { ProviderComponents } from './provider-components.ts'

/** Asks the gate about one message, which may wait where somebody waits for it, and reports what it said. */
export async function decide(
  { gate, records, report }: Pick<ProviderComponents, 'gate' | 'records' | 'report'>,
  question: GateQuestion,
  waiting?: () => Waiting,
): Promise<GateAnswer> {
  const verdict = await records.keepBut((pause) =>
    askGate(
      gate,
      waiting === undefined
        ? question
        : { ...question, hold: (wait) => pause(() => wait(waiting())) },
    ),
  )
  const { caller, server, message } = question
  const { method } = message
  report({
    type: 'decided',
    caller: caller.did,
    server,
    method: typeof method === 'string' ? method : '',
    allowed: verdict.allowed,
    because: verdict.allowed ? verdict.rule : verdict.code,
  })
  return verdict
}

/** An allowed message as the server gets it: with the arguments that the gate gives it, where it gives any. */
export function forwarded<Message extends JsonRpcMessage>(
  message: Message,
  { arguments: given }: Extract<GateAnswer, { allowed: true }>,
): Message {
  if (given === undefined) return message
  return { ...message, params: { ...paramsOf(message), arguments: given } }
}
