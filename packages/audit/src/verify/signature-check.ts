import type { CryptoSuite } from '@warren/crypto'
import {
  type Checkpoint,
  type KnownSigner,
  type SignedHead,
  TlogError,
  verifyCheckpoint,
} from '@warren/tlog'
import type { FindingCode, FindingList, LinePlace } from './finding.ts'

/** A checkpoint, and where it stands. */
export interface PlacedCheckpoint {
  readonly checkpoint: Checkpoint
  readonly place: LinePlace
}

/** Lines of its own that a log puts under a checkpoint. */
const OWN_LINES = 2

/** Whether checkpoints are signed by the node, with keys that it had then. */
export class SignatureCheck {
  readonly #suite: CryptoSuite
  readonly #log: KnownSigner
  readonly #findings: FindingList
  #newest: SignedHead | undefined
  #verified = 0

  constructor(suite: CryptoSuite, log: KnownSigner, findings: FindingList) {
    this.#suite = suite
    this.#log = log
    this.#findings = findings
  }

  /** Checkpoints whose signatures hold. */
  get verified(): number {
    return this.#verified
  }

  /** Checks the signatures of the next checkpoint along the log, and whether they hold. */
  check({ checkpoint, place }: PlacedCheckpoint): boolean {
    try {
      const head = verifyCheckpoint({ suite: this.#suite, checkpoint, log: this.#log })
      this.#verified += 1
      this.#compare(head, place)
      return true
    } catch (error) {
      if (!(error instanceof TlogError)) throw error
      const code = this.#codeOf(error, checkpoint)
      const sentence = `The checkpoint of ${checkpoint.size} entries does not count: ${error.message}.`
      this.#findings.add({ code, severity: 'error', place, seq: checkpoint.size, sentence })
      return false
    }
  }

  /** Whoever has stolen keys that were replaced cannot go on with the log under them. */
  #compare(head: SignedHead, place: LinePlace): void {
    const last = this.#newest
    this.#newest = head
    if (last === undefined) return
    if (head.keysIndex < last.keysIndex) {
      this.#newest = { ...head, keysIndex: last.keysIndex }
      const sentence = `The checkpoint of ${head.size} entries is signed with keys that had been replaced before.`
      this.#findings.add({ code: 'key-wrong', severity: 'error', place, seq: head.size, sentence })
    }
    // An older checkpoint in the wrong place is no clock: that it stands there is said elsewhere.
    if (head.size < last.size) {
      this.#newest = { ...last, keysIndex: Math.max(head.keysIndex, last.keysIndex) }
      return
    }
    if (head.timeSeconds < last.timeSeconds) {
      const sentence = `The checkpoint of ${head.size} entries says an earlier time than one before it.`
      this.#findings.add({
        code: 'clock-set-back',
        severity: 'error',
        place,
        seq: head.size,
        sentence,
      })
    }
  }

  #codeOf({ code }: TlogError, { lines }: Checkpoint): FindingCode {
    if (code === 'origin-foreign') return 'key-wrong'
    if (code !== 'signature-missing') return 'signature-wrong'
    const own = lines.filter(({ name }) => name === this.#log.name)
    return own.length < OWN_LINES ? 'signature-missing' : 'key-wrong'
  }
}
