import type { JsonObject, JsonValue } from '@warren/core'
import type { JsonRpcMessage, RequestId } from '@warren/mcp'
import { expect, test } from 'vitest'
import { type NamedSubject, subjectOf } from '../../src/approval/approval-subject.ts'

function call(params: JsonObject = {}, id: RequestId = 1): JsonRpcMessage {
  return {
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name: 'write', arguments: { path: 'a' }, ...params },
  }
}

function withToken(progressToken: JsonValue, more: JsonObject = {}): JsonRpcMessage {
  return call({ _meta: { ...more, progressToken } })
}

function named(message: JsonRpcMessage): NamedSubject {
  const subject = subjectOf(
    {
      question: { caller: { did: 'did:a' }, server: 'fs', message, bytes: 100 },
      answer: { allowed: true, rule: 'writes' },
      kind: { action: 'call', tool: 'write' },
      roles: [],
      enclave: '',
      gen: 1,
      policy: 'p',
    },
    undefined,
  )
  if (subject === undefined) throw new Error('it is a call of a tool')
  return subject
}

test.for<[string, JsonRpcMessage]>([
  ['a progress token of 64 characters', withToken('x'.repeat(64))],
  ['an empty progress token', withToken('')],
  ['the largest safe integer as progress token', withToken(Number.MAX_SAFE_INTEGER)],
  ['an id of 64 characters', call({}, 'x'.repeat(64))],
  ['another number as id', call({}, -7)],
])('a call with %s is no other call', { tags: ['APR-15', 'APR-16'] }, ([, message]) => {
  const { subject, hash } = named(message)
  expect(hash).toBe(named(call()).hash)
  expect(subject).toMatchObject({ more: {}, beside: {} })
})

test.for<[string, JsonValue]>([
  ['of 65 characters', 'x'.repeat(65)],
  ['that is an object', { run: 'rm -rf' }],
  ['that is an empty object', {}],
  ['that is a list', ['rm -rf']],
  ['that is null', null],
  ['that is true', true],
  ['with a fraction', 1.5],
])(
  'a progress token %s is named and shown like the rest of the call',
  { tags: ['APR-16', 'THR-55'] },
  ([, token]) => {
    const { subject, hash } = named(withToken(token))
    expect(hash).not.toBe(named(call()).hash)
    expect(subject.more).toEqual({ _meta: { progressToken: token } })
    const beside = named(withToken(token, { 'x/trace': 1 }))
    expect(beside.subject.more).toEqual({ _meta: { 'x/trace': 1, progressToken: token } })
    expect(beside.hash).not.toBe(hash)
  },
)

test(
  'an id of 65 characters is named and shown beside the parameters',
  { tags: ['APR-16', 'THR-55'] },
  () => {
    const id = 'x'.repeat(65)
    const { subject, hash } = named(call({}, id))
    expect(subject.beside).toEqual({ id })
    expect(hash).not.toBe(named(call()).hash)
  },
)
