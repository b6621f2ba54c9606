import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalJson, type JsonObject } from '@warren/core'
import { standingOf } from '@warren/membership'
import { expect, test, vi } from 'vitest'
import { openAdminKeys } from '../../src/ceremony/admin-keys.ts'
import { requestReturn } from '../../src/ceremony/return-by-file.ts'
import { finishJoin, requestJoin } from '../../src/ceremony/join-by-file.ts'
import {
  openJoinFile,
  proposeAdmission,
  proposeReturn,
} from '../../src/ceremony/propose-admission.ts'
import { requestFor } from '../../src/ceremony/propose.ts'
import { proposeRevocation } from '../../src/ceremony/proposals.ts'
import { recordsOf, signWith } from '../../src/ceremony/request-file.ts'
import {
  describeMesh,
  type MeshDescription,
  readDescription,
} from '../../src/control/records-protocol.ts'
import { dataPaths, isInitialised } from '../../src/data-directory.ts'
import { initMesh } from '../../src/init-mesh.ts'
import { openNode } from '../../src/open-node.ts'
import { systemClock } from '../../src/system-clock.ts'
import { emptyDirectory, passphrase } from './directories.ts'

// Opening and sealing a key file is slow on purpose, and each test does it up to a dozen times.
vi.setConfig({ testTimeout: 60_000 })

const NOBODY = {
  who: [],
  keyHashes: [],
  enrollers: [],
  admins: [],
  credentials: [],
  class: 'lost',
  reason: 'left in a train',
} as const
const WISH = { enclave: 'hall', roles: ['operator'] }

interface Founded {
  readonly directory: string
  readonly mesh: MeshDescription
  readonly sign: (
    records: readonly JsonObject[],
    described?: MeshDescription,
  ) => Promise<ReturnType<typeof signWith>>
}

async function founded(): Promise<Founded> {
  const directory = emptyDirectory()
  const place = { enclave: 'main', roles: ['member'] }
  await initMesh({ directory, name: 'desk', ...place, passphrase: passphrase(0) })
  const opened = await openNode(directory, passphrase(0), systemClock)
  opened.close()
  const { set } = opened.set.accept([opened.membership.text])
  const mesh = readDescription(describeMesh(set, systemClock.wallMs()))
  return {
    directory,
    mesh,
    sign: async (records, described = mesh) => {
      const keys = await openAdminKeys(dataPaths(directory).adminKeys, passphrase(0))
      return signWith(requestFor(described, records), keys)
    },
  }
}

async function asking(name = 'lathe'): Promise<{ directory: string; file: string; did: string }> {
  const directory = emptyDirectory()
  const file = join(emptyDirectory(), 'join.json')
  const { did } = await requestJoin({
    directory,
    name,
    passphrase: passphrase(1),
    requestFile: file,
  })
  return { directory, file, did }
}

test(
  'a machine joins by two files, and its keys stay where they are',
  { tags: ['CER-12'] },
  async () => {
    const { mesh, sign } = await founded()
    const { directory, file, did } = await asking()
    expect(isInitialised(directory)).toBe(false)
    const joining = await openJoinFile(file)
    expect(joining).toMatchObject({ did, name: 'lathe' })
    const signed = await sign([proposeAdmission(mesh, joining, WISH)])
    const member = await finishJoin({ directory, passphrase: passphrase(1) }, signed)
    expect(member).toMatchObject({ did, enclave: 'hall', roles: ['operator'] })
    const opened = await openNode(directory, passphrase(1), systemClock)
    opened.close()
    expect(opened.charter.meshId).toBe(mesh.set.charter.meshId)
    expect(opened.membership).toMatchObject({ did, name: 'lathe', gen: 1 })
    expect(existsSync(dataPaths(directory).pendingKeys)).toBe(false)
  },
)

