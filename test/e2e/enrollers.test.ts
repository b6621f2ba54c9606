import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalJson, type JsonObject } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { askWarren, runWarren } from '@warren/demo/warren-process'
import { createIdentity } from '@warren/identity'
import {
  adminSigner,
  encodePublicPair,
  publicPair,
  signByAdmins,
  writeRenewal,
} from '@warren/membership'
import { recordsOfNode } from '@warren/node/ceremony'
import { askNode, controlSocketOf } from '@warren/node/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ReadyMesh, type ReadyNode, readyMesh } from './support/ready-mesh.ts'

/* Somebody whose keys may admit members signs for those whom the administrators admitted. */

const HOUR_MS = 3_600_000
const thief = adminSigner(createIdentity({ suite, nowMs: Date.now() - HOUR_MS }))

let mesh: ReadyMesh
let desk: ReadyNode

beforeAll(async () => {
  mesh = await readyMesh({ names: ['desk', 'lab'] })
  desk = mesh.node('desk')
}, 60_000)

afterAll(async () => {
  await mesh?.close()
})

function onDesk(...words: readonly string[]): readonly string[] {
  return ['--dir', desk.directory, ...words]
}

async function signing(...words: readonly string[]): Promise<JsonObject> {
  return askWarren(onDesk(...words, '--passphrase-file', mesh.passphraseFile, '--yes'))
}

/** How each member is listed, but for when. */
async function listed(): Promise<unknown> {
  const { members } = await askWarren(onDesk('members'))
  return members
}

/** What the thief signs for a member, handed to a running node. */
async function claims(who: string, changes: { readonly name: string }): Promise<unknown> {
  const socket = controlSocketOf(desk.directory)
  const node = recordsOfNode(socket)
  const { set } = await node.describe()
  const { did, gen, keys, peerIds } = await node.membership(who)
  const document = writeRenewal(
    { suite, meshId: set.charter.meshId },
    {
      did,
      gen,
      keys,
      peerIds,
      enclave: 'main',
      roles: ['member', 'root'],
      notBeforeMs: Date.now() + 1000,
      notAfterMs: Date.now() + HOUR_MS,
      ...changes,
    },
  )
  const forged = signByAdmins({
    suite,
    document: { ...document, issuer: thief.did },
    signers: [thief],
    createdMs: Date.now(),
  })
  return askNode(socket, { do: 'submit', texts: [canonicalJson(forged)] })
}

test(
  'changes neither their names nor their roles, in office or revoked, in what a running node says',
  { tags: ['THR-59', 'REC-20', 'REC-21'], timeout: 60_000 },
  async () => {
    const file = join(desk.directory, 'thief.pub.json')
    writeFileSync(file, encodePublicPair(publicPair(thief)))
    await signing('enroller', file, '--role', 'member', 'root')
    const before = await listed()
    const accepted = { results: [{ outcome: 'accepted' }] }
    expect(await claims('lab', { name: 'desk' })).toMatchObject(accepted)
    expect(await listed()).toEqual(before)

    await signing(
      'revoke',
      '--enroller',
      thief.did,
      '--unknown',
      '--class',
      'compromised',
      '--reason',
      'stolen',
    )
    expect(await claims('desk', { name: 'lab' })).toMatchObject(accepted)
    expect(await listed()).toEqual(before)
    const why = await runWarren(onDesk('why', 'lab'))
    expect(why.code).toBe(0)
    expect(why.stdout).toContain('"lab"')
  },
)
