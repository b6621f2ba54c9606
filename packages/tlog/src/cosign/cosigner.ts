import type { CryptoSuite } from '@warren/crypto'
import { equals } from 'uint8arrays/equals'
import type { Evidence } from '../evidence/evidence.ts'
import { findEvidence, ownLines } from '../evidence/verify-evidence.ts'
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from '../note/checkpoint.ts'
import type { HybridSigners, KnownSigner } from '../note/hybrid-keys.ts'
import { cosign } from '../note/sign-checkpoint.ts'
import { type SignedHead, verifyCheckpoint } from '../note/verify-checkpoint.ts'
import { type HybridSignature, verifyLines } from '../note/verify-lines.ts'
import { TlogError } from '../tlog-error.ts'
import { verifyConsistency } from '../tree/consistency-proof.ts'
import { emptyRoot } from '../tree/node-hash.ts'
import type { AddCheckpoint } from './add-checkpoint.ts'
import type { CosignRefusal } from './cosign-answer.ts'
import type { CosignedTree, CosignOutcome, CosignQuestion } from './cosign-question.ts'

export interface CosignerInit {
  readonly suite: CryptoSuite
  readonly name: string
  readonly signers: HybridSigners
}

/** A question whose checkpoint its log has signed. */
interface SignedQuestion {
  readonly request: AddCheckpoint
  readonly log: KnownSigner
  readonly head: SignedHead
  readonly held?: CosignedTree
  readonly timeSeconds: number
}

/**
 * Somebody who signs the checkpoints of others' logs, each only if it continues what was signed before (C2SP tlog-witness).
 *
 * Between reading `held` and storing `next` nothing else may be stored for that origin, and no answer may leave before
 * `next` is durable: otherwise two requests in a race, or a crash, take the log back.
 */
export class Cosigner {
  readonly #suite: CryptoSuite
  readonly #name: string
  readonly #signers: HybridSigners

  constructor({ suite, name, signers }: CosignerInit) {
    this.#suite = suite
    this.#name = name
    this.#signers = signers
  }

  /** Answers one request. Nothing that a log can send makes it throw. */
  answer(question: CosignQuestion): CosignOutcome {
    const { log } = question
    // Its own log it could not judge: it would sign whatever it says itself.
    if (log === undefined || log.name === this.#name) return refuse(404)
    const signed = this.#verify(question, log)
    if (signed === undefined) return refuse(403)
    const { request, head, held } = signed
    const old = held === undefined ? undefined : parseCheckpoint(held.checkpoint)
    const evidence = this.#contradiction(signed, old)
    if (evidence !== undefined) return { ...refuse(422), evidence }
    if (request.oldSize > head.size) return refuse(400)
    if (request.oldSize !== (held?.size ?? 0)) {
      return { answer: { status: 409, size: held?.size ?? 0 } }
    }
    return this.#judgeGrowth(signed, old)
  }

  /** Undefined when the log has not signed, or a line in the name of this cosigner is forged. */
  #verify(question: CosignQuestion, log: KnownSigner): SignedQuestion | undefined {
    const { request, timeSeconds } = question
    const { checkpoint } = request
    try {
      const head = verifyCheckpoint({ suite: this.#suite, checkpoint, log })
      const own = this.#ownSignature(checkpoint)
      const held = larger(
        question.held,
        own && this.#tree({ request, log, head, timeSeconds: own.timeSeconds }),
      )
      return { request, log, head, timeSeconds, ...(held === undefined ? {} : { held }) }
    } catch (error) {
      if (error instanceof TlogError) return undefined
      throw error
    }
  }

  #ownSignature(checkpoint: Checkpoint): HybridSignature | undefined {
    const { ed25519, mlDsa44 } = this.#signers
    const keys = [{ ed25519: ed25519.publicKey, mlDsa44: mlDsa44.publicKey }]
    const signer = { name: this.#name, keys }
    return verifyLines({ suite: this.#suite, checkpoint, signer, part: 'cosigner' })
  }

  /** Compares before it verifies: the log signed both, and hardly ever do they contradict one another. */
  #contradiction(signed: SignedQuestion, old: Checkpoint | undefined): Evidence | undefined {
    const { head, held } = signed
    if (held === undefined || old === undefined) return undefined
    const isSuspect =
      head.size === held.size ? !equals(head.root, old.root) : hasGoneBack(head, held)
    return isSuspect ? this.#evidence(signed, old) : undefined
  }

  #judgeGrowth(signed: SignedQuestion, old: Checkpoint | undefined): CosignOutcome {
    const { request, head } = signed
    const oldRoot = old?.root ?? emptyRoot(this.#suite)
    try {
      const growth = { oldSize: request.oldSize, oldRoot, size: head.size, root: head.root }
      verifyConsistency(this.#suite, request.proof, growth)
    } catch (error) {
      if (!(error instanceof TlogError)) throw error
      const evidence = old && this.#evidence(signed, old, request.proof)
      return { ...refuse(422), ...(evidence === undefined ? {} : { evidence }) }
    }
    return this.#sign(signed)
  }

  #evidence(
    { request, log }: SignedQuestion,
    old: Checkpoint,
    history: readonly Uint8Array[] = [],
  ): Evidence | undefined {
    try {
      const checkpoints = [old, request.checkpoint] as const
      return findEvidence({ suite: this.#suite, log, checkpoints, history })
    } catch (error) {
      // What shows nothing to others is no evidence; the request is refused either way.
      if (error instanceof TlogError) return undefined
      throw error
    }
  }

  #sign(signed: SignedQuestion): CosignOutcome {
    const { head, held } = signed
    const timeSeconds = Math.max(signed.timeSeconds, held?.cosignedSeconds ?? 0)
    const { origin, size, root } = head
    const lines = cosign({
      suite: this.#suite,
      name: this.#name,
      signers: this.#signers,
      timeSeconds,
      origin,
      size,
      root,
    })
    // Of two checkpoints of one size the later one is the stronger half of evidence.
    const isOlder = held?.size === size && held.signedSeconds > head.timeSeconds
    const next = isOlder
      ? { ...held, cosignedSeconds: timeSeconds }
      : this.#tree({ ...signed, timeSeconds })
    return { answer: { status: 200, lines }, next }
  }

  #tree({ request, log, head, timeSeconds }: Omit<SignedQuestion, 'held'>): CosignedTree {
    const own = ownLines({ suite: this.#suite, log, head }, request.checkpoint)
    return {
      size: head.size,
      signedSeconds: head.timeSeconds,
      cosignedSeconds: timeSeconds,
      checkpoint: formatCheckpoint(own),
    }
  }
}

/** Whether the smaller of two trees was signed after the larger one. */
function hasGoneBack(head: SignedHead, held: CosignedTree): boolean {
  return head.size < held.size
    ? head.timeSeconds > held.signedSeconds
    : head.timeSeconds < held.signedSeconds
}

/** A cosigner that is shown its own signature of a larger tree than it holds has lost what it held. */
function larger(
  held: CosignedTree | undefined,
  shown: CosignedTree | undefined,
): CosignedTree | undefined {
  return (shown?.size ?? 0) > (held?.size ?? 0) ? shown : held
}

function refuse(status: Exclude<CosignRefusal, 409>): CosignOutcome {
  return { answer: { status } }
}
