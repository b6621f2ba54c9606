import { expect, test } from 'vitest'
import { CapabilitySender, chainsFor, type ToShow } from '../../src/capability/capability-sender.ts'
import { agent, HOUR_MS, issue, NOW_MS, other, owner } from './builders.ts'

const ITEMS: readonly ToShow[] = [
  { id: 'a', what: 'revocation', text: () => 'a' },
  { id: 'b', what: 'capability', text: () => 'b' },
]

test(
  'what was not taken is told once, and shown again until it is; after a parting everything is',
  { tags: ['CAP-15'] },
  async () => {
    const log: string[] = []
    let refuses = 'capability-not-yet-valid'
    const sender = new CapabilitySender({
      toShow: () => ITEMS,
      show: (_did, { id }) => {
        log.push(`show ${id}`)
        return id === 'b' && refuses !== '' ? Promise.reject(new Error(refuses)) : Promise.resolve()
      },
      onShown: (_did, { id }) => log.push(`taken ${id}`),
      onRefused: (_did, { id }, error) => log.push(`refused ${id} ${String(error)}`),
    })
    expect(sender.state('x', 'b')).toBe('not connected')
    await sender.offer('x')
    await sender.offer('x')
    expect(sender.state('x', 'b')).toBe('capability-not-yet-valid')
    refuses = ''
    await sender.offer('x')
    await sender.offer('x')
    expect(sender.state('x', 'b')).toBe('taken')
    expect(log).toEqual([
      'show a',
      'taken a',
      'show b',
      'refused b Error: capability-not-yet-valid',
      'show b',
      'show b',
      'taken b',
    ])
    sender.forget('x')
    log.length = 0
    // Two at once are one.
    await Promise.all([sender.offer('x'), sender.offer('x')])
    expect(log).toEqual(['show a', 'taken a', 'show b', 'taken b'])
    // Shown once more, and told once.
    log.length = 0
    sender.again()
    await sender.offer('x')
    expect(log).toEqual(['show a', 'show b'])
    expect(sender.state('x', 'a')).toBe('taken')
  },
)

test(
  'a node shows to an owner what is for it, in its time, as many as it takes',
  { tags: ['CAP-15', 'CAP-12'] },
  () => {
    const held = [
      issue(owner, agent),
      issue(owner, agent),
      issue(owner, agent, { node: other.did }),
    ]
    const now = { max: 16, nowMs: NOW_MS }
    expect(chainsFor(held, owner.did, now)).toHaveLength(2)
    expect(chainsFor(held, other.did, now)).toHaveLength(1)
    expect(chainsFor(held, owner.did, { ...now, max: 1 })).toHaveLength(1)
    expect(chainsFor(held, owner.did, { ...now, nowMs: NOW_MS + HOUR_MS })).toEqual([])
    expect(chainsFor(held, owner.did, { ...now, nowMs: NOW_MS + HOUR_MS - 1 })).toHaveLength(2)
  },
)
