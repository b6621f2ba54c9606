import { join } from 'node:path'
import { type CallerCalls, openStore, StorageError, type StoredCall } from '@warren/storage'
import { expect, test } from 'vitest'
import { temporaryDirectory } from './temporary-directory.ts'

function call(id: number, changes: Partial<StoredCall> = {}): StoredCall {
  return {
    id,
    caller: 'did:webvh:ada',
    server: 'fs',
    tool: 'read',
    digest: 'd',
    bytesIn: 1,
    atMs: id,
    state: 'asked',
    bytesOut: 0,
    ...changes,
  }
}

function newest(store: CallerCalls, countMax = 99): readonly StoredCall[] {
  const calls: StoredCall[] = []
  store.newest(countMax, (each) => calls.push(each))
  return calls
}

test('calls and their ends survive, and go when they are old', { tags: ['BEH-5'] }, async () => {
  const path = join(await temporaryDirectory(), 'warren.db')
  const store = openStore(path)
  store.callerCalls.write([call(1), call(2)], [{ id: 1, state: 'answered', bytesOut: 7 }])
  store.close()
  const again = openStore(path)
  expect(newest(again.callerCalls)).toEqual([call(1, { state: 'answered', bytesOut: 7 }), call(2)])
  expect(again.callerCalls.forgetBefore(2, 9)).toBe(1)
  expect(newest(again.callerCalls)).toEqual([call(2)])
  again.close()
})

test('of what is written together all lasts or nothing does', { tags: ['BEH-5'] }, async () => {
  const store = openStore(join(await temporaryDirectory(), 'warren.db'))
  store.callerCalls.write([call(1)], [])
  expect(() => store.callerCalls.write([call(2), call(1)], [])).toThrow(StorageError)
  expect(newest(store.callerCalls)).toEqual([call(1)])
  store.close()
})

test(
  'of more calls than are asked for the newest are given, the oldest of them first',
  { tags: ['BEH-17'] },
  async () => {
    const store = openStore(join(await temporaryDirectory(), 'warren.db'))
    expect(newest(store.callerCalls, 2)).toEqual([])
    store.callerCalls.write([call(1), call(2), call(5)], [])
    expect(newest(store.callerCalls, 2)).toEqual([call(2), call(5)])
    expect(newest(store.callerCalls, 3)).toEqual([call(1), call(2), call(5)])
    store.close()
  },
)

test(
  'calls before one go, the oldest first and so many at a time',
  { tags: ['BEH-18'] },
  async () => {
    const store = openStore(join(await temporaryDirectory(), 'warren.db'))
    store.callerCalls.write(
      [1, 2, 3, 4, 5].map((id) => call(id, { atMs: 100 - id })),
      [],
    )
    expect(store.callerCalls.forgetBefore(4, 2)).toBe(2)
    expect(newest(store.callerCalls).map(({ id }) => id)).toEqual([3, 4, 5])
    expect(store.callerCalls.forgetBefore(4, 2)).toBe(1)
    expect(store.callerCalls.forgetBefore(4, 2)).toBe(0)
    expect(newest(store.callerCalls).map(({ id }) => id)).toEqual([4, 5])
    store.close()
  },
)
