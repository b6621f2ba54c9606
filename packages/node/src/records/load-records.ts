import type { CryptoSuite } from '@warren/crypto'
import { RecordSet, type Refusal, type VerifiedCharter, waitsForOthers } from '@warren/membership'
import type { Records } from '@warren/storage'
import { NodeError } from '../node-error.ts'

/** Records that are taken up at one time, so that the set is not copied for each of them. */
const RECORDS_AT_ONCE = 512

/** What the rest can rest on; where a text stands decides nothing but the order in which it is looked at. */
const FOUNDATION = /"type":"Warren(?:Checkpoint|AdminChange)"/

/**
 * The records of the store, verified once more: a file can be altered.
 *
 * What was taken up before cannot be refused now, for a set only grows, unless the file was. Of revocations that kw
 * witnesses vouch for the signatures are not verified again, which is most of what a start costs. That gives nothing
 * to whoever alters the file: an id is the hash of all that a revocation says; the checkpoints in which witnesses have
 * signed that very id are verified here; and a revocation takes away, which such checkpoints are enough for anyway
 * (REC-14). Who could add one has the keys of kw witnesses, and who leaves one out could always do that. Nor does
 * anybody else rely on it: a neighbour that is given a text whose proofs were altered verifies and refuses it, as it
 * would from anybody. What gives, and what decides who may sign or witness, is verified to the last signature.
 *
 * @throws NodeError `records-altered`
 */
export function loadRecords(
  suite: CryptoSuite,
  charter: VerifiedCharter,
  records: Pick<Records, 'all'>,
): RecordSet {
  const loading = new Loading(RecordSet.empty(suite, charter))
  for (const isFoundation of [true, false]) {
    for (const { text } of records.all()) {
      if (FOUNDATION.test(text) === isFoundation) loading.add(text)
    }
    loading.take()
  }
  return loading.end()
}

/** A set as it is loaded, some texts at a time. */
class Loading {
  #set: RecordSet
  #texts: string[] = []
  #refused: readonly Refusal[] = []

  constructor(set: RecordSet) {
    this.#set = set
  }

  add(text: string): void {
    this.#texts.push(text)
    if (this.#texts.length >= RECORDS_AT_ONCE) this.take()
  }

  take(): void {
    // A grant stands where its first copy came, and what a later copy is signed by may stand behind it.
    const open = this.#refused.filter(({ isOpen }) => isOpen).map(({ text }) => text)
    const { set, refused } = this.#set.accept([...open, ...this.#texts], { isOwn: true })
    this.#set = set
    this.#refused = refused
    this.#texts = []
    checkNoneRefused(refused.filter(({ isOpen }) => !isOpen))
  }

  /**
   * The whole. What still waits for something rests on what was never written, because the disk was full and then the
   * node was stopped: it counts for nothing here, and comes again from a neighbour with what it rests on.
   */
  end(): RecordSet {
    checkNoneRefused(this.#refused.filter(({ error }) => !waitsForOthers(error)))
    return this.#set
  }
}

function checkNoneRefused([first]: readonly Refusal[]): void {
  if (first === undefined) return
  const message = `a record in warren.db is not what was written there: ${first.error.message}`
  throw new NodeError('records-altered', message, { cause: first.error })
}
