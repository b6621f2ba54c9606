import type { FreshnessState } from '@warren/membership'
import { expect, test } from 'vitest'
import { whatGoesOn } from '../../src/records/what-goes-on.ts'

function judged(state: FreshnessState, servers: Readonly<Record<string, FreshnessState>> = {}) {
  return {
    state,
    servers: Object.entries(servers).map(([server, each]) => ({ server, state: each })),
  }
}

test(
  'at the last age calls end, but for those of servers that a grant still lets go on',
  { tags: ['NODE-12', 'NODE-16'] },
  () => {
    const granted = { pump: 'aging', drill: 'deny-new', press: 'stop' } as const
    expect(whatGoesOn(judged('deny-new'), judged('stop'))).toEqual(new Set())
    expect(whatGoesOn(judged('deny-new', granted), judged('stop', granted))).toEqual(
      new Set(['pump', 'drill']),
    )
  },
)

test(
  'when a grant’s own age is reached, or the grant ends, the calls of its servers end',
  { tags: ['NODE-16'] },
  () => {
    const both = judged('stop', { pump: 'aging', drill: 'aging' })
    expect(whatGoesOn(both, judged('stop', { pump: 'aging', drill: 'stop' }))).toEqual(
      new Set(['pump']),
    )
    expect(whatGoesOn(both, judged('stop', { drill: 'aging' }))).toEqual(new Set(['drill']))
    expect(whatGoesOn(both, judged('stop'))).toEqual(new Set())
  },
)

test('nothing ends twice, before the last age, or at the start', { tags: ['NODE-12'] }, () => {
  const held = judged('stop', { pump: 'aging' })
  expect(whatGoesOn(held, held)).toBeUndefined()
  expect(whatGoesOn(held, judged('stop', { pump: 'deny-new' }))).toBeUndefined()
  expect(whatGoesOn(judged('stop'), held)).toBeUndefined()
  expect(whatGoesOn(judged('stop'), judged('stop'))).toBeUndefined()
  expect(whatGoesOn(judged('fresh'), judged('deny-new'))).toBeUndefined()
  expect(whatGoesOn(held, judged('fresh'))).toBeUndefined()
  expect(whatGoesOn(undefined, judged('stop'))).toBeUndefined()
})
