import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { canonicalJson, type JsonObject } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { contentId, createIdentity, type Identity } from '@warren/identity'
import {
  adminSigner,
  type AdminSigner,
  createCharter,
  issueMembership,
  publicPair,
  type RecordSet,
  type RevocationTarget,
  signByAdmins,
  standingOf,
  writeAdminChange,
  writeCheckpoint,
  writeRevocation,
} from '@warren/membership'
import { openStore, RecordWriter, type Store } from '@warren/storage'
import { describe, expect, onTestFinished, test } from 'vitest'
import { loadRecords } from '../../src/records/load-records.ts'
import { RecordDesk } from '../../src/records/record-desk.ts'
import { WitnessLedger } from '../../src/records/witness-ledger.ts'
import { systemClock } from '../../src/system-clock.ts'

const NOW_MS = Date.UTC(2026, 10, 24)
const DAY_MS = 86_400_000

function someone(): Identity {
  return createIdentity({ suite, nowMs: NOW_MS - DAY_MS })
}

function adminAt(at: number): AdminSigner {
  const admin = admins[at]
  if (admin === undefined) throw new Error('an admin')
  return admin
}

const owners = [someone(), someone(), someone()]
const admins = owners.map(adminSigner)
const [a, b, c] = [adminAt(0), adminAt(1), adminAt(2)]
const member = someone()
const other = someone()
const witnesses = [someone(), someone(), someone()].map(adminSigner)
const charter = createCharter({
  suite,
  name: 'test',
  admins,
  k: 2,
  witnesses: witnesses.map(publicPair),
  nowMs: NOW_MS - DAY_MS,
})
const { meshId } = charter

function signed(document: JsonObject, signers: readonly AdminSigner[]): string {
  return canonicalJson(signByAdmins({ suite, document, signers, createdMs: NOW_MS }))
}

/** One membership, signed by some admins. */
const { proof: _proof, ...said } = JSON.parse(
  issueMembership({
    suite,
    charter,
    admins: [a, b],
    member: member.log,
    enclave: 'main',
    roles: ['member'],
    notBeforeMs: NOW_MS - DAY_MS,
    notAfterMs: NOW_MS + DAY_MS,
    nowMs: NOW_MS,
  }).text,
) as JsonObject

let uuids = 0

function revocation(target: RevocationTarget, by: readonly AdminSigner[]): string {
  uuids += 1
  const uuid = `urn:uuid:00000000-0000-4000-8000-${uuids.toString(16).padStart(12, '0')}`
  const document = writeRevocation({
    meshId,
    uuid,
    claimedMs: NOW_MS,
    targets: [target],
    class: 'lost',
    reason: 'lost',
    since: [],
  })
  return signed(document, by)
}

function statusOf(set: RecordSet): string {
  return standingOf(set, member.did, NOW_MS).status
}

/** A change by which somebody becomes an admin. */
function adding(newcomer: AdminSigner): JsonObject {
  return writeAdminChange({
    meshId,
    claimedMs: NOW_MS,
    prev: meshId,
    approvers: [a.did, b.did],
    add: [publicPair(newcomer)],
    remove: [],
    rotate: [],
    addWitnesses: [],
    removeWitnesses: [],
    k: 2,
    kAdmin: 3,
    kWitness: 2,
    since: [],
  })
}

/** A node as far as its records are concerned, on a disk of its own. */
class StoredNode {
  readonly #path: string
  #store: Store
  desk: RecordDesk

