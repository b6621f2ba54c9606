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

test('the same news are told once in ten seconds', { tags: ['LAN-10'] }, () => {
  const clock = stoppedClock()
  const heard = new HeardPeers(clock)
  expect(heard.isWorthTelling('a', 'eth0', 'x')).toBe(true)
  clock.atMs = 9_999
  expect(heard.isWorthTelling('a', 'eth0', 'x')).toBe(false)
  expect(heard.isWorthTelling('a', 'eth1', 'x')).toBe(true)
  clock.atMs = 10_000
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

test('invented peers are told at most 32 in a second', { tags: ['LAN-10'] }, () => {
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

test('of 256 peers the one heard first is forgotten', { tags: ['LAN-10'] }, () => {
  const clock = stoppedClock()
  const heard = new HeardPeers(clock)
  for (let index = 0; index < 257; index += 1) {
    clock.atMs = index * 32
    expect(heard.isWorthTelling(`peer ${index}`, 'eth0', 'x')).toBe(true)
  }
  expect(heard.isWorthTelling('peer 1', 'eth0', 'x')).toBe(false)
  clock.atMs += 32
  expect(heard.isWorthTelling('peer 0', 'eth0', 'x')).toBe(true)
})

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