test('a membership for another machine makes no node here', { tags: ['CER-12'] }, async () => {
  const { mesh, sign } = await founded()
  const [one, other] = [await asking(), await asking()]
  const forOther = [proposeAdmission(mesh, await openJoinFile(other.file), WISH)]
  const finish = { directory: one.directory, passphrase: passphrase(1) }
  await expect(finishJoin(finish, requestFor(mesh, forOther))).rejects.toMatchObject({
    code: 'request-incomplete',
  })
  await expect(finishJoin(finish, await sign(forOther))).rejects.toMatchObject({
    code: 'membership-missing',
  })
  expect(isInitialised(one.directory)).toBe(false)
})

test('a join file that was altered is refused', { tags: ['CER-12'] }, async () => {
  const { file } = await asking()
  const altered = { ...(JSON.parse(readFileSync(file, 'utf8')) as JsonObject), name: 'press' }
  writeFileSync(file, canonicalJson(altered))
  await expect(openJoinFile(file)).rejects.toMatchObject({ code: 'join-unproved' })
})

test('who was revoked returns by a readmission alone', { tags: ['CER-12'] }, async () => {
  const { mesh, sign } = await founded()
  const joining = await openJoinFile((await asking()).file)
  expect(() => proposeReturn(mesh, joining, WISH)).toThrow(
    expect.objectContaining({ code: 'not-revoked' }),
  )
  const wish = { ...NOBODY, who: [joining.did] }
  const removal = recordsOf(await sign([proposeRevocation(mesh, wish)]))
  const grant = recordsOf(await sign([proposeAdmission(mesh, joining, WISH)]))
  const { set } = mesh.set.accept([...removal, ...grant])
  const after = readDescription(describeMesh(set, systemClock.wallMs()))
  expect(() => proposeAdmission(after, joining, WISH)).toThrow(
    expect.objectContaining({ code: 'readmission-needed' }),
  )
  const request = requestFor(after, proposeReturn(after, joining, WISH))
  expect(request.records.map(({ says }) => says)).toMatchObject([
    { type: 'readmission', gen: 2, ref: after.members[0]?.revocation },
    { type: 'membership', membership: { gen: 2 } },
  ])
})

test('a revoked node returns under its DID with new keys', { tags: ['CER-12'] }, async () => {
  const { mesh, sign } = await founded()
  const { directory, file, did } = await asking()
  const place = { directory, passphrase: passphrase(1) }
  const admitted = await sign([proposeAdmission(mesh, await openJoinFile(file), WISH)])
  await finishJoin(place, admitted)
  const old = await openNode(directory, passphrase(1), systemClock)
  old.close()

  const requestFile = join(emptyDirectory(), 'return.json')
  await requestReturn({ ...place, requestFile })
  const stillThere = await openNode(directory, passphrase(1), systemClock)
  stillThere.close()
  expect(stillThere.log.text).toBe(old.log.text)
  const again = requestReturn({ ...place, requestFile: `${requestFile}.2` })
  await expect(again).rejects.toMatchObject({ code: 'init-unfinished' })

  const removal = recordsOf(await sign([proposeRevocation(mesh, { ...NOBODY, who: [did] })]))
  const { set } = mesh.set.accept([...recordsOf(admitted), ...removal])
  const after = readDescription(describeMesh(set, systemClock.wallMs()))
  const readmitted = await sign(proposeReturn(after, await openJoinFile(requestFile), WISH), after)
  await finishJoin(place, readmitted)
  const opened = await openNode(directory, passphrase(1), systemClock)
  opened.close()
  expect(opened.membership).toMatchObject({ did, gen: 2 })
  expect(opened.keys.ed25519.publicKey).not.toEqual(old.keys.ed25519.publicKey)
  const { set: now } = set.accept(recordsOf(readmitted))
  expect(standingOf(now, opened.log.did, systemClock.wallMs())).toMatchObject({ status: 'member' })
  expect(standingOf(set, opened.log.did, systemClock.wallMs())).toMatchObject({ status: 'revoked' })
})
