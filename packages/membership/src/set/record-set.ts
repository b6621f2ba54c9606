import type { CryptoSuite } from '@warren/crypto'
import type { VerifiedCharter } from '../charter.ts'
import { MembershipError } from '../membership-error.ts'
import { contentId } from '@warren/identity'
import { type DecodeContext, decodeRecord, RECORD_LENGTH_MAX } from '../records/decode-record.ts'
import { parseRecord } from '../record-reader.ts'
import { type Keyring, keyringOf } from '../records/keyring.ts'
import { classOf, type MeshRecord, type RecordClass } from '../records/mesh-record.ts'
import { AdminTree } from './admin-tree.ts'
import { checkSigned } from './check-signed.ts'
import { IdTrie } from './id-trie.ts'
import { areEnough } from './is-granted.ts'
import { isMendable } from './mendable.ts'
import { RecordTables } from './record-tables.ts'
import { WitnessLogs } from './witness-logs.ts'

/** What came of texts that were to be taken up. */
export interface Acceptance {
  readonly set: RecordSet
  /** Those that are new, in the order in which they were taken up. */
  readonly added: readonly MeshRecord[]
  /** Those that were in the set already. */
  readonly known: readonly MeshRecord[]
  readonly refused: readonly Refusal[]
}

/** A text that a set does not take up. */
export interface Refusal {
  readonly text: string
  readonly error: MembershipError
  /** Which record it is, where that could be read. */
  readonly id: string | undefined
  /** Whether it came without its proofs. */
  readonly isBare: boolean
}

interface Parts {
  readonly suite: CryptoSuite
  readonly charter: VerifiedCharter
  readonly tables: RecordTables
  readonly tree: AdminTree
  readonly logs: WitnessLogs
  readonly tries: Readonly<Record<RecordClass, IdTrie>>
}

/** Memberships and other grants of one mesh; what takes away has no such bound. */
const GRANTS_MAX = 100_000

/**
 * All records that a node knows of its mesh: an immutable value that only ever grows.
 *
 * Which records are in it, and so what it says of anybody, does not depend on the order in which they came:
 * `merge` is commutative, associative and idempotent. A record is in it only when its signers are known and enough.
 */
export class RecordSet {
  readonly suite: CryptoSuite
  readonly charter: VerifiedCharter
  readonly tables: RecordTables
  readonly tree: AdminTree
  readonly logs: WitnessLogs
  readonly #tries: Readonly<Record<RecordClass, IdTrie>>
  #enrollers: Keyring | undefined

  private constructor({ suite, charter, tables, tree, logs, tries }: Parts) {
    this.suite = suite
    this.charter = charter
    this.tables = tables
    this.tree = tree
    this.logs = logs
    this.#tries = tries
  }

  static empty(suite: CryptoSuite, charter: VerifiedCharter): RecordSet {
    const nothing = IdTrie.empty(suite)
    return new RecordSet({
      suite,
      charter,
      tables: new RecordTables(),
      tree: AdminTree.of(suite, charter),
      logs: new WitnessLogs(),
      tries: { checkpoint: nothing, removal: nothing, grant: nothing },
    })
  }

  get size(): number {
    return this.tables.records.size
  }

  get(id: string): MeshRecord | undefined {
    return this.tables.records.get(id)
  }

  has(id: string): boolean {
    return this.tables.records.has(id)
  }

  records(): Iterable<MeshRecord> {
    return this.tables.records.values()
  }

  /** The ids of one part of the set, with their root. */
  trie(part: RecordClass): IdTrie {
    return this.#tries[part]
  }

