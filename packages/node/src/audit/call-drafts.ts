import type { DecisionDraft, Keep, ResultDraft } from '@warren/audit'
import type { JsonObject, JsonValue } from '@warren/core'
import {
  type CallAnswer,
  type CallEnd,
  type GateAnswer,
  idAt,
  type JsonRpcMessage,
  objectAt,
  paramsOf,
} from '@warren/mcp'
import type { MethodClassification } from '@warren/policy'
import type { JudgedMessage } from './call-audit.ts'

/** What a decision entry says of one message. */
export function decisionDraft(judged: JudgedMessage, call: string, keep: Keep): DecisionDraft {
  const { question, answer, kind, roles, enclave, rule, approval, policy } = judged
  const { caller, server, message, bytes } = question
  const { did, peerId, callSession } = caller
  const { method } = message
  const id = typeof method === 'string' ? idAt(message, 'id') : undefined
  const tool = typeof kind === 'object' ? kind.tool : undefined
  const value = argumentsIn(message, kind)
  return {
    kind: 'decision',
    call,
    caller: did,
    ...(peerId === undefined ? {} : { peerId }),
    ...(callSession === undefined ? {} : { session: callSession }),
    roles,
    enclave,
    server,
    ...(tool === undefined ? {} : { tool }),
    method: typeof method === 'string' ? method : '',
    ...(id === undefined ? {} : { rpcId: id }),
    allowed: answer.allowed,
    ...(answer.allowed ? {} : { code: answer.code }),
    ...(rule === undefined ? {} : { rule }),
    ...(approval === undefined ? {} : { approval }),
    policy,
    args: { keep, ...(value === undefined ? {} : { value }) },
    ...forwardedIn(answer),
    ...credentialsIn(judged),
    bytes,
  }
}

function credentialsIn({ credentials = [] }: JudgedMessage): Pick<DecisionDraft, 'credentials'> {
  return credentials.length === 0 ? {} : { credentials }
}

function forwardedIn(answer: GateAnswer): Pick<DecisionDraft, 'forwarded'> {
  return answer.allowed && answer.arguments !== undefined ? { forwarded: answer.arguments } : {}
}

/** The decision of which a result tells the end. */
export interface OpenDecision {
  readonly call: string
  readonly seq: number
  readonly keep: Keep
  readonly durationUs: number
}

/** What a result entry says of the end of a call. */
export function resultDraft(end: CallEnd, decision: OpenDecision): ResultDraft {
  const { call, seq, keep, durationUs } = decision
  const { value, ...said } = answerIn('answer' in end ? end.answer : undefined)
  return {
    kind: 'result',
    call,
    decision: seq,
    outcome: end.outcome,
    ...said,
    ...('code' in end ? { code: end.code } : {}),
    durationUs,
    result: { keep, ...(value === undefined ? {} : { value }) },
  }
}

/** The arguments of a tool; of every other method its parameters, without what the transport put beside them. */
export function argumentsIn(
  message: JsonRpcMessage,
  kind: MethodClassification,
): JsonValue | undefined {
  const params = paramsOf(message)
  if (typeof kind === 'object' && kind.tool !== undefined) return member(params, 'arguments')
  const { _meta, ...rest } = params
  return Object.keys(rest).length === 0 ? undefined : rest
}

/** What an answer says for the record: its value, how long it is, and what a tool says of its own result. */
export function answerIn(answer: CallAnswer | undefined): {
  readonly value?: JsonValue
  readonly bytes: number
  readonly isError?: boolean
} {
  if (answer === undefined) return { bytes: 0 }
  const { message, bytes } = answer
  const value = member(message, 'result') ?? message['error']
  const { isError } = objectAt(message, 'result')
  return {
    bytes,
    ...(value === undefined ? {} : { value }),
    ...(typeof isError === 'boolean' ? { isError } : {}),
  }
}

function member(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}
