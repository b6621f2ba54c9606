import type { Refusal } from '@warren/mcp'
import type { NamedSubject } from './approval-subject.ts'

/** A call that needs the approval of a person. */
export interface ApprovalQuestion extends NamedSubject {
  /** The rules that let it through with an approval. */
  readonly rules: readonly string[]
  readonly roles: readonly string[]
  readonly enclave: string
}

/** What became of a wait. */
export type ApprovalVerdict =
  | {
      readonly approved: true
      readonly id: string
      /** Tells whoever approved it what the node made of it; the first time counts. */
      readonly conclude: (refusal: Refusal | undefined) => void
    }
  | { readonly approved: false; readonly id?: string; readonly refusal: Refusal }

/** Where a held call stands: not shown before it is written down, not decided on twice. */
type Stage = 'recording' | 'waiting' | 'deciding' | 'over'

/** One call that waits for a person: it ends once, whoever brings the end about. */
export class HeldCall {
  readonly id: string
  readonly question: ApprovalQuestion
  /** On the wall clock. */
  readonly sinceMs: number
  /** On the monotonic clock. */
  readonly untilMs: number
  stage: Stage = 'recording'
  readonly #verdict = Promise.withResolvers<ApprovalVerdict>()
  readonly #concluded = Promise.withResolvers<Refusal | undefined>()

  constructor(
    id: string,
    question: ApprovalQuestion,
    times: { readonly sinceMs: number; readonly untilMs: number },
  ) {
    this.id = id
    this.question = question
    this.sinceMs = times.sinceMs
    this.untilMs = times.untilMs
  }

  get caller(): string {
    return this.question.subject.caller
  }

  get verdict(): Promise<ApprovalVerdict> {
    return this.#verdict.promise
  }

  /** Resolves when an approved call has been judged once more: with a refusal where it did not go on. */
  get concluded(): Promise<Refusal | undefined> {
    return this.#concluded.promise
  }

  approve(): void {
    this.stage = 'over'
    const conclude = (refusal: Refusal | undefined): void => this.#concluded.resolve(refusal)
    this.#verdict.resolve({ approved: true, id: this.id, conclude })
  }

  refuse(refusal: Refusal): void {
    this.stage = 'over'
    this.#verdict.resolve({ approved: false, id: this.id, refusal })
  }
}