  /**
   * Reads and verifies one record as this set knows the signers.
   *
   * @throws MembershipError as `decodeRecord`, and `record-unproved`, `predecessor-unknown`, `record-invalid`
   */
  decode(text: string): MeshRecord {
    const { suite, charter, tree, logs } = this
    const context: DecodeContext = {
      suite,
      meshId: charter.meshId,
      admins: tree.admins,
      witnesses: tree.witnesses,
      enrollers: this.#enrollerRing(),
      isVouched: (id) => areEnough(this, logs.witnessesOf(id)),
      known: (id) => this.get(id),
    }
    const record = decodeRecord(context, text)
    if (this.has(record.id)) return record
    checkSigned(this, record)
    const isGrant = classOf(record.type) === 'grant'
    if (isGrant && this.trie('grant').count >= GRANTS_MAX) {
      throw new MembershipError('records-full', `a mesh has at most ${GRANTS_MAX} grants`)
    }
    return record
  }

  /** Takes up what is valid of some texts, in whatever order they are; the rest is refused one by one. */
  accept(texts: readonly string[]): Acceptance {
    let acceptance: Acceptance = { set: this, added: [], known: [], refused: [] }
    let open = texts
    for (;;) {
      const round = acceptance.set.#acceptOnce(open)
      acceptance = {
        set: round.set,
        added: [...acceptance.added, ...round.added],
        known: [...acceptance.known, ...round.known],
        refused: [
          ...acceptance.refused,
          ...round.refused.filter(({ error }) => !isMendable(error)),
        ],
      }
      const mendable = round.refused.filter(({ error }) => isMendable(error))
      if (round.added.length === 0 || mendable.length === 0) {
        return { ...acceptance, refused: [...acceptance.refused, ...mendable] }
      }
      open = mendable.map(({ text }) => text)
    }
  }

  /** The union of two sets of one mesh. */
  merge(other: RecordSet): RecordSet {
    if (other.charter.meshId !== this.charter.meshId) {
      throw new MembershipError('record-foreign', 'the two sets belong to different meshes')
    }
    return this.with([...other.records()].filter(({ id }) => !this.has(id)))
  }

  /** The set with some records more, each decoded by this set or by another of the same mesh. */
  with(records: readonly MeshRecord[]): RecordSet {
    const fresh = records.filter(({ id }) => !this.has(id))
    if (fresh.length === 0) return this
    const tables = new RecordTables(this.tables)
    const tries = { ...this.#tries }
    for (const record of fresh) {
      tables.add(record)
      const part = classOf(record.type)
      tries[part] = tries[part].with(record.id)
    }
    const { suite, charter } = this
    return new RecordSet({
      suite,
      charter,
      tables,
      tree: grown(this.tree, fresh),
      logs: this.logs.with(fresh.filter((record) => record.type === 'checkpoint')),
      tries,
    })
  }

  #acceptOnce(texts: readonly string[]): Acceptance {
    const added = new Map<string, MeshRecord>()
    const known: MeshRecord[] = []
    const refused: Refusal[] = []
    for (const text of texts) {
      try {
        const record = this.decode(text)
        if (this.has(record.id)) known.push(record)
        else added.set(record.id, record)
      } catch (error) {
        if (!(error instanceof MembershipError)) throw error
        refused.push(this.#refusal(text, error))
      }
    }
    const records = [...added.values()]
    return { set: this.with(records), added: records, known, refused }
  }

  #refusal(text: string, error: MembershipError): Refusal {
    if (!isMendable(error)) return { text, error, id: undefined, isBare: false }
    const { object } = parseRecord('record', text, RECORD_LENGTH_MAX)
    return {
      text,
      error,
      id: contentId(this.suite, object),
      isBare: !Object.hasOwn(object, 'proof'),
    }
  }

  #enrollerRing(): Keyring {
    this.#enrollers ??= keyringOf(this.suite, this.tables.enrollerPairs())
    return this.#enrollers
  }
}

/** Changes are put in from the charter outwards, in whatever order they stand. */
function grown(tree: AdminTree, records: readonly MeshRecord[]): AdminTree {
  let open = records.filter((record) => record.type === 'admin-change')
  let current = tree
  while (open.length > 0) {
    const ready = open.filter(({ prev }) => current.knows(prev))
    if (ready.length === 0) throw new Error('a verified admin change has a predecessor')
    for (const change of ready) current = current.with(change)
    open = open.filter((change) => !ready.includes(change))
  }
  return current
}
