import type { CryptoSuite } from '@warren/crypto'
import {
  addCosignature,
  type Checkpoint,
  type CosignAnswer,
  decodeCosignAnswer,
  encodeAddCheckpoint,
  formatCheckpoint,
  type HybridKeys,
  type KnownSigner,
  parseCheckpoint,
  verifyCosignatures,
} from '@warren/tlog'
import { equals } from 'uint8arrays/equals'
import { NodeError } from '../node-error.ts'
import { encodeQuestion } from './audit-question.ts'
import type { MemberLog } from './member-log.ts'

/** The audit log of this node, as those see it who cosign it. */
export interface CosignedLog {
  /** The note of the newest checkpoint that is on the disk. */
  readonly checkpoint: string | undefined
  consistencyProof(oldSize: number, size: number): Promise<readonly Uint8Array[]>
  historyProof(oldSize: number, size: number): Promise<readonly Uint8Array[]>
}

export interface AskCosignerInit {
  readonly suite: CryptoSuite
  readonly log: CosignedLog
  /** This node as a signer of its log. */
  readonly signer: KnownSigner
  /** Mesh time, in milliseconds since 1970. */
  readonly timeMs: () => number
  readonly ask: (did: string, question: Uint8Array) => Promise<Uint8Array>
}

/** What came of asking one member. */
export type CosignResult =
  /** The checkpoint with the two lines of that cosigner. */
  | { readonly outcome: 'cosigned'; readonly note: string }
  /** It says that it has cosigned a larger tree than the log has. */
  | { readonly outcome: 'ahead'; readonly size: number }
  | { readonly outcome: 'refused'; readonly status: number }

/** A first answer may say what the cosigner holds, a second that it holds something else by now. */
const ATTEMPTS_MAX = 3
/** How far the time that a cosigner says may lie from mesh time: clocks differ, and a day misleads nobody about a log. */
const TIME_OFF_MAX_MS = 86_400_000

/** Asks members for cosignatures of one log, each from where that member stands. */
export class AskCosigner {
  readonly #init: AskCosignerInit
  /** What each has cosigned last, as far as is known here. */
  readonly #last = new Map<string, Checkpoint>()
  /** The keys with which each has signed last. */
  readonly #keys = new Map<string, HybridKeys>()

  constructor(init: AskCosignerInit) {
    this.#init = init
  }

  /** Forgets all but these. */
  keep(dids: readonly string[]): void {
    for (const known of [this.#last, this.#keys]) {
      for (const did of known.keys()) if (!dids.includes(did)) known.delete(did)
    }
  }

  /**
   * Has one checkpoint of the log cosigned.
   *
   * @throws what `ask` and the log throw; TlogError for an answer that is none; NodeError `cosignature-untimely`,
   * `cosigner-keys-shared`
   */
  async cosign(cosigner: MemberLog, note: string): Promise<CosignResult> {
    const { did } = cosigner
    const checkpoint = parseCheckpoint(note)
    const { size: lastSize = 0 } = this.#last.get(did) ?? {}
    // A log that has become shorter has nothing to prove: what the cosigner holds says the rest.
    let oldSize = lastSize <= checkpoint.size ? lastSize : 0
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
      if (oldSize > checkpoint.size) return { outcome: 'ahead', size: oldSize }
      const answer = await this.#ask(did, { oldSize, checkpoint: note, size: checkpoint.size })
      if (answer.status === 200) return this.#taken(cosigner, checkpoint, answer.lines)
      if (answer.status !== 409)
        return this.#refused(did, { oldSize, note, size: checkpoint.size }, answer.status)
      oldSize = await this.#standOf(did, answer.size)
    }
    return { outcome: 'refused', status: 409 }
  }

  #taken(cosigner: MemberLog, checkpoint: Checkpoint, lines: string): CosignResult {
    const { suite, signer: log } = this.#init
    const note = addCosignature({ suite, log, cosigner: cosigner.signer, checkpoint, lines })
    const cosigned = parseCheckpoint(note)
    const cosigners = [cosigner.signer]
    const signatures = verifyCosignatures({ suite, checkpoint: cosigned, log, cosigners })
    for (const { timeSeconds, keysIndex } of signatures) {
      this.#requireTimely(timeSeconds)
      this.#takeKeys(cosigner.did, cosigner.signer.keys[keysIndex])
    }
    this.#last.set(cosigner.did, cosigned)
    return { outcome: 'cosigned', note }
  }

  /**
   * A key log may list the keys of somebody else, and an Ed25519 cosignature does not say whose it is: it counts for the one
   * who came with that key first.
   */
  #takeKeys(did: string, keys: HybridKeys | undefined): void {
    if (keys === undefined) return
    for (const [other, { ed25519, mlDsa44 }] of this.#keys) {
      if (other === did) continue
      if (!equals(ed25519, keys.ed25519) && !equals(mlDsa44, keys.mlDsa44)) continue
      const message = 'a member has cosigned with a key with which another one has cosigned before'
      throw new NodeError('cosigner-keys-shared', message)
    }
    this.#keys.set(did, keys)
  }

  /** Whoever reads the log later is told when it was cosigned: nobody but the cosigner vouches for that. */
  #requireTimely(timeSeconds: number): void {
    const offMs = Math.abs(1000 * timeSeconds - this.#init.timeMs())
    if (offMs <= TIME_OFF_MAX_MS) return
    const message = 'a member has cosigned at a time that is more than a day from mesh time'
    throw new NodeError('cosignature-untimely', message)
  }

  /**
   * The request of C2SP leaves out the hash of the old tree where whoever verifies has it. A log that is not what it was
   * puts it in front, so that the refusal becomes evidence: a node whose log was rewritten behind its back says so itself.
   */
  async #refused(
    did: string,
    asked: { readonly oldSize: number; readonly size: number; readonly note: string },
    status: number,
  ): Promise<CosignResult> {
    const { oldSize, size, note } = asked
    if (status === 422 && oldSize > 0 && oldSize < size) {
      const { log, ask } = this.#init
      const shown = await log.consistencyProof(oldSize, size)
      const proof = await log.historyProof(oldSize, size)
      const request = encodeAddCheckpoint({ oldSize, proof, checkpoint: note })
      if (proof.length > shown.length) await ask(did, encodeQuestion({ ask: 'cosign', request }))
    }
    return { outcome: 'refused', status }
  }

  /**
   * The size from which a member goes on. One that holds less than it has signed here was set back to an old copy of its
   * state, and would sign another tree at the sizes between; it is shown its own signature, and remembers.
   */
  async #standOf(did: string, size: number): Promise<number> {
    const last = this.#last.get(did)
    if (last === undefined || size >= last.size) return size
    this.#last.delete(did)
    const checkpoint = formatCheckpoint(last)
    const request = encodeAddCheckpoint({ oldSize: last.size, proof: [], checkpoint })
    await this.#init.ask(did, encodeQuestion({ ask: 'cosign', request }))
    return last.size
  }

  async #ask(
    did: string,
    {
      oldSize,
      size,
      checkpoint,
    }: { readonly oldSize: number; readonly size: number; readonly checkpoint: string },
  ): Promise<CosignAnswer> {
    const proof = await this.#init.log.consistencyProof(oldSize, size)
    const request = encodeAddCheckpoint({ oldSize, proof, checkpoint })
    return decodeCosignAnswer(await this.#init.ask(did, encodeQuestion({ ask: 'cosign', request })))
  }
}
