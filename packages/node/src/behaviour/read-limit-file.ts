import {
  type BehaviourRules,
  type CallLimit,
  isTruth,
  MEASURE_NAMES,
  type PastFact,
  type PolicySource,
  SESSION_COUNTS,
  WINDOW_MS_MAX,
} from '@warren/policy'
import { z } from 'zod'
import { readPolicyYaml } from '../policy/read-policy-yaml.ts'
import { countedTool } from './counted-tool.ts'

export const LIMIT_FILE = 'limits.yaml'

const LIMITS_MAX = 256
const FACTS_MAX = 64
const COUNT_MAX = Number.MAX_SAFE_INTEGER
const TOOL_LENGTH_MAX = 256
const ROLE_LENGTH_MAX = 64
const SECOND_MS = 1_000
const UNIT_MS: Readonly<Record<string, number>> = { s: SECOND_MS, m: 60_000, h: 3_600_000 }
const SESSION_WITHIN_MS = 600_000
const QUARANTINE_MS = 3_600_000
const STANDARD: ReadonlySet<string> = new Set(SESSION_COUNTS)

const duration = z
  .string()
  .regex(/^\d{1,6}[smh]$/, 'is a duration such as 90s, 15m or 24h')
  .transform((text) => Number(text.slice(0, -1)) * (UNIT_MS[text.slice(-1)] ?? 0))
  .refine((ms) => ms >= SECOND_MS && ms <= WINDOW_MS_MAX, 'is a duration of 1s to 24h')
const server = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'is the name of a server')
const tool = z.string().min(1).max(TOOL_LENGTH_MAX).transform(countedTool)
const state = z.enum(['asked', 'running', 'refused', 'answered', 'error', 'failed'])
const pattern = z.strictObject({
  server: server.optional(),
  tool: tool.optional(),
  state: state.optional(),
})
const action = z.enum(['refuse', 'end-session', 'quarantine-caller', 'tell-admin'])
const name = z.string().regex(/^[a-z][A-Za-z0-9-]{0,63}$/, 'is a name of letters, digits and "-"')

const limit = z
  .strictObject({
    server: server.optional(),
    tool: tool.optional(),
    role: z.string().min(1).max(ROLE_LENGTH_MAX).optional(),
    count: z.enum(MEASURE_NAMES),
    max: z.int().min(0).max(COUNT_MAX),
    within: duration.optional(),
    actions: z.array(action).min(1).max(4).default(['refuse']),
  })
  .refine((value) => value.tool === undefined || value.server !== undefined, {
    message: 'names a tool and no server',
  })
  .refine(({ count, within }) => (count === 'concurrent') === (within === undefined), {
    message: 'needs "within", which "concurrent" alone has not',
  })

const fact = z.union([
  z.strictObject({ formerly: pattern, within: duration }),
  z.strictObject({ previous: pattern, within: duration }),
  z.strictObject({ count: pattern, within: duration }),
  z.strictObject({ since: pattern, unless: pattern, within: duration }),
  z.strictObject({ sum: z.enum(['bytesIn', 'bytesOut']), of: pattern, within: duration }),
])

const limitFile = z.strictObject({
  session: z.strictObject({ within: duration }).default({ within: SESSION_WITHIN_MS }),
  limits: z
    .record(name, limit)
    .refine((value) => Object.keys(value).length <= LIMITS_MAX, `has at most ${LIMITS_MAX} limits`)
    .default({}),
  facts: z
    .record(
      z
        .string()
        .regex(/^[a-z][A-Za-z0-9]{0,63}$/, 'is a name of letters and digits')
        .refine((each) => !STANDARD.has(each), 'is the name of a count that is always there'),
      fact,
    )
    .refine((value) => Object.keys(value).length <= FACTS_MAX, `has at most ${FACTS_MAX} facts`)
    .default({}),
  quarantine: duration.default(QUARANTINE_MS),
})

/**
 * Reads `limits.yaml`: what callers may do within a window, strictly.
 *
 * @throws PolicyError which names the file and the line
 */
export function readLimitFile(source: PolicySource): BehaviourRules {
  const { value } = readPolicyYaml(source, limitFile)
  return {
    limits: Object.entries(value.limits).map(([id, each]) => limitOf(id, each)),
    sessionWithinMs: value.session.within,
    facts: new Map(Object.entries(value.facts).map(([id, each]) => [id, factOf(each)])),
    quarantineMs: value.quarantine,
  }
}

/** The facts of the past as rules see them. */
export function pastOf({ facts }: BehaviourRules): ReadonlyMap<string, 'truth' | 'count'> {
  return new Map([...facts].map(([id, each]) => [id, isTruth(each) ? 'truth' : 'count'] as const))
}

function limitOf(id: string, value: z.infer<typeof limit>): CallLimit {
  const { server: of, tool: named, role, count, max, within = WINDOW_MS_MAX, actions } = value
  return { id, server: of, tool: named, role, count, max, withinMs: within, actions }
}

function factOf(value: z.infer<typeof fact>): PastFact {
  const { within: withinMs } = value
  if ('formerly' in value) return { ask: 'formerly', of: value.formerly, withinMs }
  if ('previous' in value) return { ask: 'previous', of: value.previous, withinMs }
  if ('count' in value) return { ask: 'count', of: value.count, withinMs }
  if ('since' in value) return { ask: 'since', of: value.since, unless: value.unless, withinMs }
  return { ask: 'sum', what: value.sum, of: value.of, withinMs }
}
