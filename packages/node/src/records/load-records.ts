import type { CryptoSuite } from '@warren/crypto'
import { RecordSet, type Refusal, type VerifiedCharter } from '@warren/membership'
import type { Records } from '@warren/storage'
import { NodeError } from '../node-error.ts'

/** Records that are taken up at one time, so that the set is not copied for each of them. */
const RECORDS_AT_ONCE = 512

/**
 * The records of the store, verified once more: a file can be altered.
 *
 * What was taken up before cannot be refused now, for a set only grows, unless the file was.
 *
 * @throws NodeError `records-altered`
 */
export function loadRecords(
  suite: CryptoSuite,
  charter: VerifiedCharter,
  records: Pick<Records, 'all'>,
): RecordSet {
  let set = RecordSet.empty(suite, charter)
  let texts: string[] = []
  let refused: readonly Refusal[] = []
  const take = (): void => {
    // A grant stands where its first copy came, and what a later copy is signed by may stand behind it.
    const open = refused.filter(({ isOpen }) => isOpen).map(({ text }) => text)
    const acceptance = set.accept([...open, ...texts])
    ;({ set, refused } = acceptance)
    checkNoneRefused(refused.filter(({ isOpen }) => !isOpen))
    texts = []
  }
  for (const { text } of records.all()) {
    texts.push(text)
    if (texts.length >= RECORDS_AT_ONCE) take()
  }
  take()
  checkNoneRefused(refused)
  return set
}

function checkNoneRefused([first]: readonly Refusal[]): void {
  if (first === undefined) return
  const message = `a record in warren.db is not what was written there: ${first.error.message}`
  throw new NodeError('records-altered', message, { cause: first.error })
}
