import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { openStore, type Store } from '@warren/storage'
import { expect, test } from 'vitest'
import { runChild } from './run-child.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const KILLS = 20
const ACKNOWLEDGED_MAX = 60

test.for(['batches', 'singles'])(
  'after each of many kills all records that were acknowledged are there, and no half batch: %s',
  { tags: ['STO-9', 'STO-19', 'STO-22'], timeout: 60_000 },
  async (how) => {
    const path = join(await temporaryDirectory(), 'warren.db')
    const acknowledged: string[] = []
    for (let round = 0; round < KILLS; round += 1) {
      const writes = randomInt(1, ACKNOWLEDGED_MAX)
      const child = runChild('add-records.ts', [path, `${round}`, how])
      await child.waitFor(`#${writes}\n`)
      const lines = (await child.kill()).split('\n')
      // What follows the last line break was cut off.
      acknowledged.push(...lines.slice(0, -1).filter((line) => !line.startsWith('#')))

      const store = openStore(path)
      try {
        expectWhole(store, acknowledged)
      } finally {
        store.close()
      }
    }
  },
)

function expectWhole({ records, witness }: Store, acknowledged: readonly string[]): void {
  const ids = [...records.all()].map(({ id, text }) => {
    expect(text).toBe(id.repeat(200))
    return id
  })
  expect(records.count('removal') + records.count('grant')).toBe(ids.length)
  const there = new Set(ids)
  expect(there.size).toBe(ids.length)

  const lines = acknowledged.flatMap((line) => (line.startsWith('seq ') ? [] : line.split(' ')))
  expect(lines.filter((id) => !there.has(id))).toEqual([])

  const sequences = acknowledged
    .filter((line) => line.startsWith('seq '))
    .map((line) => Number(line.slice('seq '.length)))
  expect(witness.last() ?? 0).toBeGreaterThanOrEqual(Math.max(0, ...sequences))
  expect(new Set(sequences).size).toBe(sequences.length)

  expect(ids.filter((id) => !brothersOf(id).every((brother) => there.has(brother)))).toEqual([])
}

/** The ids of the batch with which a record came. */
function brothersOf(id: string): readonly string[] {
  const [round, number, size] = id.split('.')
  if (size === '1') return [id]
  return Array.from({ length: Number(size) }, (_, index) => `${round}.${number}.${size}.${index}`)
}
