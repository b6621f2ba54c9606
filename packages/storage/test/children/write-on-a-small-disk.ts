import { execFileSync } from 'node:child_process'
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { openStore, type Store, StorageError } from '@warren/storage'

/** Runs in a mount namespace of its own, where a disk can be mounted that nobody else sees. */
const [directory = ''] = process.argv.slice(2)
mount('-t', 'tmpfs', '-o', 'size=64k', 'none', directory)
const path = join(directory, 'warren.db')
say('open', () => openStore(path).close())

mount('-o', 'remount,size=256k', directory)
const store = openStore(path)
say('fill', () => fill(store))
const full = store.records.count('grant')
say('batch', () =>
  store.records.add(['a', 'b', 'c', 'd'].map((id) => ({ id, kind: 'removal', text: long(id) }))),
)
say('readable', () => [...store.records.all()].length === full && store.records.count('removal'))

mount('-o', 'remount,size=1m', directory)
say('again', () => store.records.add([{ id: 'a', kind: 'removal', text: long('a') }]))
store.close()
const reopened = openStore(path)
say('kept', () => [...reopened.records.all()].length - full)
reopened.close()

function fill({ records }: Store): void {
  for (let index = 0; ; index += 1) {
    records.add([{ id: `r${index}`, kind: 'grant', text: long('r') }])
  }
}

function long(text: string): string {
  return text.repeat(8_000)
}

function mount(...args: readonly string[]): void {
  execFileSync('mount', args)
}

function say(name: string, work: () => unknown): void {
  try {
    writeSync(1, `${JSON.stringify([name, work() ?? null])}\n`)
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    writeSync(1, `${JSON.stringify([name, error.code, error.message])}\n`)
  }
}
