import type { CryptoSuite } from '@warren/crypto'
import type { VerifiedCharter } from '../charter.ts'
import { MembershipError } from '../membership-error.ts'
import { contentId, scidOf } from '@warren/identity'
import { decodeRecord, RECORD_LENGTH_MAX, type Statement } from '../records/decode-record.ts'
import { parseRecord } from '../record-reader.ts'
import { type Keyring, keyringOf } from '../records/keyring.ts'
import { classOf, type MeshRecord, type RecordClass } from '../records/mesh-record.ts'
import { AdminTree } from './admin-tree.ts'
import { checkSigned } from './check-signed.ts'
import { IdTrie } from './id-trie.ts'
import { joinProofs } from './join-proofs.ts'
import { RecordTables } from './record-tables.ts'
import { WitnessLogs } from './witness-logs.ts'
import { isVouched } from './witnessed.ts'

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
  /** Which record it is; absent where that could not be read. */
  readonly id: string | undefined
  /** Whether a record that comes later may still let it in; nothing can mend the others. */
  readonly isOpen: boolean
}

/** How texts are taken up. */
export interface AcceptOptions {
  /** Stops at the first text that nothing can mend: who sent it is not heard any further. */
  readonly isStrict?: boolean
  /** Texts of the node's own store: of a revocation that witnesses vouch for the proofs are not looked at. */
  readonly isOwn?: boolean
}

/** How one round over some texts is made. */
interface Round extends Required<AcceptOptions> {
  /** What has been verified in an earlier round. */
  readonly verified: Map<string, MeshRecord>
}

export interface RecordSetLimits {
  /** Memberships and other grants of one mesh; what takes away has no such bound. */
  readonly grantsMax: number
}

interface Parts {
  readonly suite: CryptoSuite
  readonly charter: VerifiedCharter
  readonly limits: RecordSetLimits
  readonly tables: RecordTables
  readonly tree: AdminTree
  readonly logs: WitnessLogs
  readonly tries: Readonly<Record<RecordClass, IdTrie>>
}