  constructor() {
    const directory = mkdtempSync(join(tmpdir(), 'warren-records-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    this.#path = join(directory, 'warren.db')
    this.#store = openStore(this.#path)
    this.desk = this.#start()
    onTestFinished(() => this.#store.close())
  }

  get set(): RecordSet {
    return this.desk.set
  }

  async take(...texts: readonly string[]): Promise<void> {
    for (const text of texts) {
      const { refused, durable } = await this.desk.submit([text])
      if (refused.length > 0 || !durable) throw new Error('a record was not taken')
    }
  }

  /** Stops, has something done to its file, and starts again. */
  async restart(meanwhile: (path: string) => void = () => {}): Promise<void> {
    await this.desk.stop()
    this.#store.close()
    meanwhile(this.#path)
    this.#store = openStore(this.#path)
    this.desk = this.#start()
  }

  #start(): RecordDesk {
    const store = this.#store
    return new RecordDesk({
      suite,
      clock: systemClock,
      set: loadRecords(suite, charter, store.records),
      bounds: [],
      duty: undefined,
      ledger: new WitnessLedger(store),
      writer: new RecordWriter(store.records),
      report: () => {},
      publish: () => Promise.resolve(),
      onChanged: () => {},
    })
  }
}

/** What lies in its set, to the last signature. */
function textsOf({ set }: StoredNode): string {
  return [...set.records()]
    .map(({ text }) => text)
    .toSorted()
    .join('\n')
}

test(
  'two nodes that saw the copies of a grant in different orders say the same of it, also after a restart',
  { tags: ['SYN-3', 'REC-4', 'STO-16'] },
  async () => {
    const nodes = [new StoredNode(), new StoredNode()]
    const copies = [signed(said, [a, b]), signed(said, [b, c])]
    const gone = revocation({ admin: a.did }, [b, c])
    const [one, two] = nodes
    if (one === undefined || two === undefined) throw new Error('two nodes')
    await one.take(...copies, gone)
    await two.take(...copies.toReversed(), gone)
    expect(nodes.map(({ set }) => statusOf(set))).toEqual(['member', 'member'])
    const before = nodes.map(textsOf)
    for (const node of nodes) await node.restart()
    expect(nodes.map(({ set }) => statusOf(set))).toEqual(['member', 'member'])
    expect(nodes.map(textsOf).every((texts, at) => texts === before[at])).toBe(true)
  },
)

test(
  'a node starts although what a record rests on was never written, and takes up both when they come',
  { tags: ['SYN-15'] },
  async () => {
    const node = new StoredNode()
    const newcomer = adminSigner(someone())
    const change = signed(adding(newcomer), [a, b, newcomer])
    const gone = revocation({ did: member.did, maxGen: 1 }, [c, newcomer])
    await node.take(signed(said, [a, b]), change, gone)
    await node.restart((path) => {
      const database = new DatabaseSync(path)
      database.exec(`DELETE FROM signed_record WHERE text LIKE '%"WarrenAdminChange"%'`)
      database.close()
    })
    expect(statusOf(node.set)).toBe('member')
    const { refused } = await node.desk.submit([change, gone])
    expect(refused).toEqual([])
    expect(statusOf(node.set)).toBe('revoked')
    await node.restart()
    expect(statusOf(node.set)).toBe('revoked')
  },
)

test(
  'a grant is loaded that lies before the records which say who signed it as well',
  { tags: ['SYN-3'] },
  async () => {
    const node = new StoredNode()
    await node.take(signed(said, [a, b]))
    const newcomer = adminSigner(someone())
    const many = Array.from({ length: 600 }, (_, at) =>
      revocation({ did: other.did, maxGen: at + 1 }, [a, b]),
    )
    await node.desk.submit(many)
    const change = adding(newcomer)
    await node.take(signed(change, [a, b, newcomer]), signed(said, [b, newcomer]))
    const { size } = node.set
    await node.restart()
    expect(node.set.size).toBe(size)
    expect(statusOf(node.set)).toBe('member')
  },
)

describe('a store whose signatures were altered', () => {
  const gone = revocation({ did: other.did, maxGen: 1 }, [a, b])
  const membership = signed(said, [a, b])

  /** Some witnesses have each written these down. */
  function seenBy(count: number, ...texts: readonly string[]): readonly string[] {
    return witnesses.slice(0, count).map((witness) => {
      const document = writeCheckpoint({
        meshId,
        witness: witness.did,
        claimedMs: NOW_MS,
        epoch: 1,
        prev: undefined,
        size: texts.length,
        added: texts.map(idOf),
        removalRoot: '0'.repeat(64),
        removalCount: 0,
        adminHead: meshId,
      })
      return signed(document, [witness])
    })
  }

  const REFUSED = expect.objectContaining({ code: 'records-altered' })

  test(
    'is loaded where they are those of a revocation that witnesses vouch for, which takes away the same',
    { tags: ['REC-14'] },
    async () => {
      const node = new StoredNode()
      await node.take(membership, gone, ...seenBy(2, gone))
      await node.restart(alter(gone))
      expect(standingOf(node.set, other.did, NOW_MS)).toMatchObject({ status: 'revoked' })
      expect(node.set.size).toBe(4)
    },
  )

  test('is not, on the word of one witness too few', { tags: ['REC-14'] }, async () => {
    const node = new StoredNode()
    await node.take(gone, ...seenBy(1, gone))
    await expect(node.restart(alter(gone))).rejects.toThrow(REFUSED)
  })

  test(
    'is not where they are those of something that gives, whoever has seen it, or of a witness',
    { tags: ['REC-14', 'REC-2'] },
    async () => {
      const node = new StoredNode()
      await node.take(membership, ...seenBy(3, membership))
      await expect(node.restart(alter(membership))).rejects.toThrow(REFUSED)
      const witnessed = new StoredNode()
      const [checkpoint = '', ...rest] = seenBy(2, gone)
      await witnessed.take(gone, checkpoint, ...rest)
      await expect(witnessed.restart(alter(checkpoint))).rejects.toThrow(REFUSED)
    },
  )

  test('is not where a word of a revocation is another', { tags: ['REC-14'] }, async () => {
    const node = new StoredNode()
    await node.take(gone, ...seenBy(3, gone))
    const reworded = (path: string): void => {
      const database = new DatabaseSync(path)
      database.exec(`UPDATE signed_record SET text = replace(text, '"lost"', '"gone"')`)
      database.close()
    }
    await expect(node.restart(reworded)).rejects.toThrow(REFUSED)
  })
})

function idOf(text: string): string {
  return contentId(suite, JSON.parse(text) as JsonObject)
}

/** One character of the first signature of one record is another now. */
function alter(text: string): (path: string) => void {
  const at = text.indexOf('"proofValue":"z') + 30
  const altered = text.slice(0, at) + (text[at] === '3' ? '4' : '3') + text.slice(at + 1)
  return (path) => {
    const database = new DatabaseSync(path)
    const statement = database.prepare('UPDATE signed_record SET text = ? WHERE id = ?')
    if (statement.run(altered, idOf(text)).changes !== 1) throw new Error('no such record')
    database.close()
  }
}
