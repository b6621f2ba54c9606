import { join } from 'node:path'
import { openStore } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { runChild } from './run-child.ts'
import { temporaryDirectory } from './temporary-directory.ts'

test.for([1, 9, 27])(
  'after a kill behind write %i, what was acknowledged is there',
  { tags: ['STO-9'] },
  async (writes) => {
    const path = join(await temporaryDirectory(), 'warren.db')
    const setUp = openStore(path)
    for (let fill = 0; fill < 256; fill += 1) {
      setUp.invitations.add({
        secretHash: new Uint8Array(32).fill(fill),
        createdMs: 0,
        expiresMs: 1_000,
        enclave: 'e',
        roles: [],
        note: '',
      })
    }
    setUp.close()

    const child = runChild('write-forever.ts', [path])
    const output = await child.waitFor(`${writes}\n`)
    await child.kill()
    const acknowledged = Number(output.trimEnd().split('\n').at(-1))
    expect(acknowledged).toBeGreaterThanOrEqual(writes)

    const store = openStore(path)
    onTestFinished(() => store.close())
    const charter = Number(store.charter.read()?.split(' ')[1])
    expect(charter).toBeGreaterThanOrEqual(acknowledged)
    for (let index = 0; index <= acknowledged; index += 1) {
      expect(store.peers.get(`did:${index}`)?.log).toBe(`log ${index}`)
    }
    const used = store.invitations.list().filter(({ usedBy }) => usedBy === 'did:x')
    expect(used.length).toBeGreaterThanOrEqual(Math.min(acknowledged + 1, 256))
  },
)
