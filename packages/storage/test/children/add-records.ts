import { writeSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { openStore, RecordWriter, type StoredRecord } from '@warren/storage'

const SINGLES_PER_TURN = 16

const [path = '', round = '', how = ''] = process.argv.slice(2)
const { records, witness } = openStore(path)
let acknowledged = 0
if (how === 'singles') await addSingles()
else addBatches()

/** Batches of one to seven; the id of each record says how many came with it. */
function addBatches(): never {
  for (let number = 0; ; number += 1) {
    const size = 1 + (number % 7)
    const batch = Array.from({ length: size }, (_, index) =>
      record(`${round}.${number}.${size}.${index}`),
    )
    records.add(batch)
    acknowledge(batch.map(({ id }) => id))
    const seq = (witness.last() ?? 0) + 1
    witness.reserve(seq)
    acknowledge([`seq ${seq}`])
  }
}

/** Single records, several in each turn, so that they share a transaction. */
async function addSingles(): Promise<never> {
  const writer = new RecordWriter(records)
  for (let number = 0; ; number += 1) {
    for (let index = 0; index < SINGLES_PER_TURN; index += 1) {
      const one = record(`${round}.${number}.1.${index}`)
      void writer.add([one]).then(() => acknowledge([one.id]))
    }
    await nextTurn()
  }
}

function record(id: string): StoredRecord {
  return { id, kind: id.endsWith('0') ? 'removal' : 'grant', text: id.repeat(200) }
}

/** Goes out by itself, so that no buffer can run ahead of the disk. */
function acknowledge(ids: readonly string[]): void {
  acknowledged += 1
  writeSync(1, `${ids.join(' ')}\n#${acknowledged}\n`)
}