const LIMITS: RecordSetLimits = { grantsMax: 100_000 }

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
  readonly #limits: RecordSetLimits
  readonly #tries: Readonly<Record<RecordClass, IdTrie>>
  #enrollers: Keyring | undefined

  private constructor({ suite, charter, limits, tables, tree, logs, tries }: Parts) {
    this.suite = suite
    this.charter = charter
    this.#limits = limits
    this.tables = tables
    this.tree = tree
    this.logs = logs
    this.#tries = tries
  }

  static empty(
    suite: CryptoSuite,
    charter: VerifiedCharter,
    limits: Partial<RecordSetLimits> = {},
  ): RecordSet {
    const nothing = IdTrie.empty(suite)
    const tables = new RecordTables()
    const logs = new WitnessLogs()
    return new RecordSet({
      suite,
      charter,
      limits: { ...LIMITS, ...limits },
      tables,
      tree: AdminTree.of(suite, charter, { tables, logs }),
      logs,
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
   * @throws MembershipError as `decodeRecord`, and `record-unproved`, `predecessor-unknown`, `record-invalid`, `records-full`
   */
  decode(text: string): MeshRecord {
    const record = this.#read(text)
    if (this.get(record.id) !== record) checkSigned(this, record)
    return record
  }

  /** Takes up what is valid of some texts, in whatever order they are; the rest is refused one by one. */
  accept(
    texts: readonly string[],
    { isStrict = false, isOwn = false }: AcceptOptions = {},
  ): Acceptance {
    const verified = new Map<string, MeshRecord>()
    let acceptance: Acceptance = { set: this, added: [], known: [], refused: [] }
    let open = texts
    for (;;) {
      const round = acceptance.set.#acceptOnce(open, { verified, isStrict, isOwn })
      const stillOpen = round.refused.filter(({ isOpen }) => isOpen)
      const isOver = round.added.length === 0 || stillOpen.length === 0
      acceptance = {
        set: round.set,
        added: [...acceptance.added, ...round.added],
        known: [...acceptance.known, ...round.known],
        refused: [
          ...acceptance.refused,
          ...(isOver ? round.refused : round.refused.filter(({ isOpen }) => !isOpen)),
        ],
      }
      if (isOver) return acceptance
      open = stillOpen.map(({ text }) => text)
    }
  }

  /** The union of two sets of one mesh. */
  merge(other: RecordSet): RecordSet {
    if (other.charter.meshId !== this.charter.meshId) {
      throw new MembershipError('record-foreign', 'the two sets belong to different meshes')
    }
    return this.with([...other.records()])
  }

  /** The set with some records more, each decoded by this set or by another of the same mesh. */
  with(records: readonly MeshRecord[]): RecordSet {
    const fresh = this.#freshOf(records)
    if (fresh.length === 0) return this
    const tables = new RecordTables(this.tables)
    const tries = { ...this.#tries }
    for (const record of fresh) {
      tables.add(record)
      const part = classOf(record.type)
      tries[part] = tries[part].with(record.id)
    }
    const { suite, charter } = this
    const logs = this.logs.with(fresh.filter((record) => record.type === 'checkpoint'))
    const tree = grown(this.tree, fresh).by({ tables, logs })
    return new RecordSet({ suite, charter, limits: this.#limits, tables, tree, logs, tries })
  }

  /** New records, and known grants of which there are other signers now. */
  #freshOf(records: readonly MeshRecord[]): readonly MeshRecord[] {
    const fresh = new Map<string, MeshRecord>()
    for (const record of records) {
      const known = fresh.get(record.id) ?? this.get(record.id)
      const isGrant = classOf(record.type) === 'grant'
      if (known === undefined) fresh.set(record.id, record)
      else if (isGrant && known !== record) {
        const joined = joinProofs(known, record)
        if (joined !== known) fresh.set(record.id, joined)
      }
    }
    return [...fresh.values()]
  }

  #acceptOnce(texts: readonly string[], options: Round): Acceptance {
    const taken: MeshRecord[] = []
    const grants = new Set<string>()
    const known: MeshRecord[] = []
    const refused: Refusal[] = []
    for (const text of texts) {
      const outcome = this.#judge(text, { ...options, grants })
      if ('error' in outcome) {
        refused.push(outcome)
        if (options.isStrict && isFatal(outcome)) break
      } else if (this.get(outcome.id) === outcome) known.push(outcome)
      else {
        taken.push(outcome)
        if (classOf(outcome.type) === 'grant' && !this.has(outcome.id)) grants.add(outcome.id)
      }
    }
    const set = this.with(taken)
    const added = [...new Set(taken.map(({ id }) => id))].flatMap((id) => {
      const record = set.get(id)
      return record === undefined || record === this.get(id) ? [] : [record]
    })
    const others = taken.filter(({ id }) => set.get(id) === this.get(id))
    return { set, added, known: [...known, ...others], refused }
  }

  #judge(
    text: string,
    { verified, isOwn, grants }: Round & { readonly grants: ReadonlySet<string> },
  ): MeshRecord | Refusal {
    try {
      const record = verified.get(text) ?? this.#read(text, isOwn)
      if (this.get(record.id) === record) return record
      const isNew = !this.has(record.id) && !grants.has(record.id)
      if (isNew && classOf(record.type) === 'grant') this.#checkRoom(grants.size)
      verified.set(text, record)
      return this.#judgeSigners(record)
    } catch (error) {
      if (!(error instanceof MembershipError)) throw error
      const isOpen = error.code === 'signer-unknown' || error.code === 'predecessor-unknown'
      const isRead = isOpen || error.code === 'records-full'
      return { text, error, isOpen, id: isRead ? idOf(this.suite, text) : undefined }
    }
  }

  /** Whether enough signed it is what later records can change: other signatures it will never have. */
  #judgeSigners(record: MeshRecord): MeshRecord | Refusal {
    try {
      checkSigned(this, record)
      return record
    } catch (error) {
      if (!(error instanceof MembershipError)) throw error
      // What a change is measured by is the set before it, which never becomes another.
      const isOpen = record.type !== 'admin-change'
      return { text: record.text, error, isOpen, id: record.id }
    }
  }

  /** Who signed a record, or the very record that is in the set already. */
  #read(text: string, isOwn = false): MeshRecord {
    const { suite, charter, tree } = this
    return decodeRecord(
      {
        suite,
        meshId: charter.meshId,
        admins: tree.admins,
        witnesses: tree.witnesses,
        enrollers: this.#enrollerRing(),
        check: (said, id) => {
          this.#checkKnown(said)
          // Of a grant that is here already there may be more signers, however many others there are.
          if (classOf(said.type) === 'grant' && !this.has(id)) this.#checkRoom(0)
        },
        known: (id) => this.get(id),
        isVouched: (id) => isOwn && isVouched(this, id),
      },
      text,
    )
  }

  #checkKnown(said: Statement): void {
    if (said.type === 'admin-change' && !this.tree.knows(said.prev)) {
      const message = 'the admin change before this one is not known here'
      throw new MembershipError('predecessor-unknown', message)
    }
    // Anybody can make identities and contradict itself under them: a proof is about somebody who is, or was, a member.
    if (said.type === 'audit-fork' && !this.tables.memberships.has(scidOf(said.did))) {
      throw new MembershipError('signer-unknown', 'whose audit log it is about is not known here')
    }
  }

  /** Requires that there is room for one more grant beside those that are about to be taken up. */
  #checkRoom(taken: number): void {
    const { grantsMax } = this.#limits
    if (this.trie('grant').count + taken >= grantsMax) {
      throw new MembershipError('records-full', `a mesh has at most ${grantsMax} grants`)
    }
  }

  #enrollerRing(): Keyring {
    this.#enrollers ??= keyringOf(this.suite, this.tables.enrollerPairs())
    return this.#enrollers
  }
}

/** Whether whoever sent a text has broken a rule: nothing can mend it, and it is not for want of room here. */
export function isFatal({ error, isOpen }: Refusal): boolean {
  return !isOpen && error.code !== 'records-full'
}

function idOf(suite: CryptoSuite, text: string): string {
  return contentId(suite, parseRecord('record', text, RECORD_LENGTH_MAX).object)
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
