import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonicalJson } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { createIdentity } from '@warren/identity'
import {
  adminSigner,
  type AdminSigner,
  type Beacon,
  createCharter,
  decodeBeacon,
  publicPair,
  RecordSet,
  signByAdmins,
  witnessContext,
  writeBeacon,
} from '@warren/membership'
import { openStore } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { WitnessLedger } from '../../src/records/witness-ledger.ts'

const NOW_MS = Date.UTC(2026, 10, 24)
const MINUTE_MS = 60_000

const someone = (): AdminSigner => adminSigner(createIdentity({ suite, nowMs: NOW_MS }))
const admin = someone()
const witnesses = [someone(), someone(), someone()]
const charter = createCharter({
  suite,
  name: 'test',
  admins: [admin],
  k: 1,
  witnesses: witnesses.map(publicPair),
  nowMs: NOW_MS,
})
const set = RecordSet.empty(suite, charter)

function beacon(at: number, wish: { readonly seq: number; readonly timeMs?: number }): Beacon {
  const witness = witnesses[at]
  if (witness === undefined) throw new Error('three witnesses')
  const document = writeBeacon({
    meshId: charter.meshId,
    witness: witness.did,
    seq: wish.seq,
    timeMs: wish.timeMs ?? NOW_MS,
    nextByMs: MINUTE_MS,
    removalRoot: '0'.repeat(64),
    removalCount: 0,
    memberRoot: '0'.repeat(64),
    memberCount: 0,
    checkpoint: undefined,
  })
  const signed = signByAdmins({ suite, document, signers: [witness], createdMs: NOW_MS })
  return decodeBeacon(witnessContext(set), canonicalJson(signed))
}

/** What the ledger keeps in a store, as the next start of the node reads it. */
function ledgerInStore(): {
  readonly ledger: WitnessLedger
  readonly kept: () => readonly number[]
} {
  const directory = mkdtempSync(join(tmpdir(), 'warren-ledger-'))
  const path = join(directory, 'warren.db')
  const store = openStore(path)
  onTestFinished(() => {
    store.close()
    rmSync(directory, { recursive: true })
  })
  const ledger = new WitnessLedger(store)
  return {
    ledger,
    kept: () => {
      const bounds = ledger.bounds(set)
      return witnesses.map(({ did }) => bounds.find(({ witness }) => witness === did)?.seq ?? 0)
    },
  }
}

test.for([
  { name: 'first', order: [0, 1, 2] },
  { name: 'between', order: [1, 0, 2] },
  { name: 'last', order: [1, 2, 0] },
])(
  'a witness whose time has gone back keeps no other’s beacon out, where it comes $name',
  { tags: ['FRS-7'] },
  ({ order }) => {
    const { ledger, kept } = ledgerInStore()
    ledger.keep([beacon(0, { seq: 5, timeMs: NOW_MS + MINUTE_MS })])
    const next = [beacon(0, { seq: 6 }), beacon(1, { seq: 3 }), beacon(2, { seq: 4 })]
    const inOrder = order.flatMap((at) => next[at] ?? [])
    expect(() => ledger.keep(inOrder)).toThrow(
      expect.objectContaining({ code: 'beacon-goes-back' }),
    )
    expect(kept()).toEqual([5, 3, 4])
    // From its own earlier time on it is kept again.
    ledger.keep([beacon(0, { seq: 7, timeMs: NOW_MS + MINUTE_MS })])
    expect(kept()).toEqual([7, 3, 4])
  },
)

test('what is known already, or older, is left without a word', { tags: ['FRS-7'] }, () => {
  const { ledger, kept } = ledgerInStore()
  const known = [beacon(0, { seq: 5 }), beacon(1, { seq: 5 })]
  ledger.keep(known)
  ledger.keep([...known, beacon(0, { seq: 4 })])
  expect(kept()).toEqual([5, 5, 0])
})
