import { expect, test } from 'vitest'
import { statusLines } from '../src/status-lines.ts'

test('warnings of a node stand before all else, each on its line', { tags: ['NODE-41'] }, () => {
  const warnings = ['the witness hall counts no more', 'no new beacon has come']
  expect(statusLines({ name: 'desk', pinnedWitness: null, warnings })).toEqual([
    'WARNING: the witness hall counts no more',
    'WARNING: no new beacon has come',
    'name           desk',
    'pinnedWitness  -',
  ])
})

test('a node that has nothing to warn of says nothing of it', { tags: ['NODE-41'] }, () => {
  expect(statusLines({ name: 'desk', warnings: [] })).toEqual(['name  desk'])
})
