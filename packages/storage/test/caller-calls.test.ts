import { join } from 'node:path'
import { openStore, StorageError, type StoredCall } from '@warren/storage'
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

test('calls and their ends survive, and go when they are old', { tags: ['BEH-5'] }, async () => {
  const path = join(await temporaryDirectory(), 'warren.db')
  const store = openStore(path)
  store.callerCalls.write([call(1), call(2)], [{ id: 1, state: 'answered', bytesOut: 7 }])
  store.close()
  const again = openStore(path)
  expect(again.callerCalls.list()).toEqual([call(1, { state: 'answered', bytesOut: 7 }), call(2)])
  again.callerCalls.forgetBefore(2)
  expect(again.callerCalls.list()).toEqual([call(2)])
  again.close()
})

test('of what is written together all lasts or nothing does', { tags: ['BEH-5'] }, async () => {
  const store = openStore(join(await temporaryDirectory(), 'warren.db'))
  store.callerCalls.write([call(1)], [])
  expect(() => store.callerCalls.write([call(2), call(1)], [])).toThrow(StorageError)
  expect(store.callerCalls.list()).toEqual([call(1)])
  store.close()
})
