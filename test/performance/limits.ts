/**
 * `pnpm bench:limits`: what it costs to count the calls of callers, with few calls remembered and with as many as may be:
 * time for one message, memory, and what the store does.
 *
 * A message is held against the limits, counted, seen by the rules, and noted twice. Calls come so that each lets go of one
 * that has become too old; in a pause of just less than the window all but one become so. Options: `--messages 20000`.
 */
import { execFile } from 'node:child_process'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { type BehaviourRules, CallerBehaviour, CALLS_PER_CALLER_MAX } from '@warren/policy'
import { limitsLike } from './limit-rules.ts'
import { measureStore } from './limit-store.ts'
import { quantile } from './measure.ts'

const { values } = parseArgs({ options: { messages: { type: 'string', default: '20000' } } })
const MESSAGES = Number(values.messages)
const CALLER = 'did:webvh:ada'
const REMEMBERED = [100, 16_384, CALLS_PER_CALLER_MAX]
const REMEMBERING = join(import.meta.dirname, 'remember-calls.ts')
const FILLINGS = [
  ['of 40 tools, 4 limits and 4 facts', ['like', '4', '4']],
  ['each of a tool of its own, 4 limits and 4 facts', ['unlike', '4', '4']],
  ['each of a tool of its own, 256 limits and 64 facts', ['unlike', '256', '64']],
  ['each of a tool and a caller of its own, 4 limits and 4 facts', ['unlike', '4', '4', '1']],
  ['32 of each caller, 256 limits and 64 facts', ['unlike', '256', '64', '32']],
] as const
const run = promisify(execFile)

console.log(`Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? '?'}`)
console.log(
  '| limits and facts | calls remembered | CPU µs | p50 µs | p99 µs | first after a reload, ms | first after a pause, ms |',
)
console.log('| ---: | ---: | ---: | ---: | ---: | ---: | ---: |')
for (const [limits, facts] of [
  [4, 4],
  [256, 64],
] as const) {
  for (const remembered of REMEMBERED) measureMessages(limitsLike(limits, facts), remembered)
}
await measureMemory()
measureStore()

function measureMessages(rules: BehaviourRules, remembered: number): void {
  const behaviour = new CallerBehaviour(rules)
  const stepMs = rules.sessionWithinMs / (remembered - 1)
  for (let index = 0; index < remembered; index += 1) askOne(behaviour, index, index * stepMs)
  const timesMs: number[] = []
  const cpuBefore = process.cpuUsage()
  for (let index = remembered; index < remembered + MESSAGES; index += 1) {
    timesMs.push(timeMs(() => askOne(behaviour, index, index * stepMs)))
  }
  const { user, system } = process.cpuUsage(cpuBefore)
  const { size } = behaviour
  const endMs = (remembered + MESSAGES) * stepMs
  behaviour.configure({ ...rules })
  const reloadedMs = timeMs(() => askOne(behaviour, 0, endMs))
  // One call more, just before, keeps the list from being empty.
  const pausedMs = timeMs(() => askOne(behaviour, 0, endMs + rules.sessionWithinMs - stepMs))
  const sorted = timesMs.toSorted((one, other) => one - other)
  const figures = [
    (user + system) / MESSAGES,
    quantile(sorted, 0.5) * 1000,
    quantile(sorted, 0.99) * 1000,
    reloadedMs,
    pausedMs,
  ]
  const cells = [
    `${rules.limits.length} and ${rules.facts.size}`,
    size,
    ...figures.map((figure) => figure.toFixed(1)),
  ]
  console.log(`| ${cells.join(' | ')} |`)
}

/** What the gate does for one call. */
function askOne(behaviour: CallerBehaviour, index: number, nowMs: number): void {
  const at = { caller: CALLER, nowMs }
  const digest = `${index % 1000}`.padStart(43, 'x')
  const asked = { server: 'fs', tool: `tool-${index % 7}`, digest, bytesIn: 300 }
  behaviour.breaches(at, asked, [])
  const call = behaviour.count(at, asked)
  if (call === undefined) throw new Error('no room')
  behaviour.facts(at, asked, call.id)
  behaviour.note(CALLER, call.id, { state: 'running' })
  const state = index % 50 === 0 ? 'error' : 'answered'
  behaviour.note(CALLER, call.id, { state, bytesOut: 900 })
}

/** Fills what may be remembered, each time in a process of its own. */
async function measureMemory(): Promise<void> {
  console.log('\n| calls | heap MB | process MB | bytes of heap each |')
  console.log('| :---- | ------: | ---------: | -----------------: |')
  for (const [what, args] of FILLINGS) {
    const { stdout } = await run(process.execPath, ['--expose-gc', REMEMBERING, ...args])
    console.log(`| ${what} | ${stdout.trim()} |`)
  }
}

function timeMs(work: () => void): number {
  const from = performance.now()
  work()
  return performance.now() - from
}
