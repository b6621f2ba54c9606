import type { JsonObject } from '@warren/core'
import { PolicyError, type PolicySource, type SessionFacts } from '@warren/policy'
import { z } from 'zod'
import { readPolicyYaml } from '../read-policy-yaml.ts'

/** What becomes of a call; `approve`: it goes on once a person has approved it. */
export type Verdict = 'allow' | 'approve' | 'deny'

/** One question to a policy set, and the answer that is expected. */
export interface PolicyCase {
  readonly file: string
  /** Counted from 1; where the case stands. */
  readonly line: number
  readonly name: string
  readonly caller: {
    readonly did: string
    readonly roles: readonly string[]
    readonly enclave: string
  }
  readonly server: string
  readonly action: 'call' | 'read' | 'list'
  readonly tool?: string | undefined
  readonly args?: JsonObject | undefined
  /** Wall-clock milliseconds. */
  readonly atMs: number
  readonly pinned: boolean
  readonly session?: SessionFacts | undefined
  readonly credentials: readonly string[]
  readonly expect: Verdict
  /** A rule that has to be among those that decide. */
  readonly rule?: string | undefined
  /** The code of the refusal. */
  readonly code?: string | undefined
}

const CASES_MAX = 512
const TEXT_LENGTH_MAX = 512
const LIST_MAX = 64
const CALLER = 'did:webvh:QmUgWJgSdPTXQJYMyv4g4rPAyw8smRY2KdTGQEeQQHtF2x:warren.internal'
/** Noon of a Wednesday. */
const AT = '2026-07-01T12:00:00Z'

const text = z.string().min(1).max(TEXT_LENGTH_MAX)
const count = z.int().min(0)

/** By the names of the counts and of the facts that `limits.yaml` declares; what is left out is 0, or false. */
const session: z.ZodType<SessionFacts> = z.record(text, z.union([count, z.boolean()]))

const schema = z.strictObject({
  cases: z
    .array(
      z.strictObject({
        name: text,
        caller: z
          .strictObject({
            did: text.default(CALLER),
            roles: z.array(text).max(LIST_MAX).default([]),
            enclave: text.default('main'),
          })
          .prefault({}),
        server: text,
        action: z.enum(['call', 'read', 'list']).default('call'),
        tool: text.optional(),
        args: z.record(z.string(), z.json()).optional(),
        at: z.iso.datetime().default(AT),
        pinned: z.boolean().default(true),
        session: session.optional(),
        credentials: z.array(text).max(LIST_MAX).default([]),
        expect: z.enum(['allow', 'approve', 'deny']),
        rule: text.optional(),
        code: text.optional(),
      }),
    )
    .max(CASES_MAX),
})

/**
 * Reads one file of cases: `cases: [ … ]`, at most 512, strictly.
 *
 * @throws PolicyError `policy-malformed` which names the file and the line, `policy-too-large`
 */
export function readCaseFile(source: PolicySource): readonly PolicyCase[] {
  const { name: file } = source
  const { value, document } = readPolicyYaml(source, schema)
  const cases: PolicyCase[] = []
  for (const [index, { at, ...said }] of value.cases.entries()) {
    const { line } = document.place(['cases', index])
    if (said.action !== 'call' && said.tool !== undefined) {
      const message = `"${said.action}" is asked of a server, never of a tool`
      throw new PolicyError('policy-malformed', message, { file, line })
    }
    cases.push({ ...said, file, line, atMs: Date.parse(at) })
  }
  return cases
}
