/**
 * A process of its own that remembers as many calls as may be, and says what memory they take: MB of heap, MB of the
 * process, bytes of heap for each. Arguments: `like` (calls are of some tools) or `unlike` (each is of a tool of its own,
 * with a name as long as names may be), how many limits and facts are declared, and how many calls one caller makes.
 */
import { setImmediate } from 'node:timers/promises'
import { CallerBehaviour, CALLS_MAX } from '@warren/policy'
import { limitsLike } from './limit-rules.ts'

const NAME_LENGTH = 64
const CALLERS_MAX = 1_000_000
const [, , kind = 'like', limits = '4', facts = '4', each = '65536'] = process.argv

// What any busy process takes is there before it is measured.
await warmUp()
const before = await memory()
const behaviour = await fill(CALLS_MAX)
const after = await memory()
const [heap, rss] = [after.heap - before.heap, after.rss - before.rss]
console.log(
  [heap / 1e6, rss / 1e6, heap / behaviour.size].map((figure) => figure.toFixed(0)).join(' | '),
)

/** Callers come one after the other, each for as long as there is room for it. */
async function fill(countMax: number): Promise<CallerBehaviour> {
  const filled = new CallerBehaviour(limitsLike(Number(limits), Number(facts)))
  for (let index = 0, caller = 0; index < countMax && caller < CALLERS_MAX; index += 1) {
    const at = { caller: `did:webvh:${caller}`, nowMs: index / 1000 + 0.5 }
    const call = filled.count(at, asked(index))
    if (call === undefined || index % Number(each) === 0) caller += 1
    const state = index % 20 === 0 ? 'error' : 'answered'
    if (call !== undefined) filled.note(at.caller, call.id, { state, bytesOut: 900 })
    if (index % 1000 === 0) await setImmediate()
  }
  return filled
}

function asked(index: number): Parameters<CallerBehaviour['count']>[1] {
  const own = `${index}`.padEnd(NAME_LENGTH, 'n')
  const tool = kind === 'like' ? `tool_${index % 40}` : Buffer.from(own).toString('latin1')
  const digest = Buffer.from(`${index * 7919}`.padEnd(32, 'z')).toString('base64url')
  return { server: 'fs', tool, digest, bytesIn: 300 }
}

async function warmUp(): Promise<void> {
  await fill(20_000)
}

async function memory(): Promise<{ readonly heap: number; readonly rss: number }> {
  await setImmediate()
  if (globalThis.gc === undefined) throw new Error('start it with --expose-gc')
  globalThis.gc()
  const used = process.memoryUsage()
  return { heap: used.heapUsed + used.external, rss: used.rss }
}
