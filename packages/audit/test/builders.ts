import type { Entry, EntryHead, SecretFinder, ValueKeeper } from '@warren/audit'
import { nodeSuite } from '@warren/crypto'
import { parseDid } from '@warren/identity'
import { expect } from 'vitest'

export const suite: typeof nodeSuite = nodeSuite
export const NODE = parseDid(`did:webvh:Qm${'a'.repeat(44)}:warren.internal`)
export const CALLER = parseDid(`did:webvh:Qm${'b'.repeat(44)}:warren.internal`)
export const BOOT = '0123456789abcdef'.repeat(2)
export const CALL = 'c0'.repeat(16)
/** 2026-11-28T00:20:11.123456Z */
export const AT_US = 1_795_825_211_123_456
export const DIGEST = 'A'.repeat(43)
export const SALT_KEY: Uint8Array = new Uint8Array(32).fill(7)

/** Finds the word `hunter2`, and knows the name `password`. */
export const finder: SecretFinder = {
  findSecrets: (text) =>
    [...text.matchAll(/hunter2/g)].map(({ index }) => ({
      start: index,
      end: index + 7,
      rule: 'word',
    })),
  isSecretName: (name) => name === 'password',
}

export const keeper: ValueKeeper = { suite, saltKey: SALT_KEY, secrets: finder }

export function head(changes: Partial<EntryHead> = {}): EntryHead {
  return {
    v: 1,
    seq: 0,
    node: NODE,
    boot: BOOT,
    at: '2026-11-28T00:20:11.123456Z',
    monoUs: 123,
    ...changes,
  }
}

type Decision = Extract<Entry, { kind: 'decision' }>

/** What a decision says, but for its arguments. */
export const DECIDED = {
  kind: 'decision',
  call: CALL,
  caller: CALLER,
  roles: ['operator'],
  enclave: 'plant-a',
  server: 'pump',
  tool: 'read_pressure',
  method: 'tools/call',
  rpcId: 7,
  allowed: true,
  rule: 'operators-read',
  policy: DIGEST,
  bytes: 321,
} as const

export function decision(changes: Partial<Decision> = {}): Decision {
  return { ...head(), ...DECIDED, args: { keep: 'hash', digest: DIGEST }, ...changes }
}

type Request = Extract<Entry, { kind: 'request' }>
type Response = Extract<Entry, { kind: 'response' }>

/** What a request says, but for its arguments. */
export const ASKED = {
  kind: 'request',
  call: CALL,
  door: 'stdio',
  provider: CALLER,
  server: 'pump',
  tool: 'read_pressure',
  method: 'tools/call',
  rpcId: 7,
  sent: true,
  bytes: 321,
} as const

export function request(changes: Partial<Request> = {}): Request {
  return { ...head(), ...ASKED, args: { keep: 'hash', digest: DIGEST }, ...changes }
}

export function response(changes: Partial<Response> = {}): Response {
  return {
    ...head(),
    kind: 'response',
    call: CALL,
    request: 0,
    outcome: 'answered',
    bytes: 5,
    durationUs: 6,
    result: { keep: 'hash', digest: DIGEST },
    ...changes,
  }
}

/** One entry of every kind, each with all that it may have. */
export function everyKind(): readonly Entry[] {
  const all = head({ beacon: 'zQmBeacon', meshAt: '2026-11-28T00:20:11.000000Z', island: true })
  return [
    { ...all, kind: 'start', version: '1.2.3', mesh: 'zQmMesh', size: 0, reason: 'first start' },
    { ...all, kind: 'stop' },
    decision({
      ...all,
      actingFor: CALLER,
      peerId: '12D3KooW',
      session: 'ab',
      code: 'no-rule',
      approval: CALL,
      forwarded: { keep: 'hash', digest: DIGEST },
    }),
    {
      ...all,
      kind: 'result',
      call: CALL,
      decision: 0,
      outcome: 'answered',
      isError: false,
      code: 'audit-test',
      bytes: 5,
      durationUs: 6,
      result: {
        keep: 'fields',
        digest: DIGEST,
        fields: [{ path: '/a', digest: DIGEST, secrets: 1 }],
      },
    },
    request({
      ...all,
      client: 'agent',
      enclave: 'plant-a',
      session: 'ab',
      sent: false,
      code: 'knowledge-stale',
    }),
    response({ ...all, isError: true, code: 'policy-denied' }),
    { ...all, kind: 'unfinished', decisions: [0, 2], requests: [3] },
    {
      ...all,
      kind: 'policy',
      from: DIGEST,
      to: DIGEST,
      files: [{ name: 'a.cedar', digest: DIGEST }],
      more: 1,
    },
    { ...all, kind: 'config', what: 'servers' },
    { ...all, kind: 'record', id: 'zQmR', type: 'revocation', about: [CALLER], by: [NODE] },
    { ...all, kind: 'standing', did: CALLER, status: 'revoked', code: 'x', records: ['zQmR'] },
    { ...all, kind: 'alert', code: 'disk-full', severity: 'error', about: NODE, sentence: 'Full.' },
    {
      ...all,
      kind: 'approval',
      approval: CALL,
      event: 'approved',
      caller: CALLER,
      server: 'fs',
      tool: 'write',
      by: 'operator',
      reason: 'as agreed',
      times: 2,
      forSeconds: 60,
    },
    { ...all, kind: 'retention', segment: 0, from: 0, to: 9, what: 'bodies', digest: DIGEST },
    { ...all, kind: 'export', target: 'siem', gap: [1, 4] },
  ]
}

export function refusal(code: string): unknown {
  return expect.objectContaining({ name: 'AuditError', code })
}
