import { BoundedMap } from '@warren/core'
import { expect, test } from 'vitest'
import { Allowance } from '../src/lan-discovery-allowance.ts'
import { LanDiscoveryError } from '../src/lan-discovery-error.ts'
import { ErrorReports } from '../src/lan-discovery-error-reports.ts'
import { HeardPeers } from '../src/lan-discovery-heard-peers.ts'

function stoppedClock(): { atMs: number; wallMs(): number; monotonicMs(): number } {
  return {
    atMs: 0,
    wallMs() {
      return this.atMs
    },
    monotonicMs() {
      return this.atMs
    },
  }
}

function taken(allowance: Allowance, tries: number): number {
  return Array.from({ length: tries }, () => allowance.take()).filter(Boolean).length
}

test('an allowance is used up and comes back with time', { tags: ['LAN-10'] }, () => {
  const clock = stoppedClock()
  const allowance = new Allowance(clock, 10)
  expect(taken(allowance, 20)).toBe(10)
  clock.atMs = 300
  expect(taken(allowance, 20)).toBe(3)
  clock.atMs = 100_000
  expect(taken(allowance, 20)).toBe(10)
})

test('the same news are told once in three seconds', { tags: ['LAN-10'] }, () => {
  const clock = stoppedClock()
  const heard = new HeardPeers(clock)
  expect(heard.isWorthTelling('a', 'eth0', 'x')).toBe(true)
  clock.atMs = 2_999
  expect(heard.isWorthTelling('a', 'eth0', 'x')).toBe(false)
  expect(heard.isWorthTelling('a', 'eth1', 'x')).toBe(true)
  clock.atMs = 3_000
  expect(heard.isWorthTelling('a', 'eth0', 'x')).toBe(true)
})

test('other news of a peer are told after a second', { tags: ['LAN-10'] }, () => {
  const clock = stoppedClock()
  const heard = new HeardPeers(clock)
  expect(heard.isWorthTelling('a', 'eth0', 'x')).toBe(true)
  clock.atMs = 999
  expect(heard.isWorthTelling('a', 'eth0', 'y')).toBe(false)
  clock.atMs = 1_000
  expect(heard.isWorthTelling('a', 'eth0', 'y')).toBe(true)
})

test('invented peers are told at most 32 in a second', { tags: ['LAN-10', 'THR-10'] }, () => {
  const clock = stoppedClock()
  const heard = new HeardPeers(clock)
  const told = (): number =>
    Array.from({ length: 1_000 }, (_, index) =>
      heard.isWorthTelling(`${clock.atMs} ${index}`, 'eth0', 'x'),
    ).filter(Boolean).length
  expect(told()).toBe(32)
  clock.atMs = 1_000
  expect(told()).toBe(32)
})

test(
  'of too many entries the one that was set longest ago is forgotten',
  { tags: ['LAN-10'] },
  () => {
    const map = new BoundedMap<string, number>(3)
    for (const key of ['a', 'b', 'c', 'a']) map.set(key, 1)
    map.set('d', 1)
    const kept = ['a', 'b', 'c', 'd'].filter((key) => map.get(key) !== undefined)
    expect(kept).toEqual(['a', 'c', 'd'])
  },
)

test('the same failure is reported once a minute', { tags: ['LAN-4'] }, () => {
  const clock = stoppedClock()
  const seen: string[] = []
  const reports = new ErrorReports(clock, ({ message }) => seen.push(message))
  const fail = (device: string): void =>
    reports.report(new LanDiscoveryError('lan-send-failed', device))
  fail('eth0')
  fail('eth1')
  clock.atMs = 59_999
  fail('eth0')
  clock.atMs = 60_000
  fail('eth0')
  expect(seen).toEqual(['eth0', 'eth1', 'eth0'])
})
