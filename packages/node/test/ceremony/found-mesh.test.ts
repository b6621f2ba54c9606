import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto'
import { parseCharter, type RecordSet, standingOf } from '@warren/membership'
import { openStore } from '@warren/storage'
import { expect, test, vi } from 'vitest'
import { openAdminKeys } from '../../src/ceremony/admin-keys.ts'
import {
  finishFounding,
  foundMeshHere,
  type FoundingInit,
  requestFounding,
} from '../../src/ceremony/found-mesh.ts'
import { readRequestFiles, signWith } from '../../src/ceremony/request-file.ts'
import { dataPaths, isInitialised } from '../../src/data-directory.ts'
import { initMesh } from '../../src/init-mesh.ts'
import { loadRecords } from '../../src/records/load-records.ts'
import { openNode } from '../../src/open-node.ts'
import { systemClock } from '../../src/system-clock.ts'
import { adminKeys, emptyDirectory, passphrase } from './directories.ts'

// Opening and sealing a key file is slow on purpose, and each test does it up to a dozen times.
vi.setConfig({ testTimeout: 60_000 })

function founding(directory: string): FoundingInit {
  return {
    directory,
    name: 'desk',
    enclave: 'main',
    roles: ['member'],
    passphrase: passphrase(0),
    threshold: 2,
    witnesses: [],
    isWitness: true,
  }
}

/** What the node of a directory knows of its mesh. */
function knownSet(directory: string): RecordSet {
  const store = openStore(dataPaths(directory).store)
  try {
    return loadRecords(suite, parseCharter(suite, store.charter.read() ?? ''), store.records)
  } finally {
    store.close()
  }
}

test(
  'a mesh of three admins is founded here, and the node holds none of their keys',
  { tags: ['CER-10'] },
  async () => {
    const directory = emptyDirectory()
    const adminPassphrases = [1, 2, 3].map(passphrase)
    const mesh = await foundMeshHere({ ...founding(directory), adminPassphrases })
    const files = readdirSync(join(directory, 'admins')).filter((name) => name.endsWith('.keys'))
    expect(files).toEqual(['admin-1.keys', 'admin-2.keys', 'admin-3.keys'])
    expect(existsSync(dataPaths(directory).adminKeys)).toBe(false)

    const opened = await openNode(directory, passphrase(0), systemClock)
    opened.close()
    expect(opened.admin).toBeUndefined()
    expect(opened.charter).toMatchObject({ meshId: mesh.meshId, k: 2, kAdmin: 2, kWitness: 1 })
    const set = knownSet(directory)
    expect(standingOf(set, opened.log.did, systemClock.wallMs())).toMatchObject({
      status: 'member',
    })
    const [enroller] = set.tables.enrollers.get(opened.log.did) ?? []
    expect(enroller).toMatchObject({ enclave: 'main', roles: ['member'] })
    expect(set.charter.witnesses.map(({ did }) => did)).toEqual([opened.log.did])
  },
)

test(
  'a mesh is founded when all have signed elsewhere, and not before',
  { tags: ['CER-9', 'CER-10'] },
  async () => {
    const directory = emptyDirectory()
    const keys = await Promise.all([1, 2].map((at) => adminKeys(emptyDirectory(), 'admin', at)))
    const requestFile = join(emptyDirectory(), 'founding.json')
    const admins = keys.map(({ pair }) => pair)
    const request = await requestFounding({ ...founding(directory), admins, requestFile })
    expect(isInitialised(directory)).toBe(false)
    const finish = { directory, passphrase: passphrase(0) }

    const [alice, bob] = await Promise.all(
      keys.map(({ keyFile }, at) => openAdminKeys(keyFile, passphrase(at + 1))),
    )
    const read = await readRequestFiles([requestFile])
    expect(read.meshId).toBe(request.meshId)
    const one = signWith(read, alice!)
    await expect(finishFounding(finish, one)).rejects.toMatchObject({ code: 'request-incomplete' })
    expect(isInitialised(directory)).toBe(false)

    const founded = await finishFounding(finish, signWith(one, bob!))
    expect(founded.meshId).toBe(request.meshId)
    const opened = await openNode(directory, passphrase(0), systemClock)
    opened.close()
    expect(opened.log.did).toBe(founded.did)
    expect(knownSet(directory).tables.enrollers.has(founded.did)).toBe(true)
    expect(existsSync(dataPaths(directory).pendingKeys)).toBe(false)
  },
)

