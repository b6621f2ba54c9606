import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto'
import { createInvitation } from '@warren/membership'
import { createIdentity, peerIdOf } from '@warren/identity'
import { expect, onTestFinished, test } from 'vitest'
import { type FoundedMesh, initMesh } from '../src/init-mesh.ts'
import { joinMesh } from '../src/join-mesh.ts'
import { openNode } from '../src/open-node.ts'
import { systemClock } from '../src/system-clock.ts'

const PASSPHRASE = Buffer.from('only for tests')

function emptyDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'warren-init-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return directory
}

function init(directory: string, name = 'press'): Promise<FoundedMesh> {
  return initMesh({ directory, name, enclave: 'main', roles: ['member'], passphrase: PASSPHRASE })
}

/** An `init` that breaks off between the administrator's keys and the node's: a directory stands in the way. */
async function interruptedInit(directory: string): Promise<void> {
  mkdirSync(join(directory, 'keys/update.json'), { recursive: true, mode: 0o700 })
  await expect(init(directory)).rejects.toMatchObject({ name: 'StorageError' })
  rmdirSync(join(directory, 'keys/update.json'))
  expect(existsSync(join(directory, 'keys/admin.json'))).toBe(true)
}

async function open(directory: string): Promise<string> {
  const node = await openNode(directory, PASSPHRASE, systemClock)
  const { meshId } = node.charter
  node.close()
  return meshId
}

test(
  'what an interrupted init left is no node, and the next init says what to remove',
  { tags: ['CLI-9'] },
  async () => {
    const directory = emptyDirectory()
    await interruptedInit(directory)
    await expect(open(directory)).rejects.toMatchObject({ code: 'not-initialised' })

    const adminKeys = join(directory, 'keys/admin.json')
    const before = readFileSync(adminKeys)
    await expect(init(directory)).rejects.toMatchObject({
      code: 'init-unfinished',
      message: expect.stringContaining(`remove ${adminKeys}`),
    })
    expect(readFileSync(adminKeys)).toEqual(before)

    rmSync(adminKeys)
    const { meshId } = await init(directory)
    expect(await open(directory)).toBe(meshId)
  },
)

test(
  'a join does not put a node beside the keys of another mesh',
  { tags: ['CLI-9'] },
  async () => {
    const directory = emptyDirectory()
    await interruptedInit(directory)
    const joining = joinMesh({
      directory,
      name: 'press',
      invitation: invitationText(),
      passphrase: PASSPHRASE,
      signal: AbortSignal.timeout(5_000),
      progress: () => {},
    })
    await expect(joining).rejects.toMatchObject({ code: 'init-unfinished' })
    expect(existsSync(join(directory, 'keys/node.json'))).toBe(false)
  },
)

test('a configuration that was cut short is not taken over', { tags: ['CLI-9'] }, async () => {
  const directory = emptyDirectory()
  writeFileSync(join(directory, 'warren.yaml'), 'name: press\nlisten: [', { mode: 0o600 })
  await expect(init(directory)).rejects.toMatchObject({ name: 'ConfigError' })
  expect(existsSync(join(directory, 'keys'))).toBe(false)

  writeFileSync(join(directory, 'warren.yaml'), 'name: lathe\n', { mode: 0o600 })
  await init(directory)
  expect(readFileSync(join(directory, 'warren.yaml'), 'utf8')).toBe('name: lathe\n')
})

function invitationText(): string {
  const inviter = createIdentity({ suite, nowMs: systemClock.wallMs() })
  const { text } = createInvitation({
    suite,
    meshId: `zQm${'1'.repeat(44)}`,
    addresses: ['/ip4/127.0.0.1/tcp/1'],
    inviter: {
      did: inviter.did,
      peerId: peerIdOf(inviter.nodeSigner.publicKey),
      mlDsa44Key: inviter.mlDsaSigner.publicKey,
    },
    enclave: 'main',
    roles: [],
    expiresMs: Math.ceil(systemClock.wallMs() / 1_000 + 60) * 1_000,
  })
  inviter.wipe()
  return text
}
