import { writeSync } from 'node:fs'
import { openStore, StorageError } from '@warren/storage'

const [path = ''] = process.argv.slice(2)
const store = openStore(path)
try {
  for (let index = 0; ; index += 1) {
    store.records.add([{ id: `r${index}`, kind: 'grant', text: 'x'.repeat(8_000) }])
    writeSync(1, `r${index}\n`)
  }
} catch (error) {
  if (!(error instanceof StorageError)) throw error
  writeSync(1, `${error.code}: ${error.message}\n`)
}
