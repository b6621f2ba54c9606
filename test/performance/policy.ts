/**
 * `pnpm bench:policy`: how long one decision takes, with few rules and with many, of which a few or
 * all speak of the call; then how long one on a statement of 2,000 characters takes, from arguments to answer.
 *
 * Every rule reads facts or arguments, so nothing is remembered. Options: `--decisions 5000`.
 */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { createPolicyEngine, type PolicyRequest, type ToolDefinition } from '@warren/policy'
import { quantile, quietestP99 } from './measure.ts'
import { measureStatements } from './policy-sql.ts'

const { values } = parseArgs({ options: { decisions: { type: 'string', default: '5000' } } })
const DECISIONS = Number(values.decisions)
const WARM_UP = 500
const SERVERS = 10
const TOOLS_EACH = 10

const tools: readonly ToolDefinition[] = Array.from(
  { length: SERVERS * TOOLS_EACH },
  (_, index) => ({
    server: `s${index % SERVERS}`,
    name: `read_${Math.floor(index / SERVERS)}`,
    inputSchema: {
      type: 'object',
      properties: {
        path: { type: 'string' },
        head: { type: 'integer' },
        content: { type: 'string' },
      },
      required: ['path'],
    },
    facts: { path: 'path' },
  }),
)

console.log(`Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? '?'}`)
console.log(`${tools.length} tools, ${DECISIONS} decisions each, alternately allowed and refused\n`)
console.log(
  '| rules | of them on the call | load ms | first µs | p50 µs | p99 µs | in the quietest tenth | CPU µs |',
)
console.log(
  '| ----: | ------------------: | ------: | -------: | -----: | -----: | --------------------: | -----: |',
)
measureRules('spread over all tools', 20, (index) => index % tools.length)
measureRules('spread over all tools', 1000, (index) => index % tools.length)
measureRules('all on one tool', 20, () => 0)
measureRules('all on one tool', 1000, () => 0)
await measureStatements(DECISIONS)

function measureRules(how: string, count: number, toolOf: (index: number) => number): void {
  const text = Array.from({ length: count }, (_, index) => ruleOn(index, toolOf(index))).join('\n')
  const before = performance.now()
  const engine = createPolicyEngine({ policies: [{ name: 'rules.cedar', text }], tools })
  const loadMs = performance.now() - before
  const requests = [requestFor('/data/0'), requestFor('/etc')]
  const onCall = Array.from({ length: count }, (_, index) => toolOf(index)).filter(
    (tool) => tool === 0,
  )
  const timesUs: number[] = []
  const decide = (index: number): void => {
    const start = performance.now()
    const { allowed } = engine.decide(requests[index % 2] ?? requestFor(''))
    timesUs.push((performance.now() - start) * 1000)
    if (allowed !== (index % 2 === 0)) throw new Error('a wrong decision')
  }
  decide(0)
  const firstUs = timesUs[0] ?? 0
  for (let index = 0; index < WARM_UP; index += 1) decide(index)
  timesUs.length = 0
  const cpuBefore = process.cpuUsage()
  for (let index = 0; index < DECISIONS; index += 1) decide(index)
  const { user, system } = process.cpuUsage(cpuBefore)
  engine.retire()
  const sorted = timesUs.toSorted((a, b) => a - b)
  const figures = [
    loadMs,
    firstUs,
    quantile(sorted, 0.5),
    quantile(sorted, 0.99),
    quietestP99(timesUs),
    (user + system) / DECISIONS,
  ]
  const cells = [`${count}, ${how}`, onCall.length, ...figures.map((figure) => figure.toFixed(0))]
  console.log(`| ${cells.join(' | ')} |`)
}

/** One forbid after three permits, each on facts and an argument. */
function ruleOn(index: number, tool: number): string {
  const { server, name } = tools[tool] ?? { server: 's0', name: 'read_0' }
  const action = `Warren::Action::"${server}/${name}"`
  return index % 4 === 3
    ? `forbid (principal, action == ${action}, resource) when { context.fact.path.special || context.fact.path.name == "secret-${index}" };`
    : `permit (principal in Warren::Role::"operator", action == ${action}, resource)
       when { context.fact.path.ok && context.fact.path.dirs.contains("/data/${index}") && context.input.path != "" };`
}

function requestFor(directory: string): PolicyRequest {
  return {
    caller: {
      did: 'did:webvh:QmA:warren.internal',
      roles: ['operator', 'member'],
      enclave: 'main',
    },
    action: 'call',
    server: 's0',
    tool: 'read_0',
    atMs: 1_795_000_000_000,
    input: { path: `${directory}/notes.md`, head: 10, content: 'x'.repeat(1000) },
    facts: {
      path: {
        ok: true,
        asked: `${directory}/notes.md`,
        real: `${directory}/notes.md`,
        dirs: ['/', directory, `${directory}/notes.md`],
        name: 'notes.md',
        extension: 'md',
        exists: true,
        viaSymlink: false,
        hidden: false,
        hardlinks: 1,
        special: false,
        pseudo: false,
      },
    },
  }
}