test('a request that was made elsewhere founds nothing here', { tags: ['CER-9'] }, async () => {
  const key = await adminKeys(emptyDirectory(), 'admin', 1)
  const signer = await openAdminKeys(key.keyFile, passphrase(1))
  const [here, there] = [emptyDirectory(), emptyDirectory()]
  const requests = await Promise.all(
    [here, there].map((directory) =>
      requestFounding({
        ...founding(directory),
        threshold: 1,
        admins: [key.pair],
        requestFile: join(directory, 'founding.json'),
      }),
    ),
  )
  const foreign = signWith(requests[1]!, signer)
  const finish = { directory: here, passphrase: passphrase(0) }
  await expect(finishFounding(finish, foreign)).rejects.toMatchObject({ code: 'keys-foreign' })
  await expect(
    finishFounding({ ...finish, directory: emptyDirectory() }, foreign),
  ).rejects.toMatchObject({ code: 'nothing-pending' })
  expect(isInitialised(here)).toBe(false)
})

test('keys that wait, or lie in admins/, are not founded over', { tags: ['CER-9'] }, async () => {
  const directory = emptyDirectory()
  const { pair } = await adminKeys(emptyDirectory(), 'admin', 1)
  const requestFile = join(emptyDirectory(), 'founding.json')
  const wish = { ...founding(directory), threshold: 1, admins: [pair], requestFile }
  await requestFounding(wish)
  const again = { ...wish, requestFile: `${requestFile}.2` }
  await expect(requestFounding(again)).rejects.toMatchObject({ code: 'init-unfinished' })
  expect(existsSync(again.requestFile)).toBe(false)
  const { name, enclave, roles } = wish
  const init = { directory, name, enclave, roles, passphrase: passphrase(0) }
  await expect(initMesh(init)).rejects.toMatchObject({ code: 'init-unfinished' })
})

test('a request file that is there already keeps the directory empty', async () => {
  const directory = emptyDirectory()
  const { pair } = await adminKeys(emptyDirectory(), 'admin', 1)
  const requestFile = join(emptyDirectory(), 'founding.json')
  writeFileSync(requestFile, 'mine')
  await expect(
    requestFounding({ ...founding(directory), threshold: 1, admins: [pair], requestFile }),
  ).rejects.toMatchObject({ code: 'file-exists' })
  expect(readFileSync(requestFile, 'utf8')).toBe('mine')
  expect(existsSync(dataPaths(directory).pendingKeys)).toBe(false)
})

test.for([0, 3])('a threshold of %i of 2 is refused before anything is made', async (threshold) => {
  const directory = emptyDirectory()
  const adminPassphrases = [1, 2].map(passphrase)
  await expect(
    foundMeshHere({ ...founding(directory), threshold, adminPassphrases }),
  ).rejects.toMatchObject({ code: 'threshold-impossible' })
  expect(readdirSync(directory)).toEqual([])
})

test('a mesh of one admin has its node as the witness, unless nobody is to be one', async () => {
  for (const isWitness of [true, false]) {
    const directory = emptyDirectory()
    const init = { directory, name: 'desk', enclave: 'main', roles: ['member'], isWitness }
    const mesh = await initMesh({ ...init, passphrase: passphrase(0) })
    const opened = await openNode(directory, passphrase(0), systemClock)
    opened.close()
    const { witnesses, kWitness, admins } = opened.charter
    expect(witnesses.map(({ did }) => did)).toEqual(isWitness ? [mesh.did] : [])
    expect(kWitness).toBe(isWitness ? 1 : 0)
    expect(admins[0]?.nextKeysHash).toMatch(/^zQm/)
  }
})
