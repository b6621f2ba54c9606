import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto'
import { createIdentity } from '@warren/identity'
import { decodePublicPair } from '@warren/membership'
import { writeKeyFile } from '@warren/storage'
import { expect, test, vi } from 'vitest'
import { makeNextAdminKeys, openAdminKeys, readPublicFile } from '../../src/ceremony/admin-keys.ts'
import { adminKeys, emptyDirectory, passphrase } from './directories.ts'

// Opening and sealing a key file is slow on purpose, and each test does it up to a dozen times.
vi.setConfig({ testTimeout: 60_000 })

const NOW_MS = Date.UTC(2026, 10, 22, 10)

test('the public file holds what the sealed one can sign with', { tags: ['CER-8'] }, async () => {
  const directory = emptyDirectory()
  const { did, keyFile, publicFile } = await adminKeys(directory, 'alice', 1)
  expect(statSync(keyFile).mode & 0o777).toBe(0o600)
  const pair = await readPublicFile(publicFile)
  const opened = await openAdminKeys(keyFile, passphrase(1))
  expect(pair).toMatchObject({ did, nextKeysHash: opened.nextKeysHash })
  expect(pair.ed25519.bytes).toEqual(opened.ed25519.publicKey)
  expect(pair.mlDsa44.bytes).toEqual(opened.mlDsa44.publicKey)
  expect(readFileSync(keyFile, 'utf8')).not.toContain(did)
  await expect(openAdminKeys(keyFile, passphrase(2))).rejects.toMatchObject({
    code: 'passphrase-wrong',
  })
})

test('their directory is made, and an open one is left empty', { tags: ['CLI-40'] }, async () => {
  const directory = emptyDirectory()
  const { keyFile, publicFile } = await adminKeys(join(directory, 'new', 'own'), 'alice', 1)
  expect([keyFile, publicFile].every((file) => existsSync(file))).toBe(true)
  expect(statSync(join(directory, 'new', 'own')).mode & 0o777).toBe(0o700)
  const open = join(directory, 'open')
  mkdirSync(open)
  chmodSync(open, 0o755)
  await expect(adminKeys(open, 'alice', 1)).rejects.toMatchObject({ code: 'directory-open' })
  expect(readdirSync(open)).toEqual([])
})

test('keys that come after are those that were committed to', { tags: ['CER-8'] }, async () => {
  const directory = emptyDirectory()
  const first = await adminKeys(directory, 'alice', 1)
  const after = { keyFile: first.keyFile, passphrase: passphrase(1), publicFile: first.publicFile }
  const init = { path: join(directory, 'alice-2'), passphrase: passphrase(2), nowMs: NOW_MS }
  const second = await makeNextAdminKeys({ ...init, after })
  expect(second.did).toBe(first.did)
  const opened = await openAdminKeys(second.keyFile, passphrase(2))
  expect(second.pair.ed25519.bytes).toEqual(opened.ed25519.publicKey)
  const again = await makeNextAdminKeys({ ...init, after, path: join(directory, 'alice-3') })
  expect(again.pair.ed25519).toEqual(second.pair.ed25519)
  expect(again.pair.nextKeysHash).not.toBe(second.pair.nextKeysHash)
})

test('the public file of somebody else is not taken for one', { tags: ['CER-8'] }, async () => {
  const directory = emptyDirectory()
  const alice = await adminKeys(directory, 'alice', 1)
  const bob = await adminKeys(directory, 'bob', 1)
  const path = join(directory, 'next')
  const after = { keyFile: alice.keyFile, passphrase: passphrase(1), publicFile: bob.publicFile }
  await expect(
    makeNextAdminKeys({ path, passphrase: passphrase(1), nowMs: NOW_MS, after }),
  ).rejects.toMatchObject({ code: 'keys-foreign' })
  expect(existsSync(`${path}.keys`)).toBe(false)
})

test("a node's key file is not an admin's", { tags: ['CER-8'] }, async () => {
  const path = join(emptyDirectory(), 'node.json')
  const { node, assertion, mlDsa } = createIdentity({ suite, nowMs: NOW_MS }).seeds()
  await writeKeyFile({ suite, path, passphrase: passphrase(1), seeds: { node, assertion, mlDsa } })
  await expect(openAdminKeys(path, passphrase(1))).rejects.toMatchObject({ code: 'keys-foreign' })
})

test('neither file is ever overwritten', { tags: ['CER-7'] }, async () => {
  const directory = emptyDirectory()
  const { keyFile, publicFile } = await adminKeys(directory, 'alice', 1)
  const before = [readFileSync(keyFile), readFileSync(publicFile)]
  await expect(adminKeys(directory, 'alice', 2)).rejects.toMatchObject({ code: 'file-exists' })
  expect([readFileSync(keyFile), readFileSync(publicFile)]).toEqual(before)
  decodePublicPair(readFileSync(publicFile, 'utf8').trimEnd())
})
