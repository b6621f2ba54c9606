import { expect, test } from 'vitest'
import { boundedReport, EVENTS_PER_MINUTE_MAX } from '../src/bounded-report.ts'
import type { NodeEvent } from '../src/node-event.ts'

const MINUTE_MS = 60_000

function reporting(): {
  readonly told: NodeEvent[]
  readonly tell: (event: Partial<NodeEvent>, times?: number) => void
  readonly pass: (ms: number) => void
} {
  let nowMs = 0
  const told: NodeEvent[] = []
  const report = boundedReport((event) => told.push(event), {
    wallMs: () => 0,
    monotonicMs: () => nowMs,
  })
  return {
    told,
    tell: (event, times = 1) => {
      for (let count = 0; count < times; count += 1) {
        report({ event: 'refused', level: 'warn', ...event })
      }
    },
    pass: (ms) => {
      nowMs += ms
    },
  }
}

test(
  'as many events of a kind as allowed are told, and not one more',
  { tags: ['NODE-10', 'THR-21'] },
  () => {
    const { told, tell, pass } = reporting()
    tell({ peerId: 'a' }, EVENTS_PER_MINUTE_MAX)
    expect(told).toHaveLength(EVENTS_PER_MINUTE_MAX)
    pass(MINUTE_MS - 1)
    tell({ peerId: 'another that the stranger has made up' })
    expect(told).toHaveLength(EVENTS_PER_MINUTE_MAX)
  },
)

test(
  'after a minute they are told again, with the number of those that were not',
  { tags: ['NODE-10', 'THR-21'] },
  () => {
    const { told, tell, pass } = reporting()
    tell({}, EVENTS_PER_MINUTE_MAX + 7)
    pass(MINUTE_MS)
    tell({ code: 'new' })
    expect(told.slice(EVENTS_PER_MINUTE_MAX)).toMatchObject([
      { event: 'events-dropped', of: 'refused', count: 7 },
      { event: 'refused', code: 'new' },
    ])
  },
)

test(
  'a member that makes noise hides neither others nor other events',
  { tags: ['NODE-10', 'THR-21'] },
  () => {
    const { told, tell } = reporting()
    tell({ event: 'refused-call', caller: 'did:loud' }, 10 * EVENTS_PER_MINUTE_MAX)
    tell({ event: 'refused-call', caller: 'did:quiet' })
    tell({ event: 'lost', did: 'did:loud' })
    expect(told.slice(EVENTS_PER_MINUTE_MAX)).toMatchObject([
      { event: 'refused-call', caller: 'did:quiet' },
      { event: 'lost', did: 'did:loud' },
    ])
  },
)

test(
  'of many kinds the oldest are forgotten, and what they hid is told',
  { tags: ['NODE-10', 'THR-21'] },
  () => {
    const { told, tell } = reporting()
    tell({ did: 'did:first' }, EVENTS_PER_MINUTE_MAX + 1)
    for (let count = 0; count < 1_024; count += 1) tell({ did: `did:${count}` })
    expect(told.filter(({ event }) => event === 'events-dropped')).toMatchObject([{ count: 1 }])
    tell({ did: 'did:first' })
    expect(told.at(-1)).toMatchObject({ event: 'refused', did: 'did:first' })
  },
)
