import type { AllowedCall, CallEnd, EndVerdict, Refusal } from '../gate.ts'
import type { Logger, Scheduler } from '../ports.ts'
import type { ProviderLimits } from './provider-limits.ts'

export interface CallRecordsComponents {
  readonly scheduler: Scheduler
  readonly logger: Logger
  readonly limits: Pick<ProviderLimits, 'recordGraceMs'>
}

const NOT_RECORDED: Refusal = {
  allowed: false,
  code: 'audit-unavailable',
  sentence: 'the provider could not record the result of this call, and so does not give it',
}

/** The questions to the gate and the ends of calls that it has not answered yet, for whoever has to wait for them. */
export class CallRecords {
  readonly #components: CallRecordsComponents
  readonly #pending = new Set<Promise<unknown>>()

  constructor(components: CallRecordsComponents) {
    this.#components = components
  }

  /** Tells the gate how a call has ended. Never rejects: a gate that fails has refused. */
  end(call: AllowedCall, end: CallEnd): Promise<EndVerdict> {
    return this.keep(verdictOf(call, end))
  }

  /** Keeps something that never rejects as pending until it is done. */
  keep<Value>(work: Promise<Value>): Promise<Value> {
    this.#pending.add(work)
    void work.then(() => this.#pending.delete(work))
    return work
  }

  /** Keeps something that never rejects as pending until it is done, but for the waits in it that it announces. */
  async keepBut<Value>(work: (pause: Pause) => Promise<Value>): Promise<Value> {
    let done: (() => void) | undefined
    let isPaused = false
    const working = work(async (wait) => {
      isPaused = true
      done?.()
      try {
        return await wait()
      } finally {
        isPaused = false
        done = this.#begin()
      }
    })
    if (!isPaused) done = this.#begin()
    try {
      return await working
    } finally {
      done?.()
    }
  }

  /** Resolves when what is pending now is not any more. */
  async reached(): Promise<void> {
    await Promise.all(this.#pending)
  }

  /** Resolves when nothing is pending any more. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending)
  }

  /** Waits for some work, but no longer than the gate is given at an end. */
  async within(work: Promise<unknown>): Promise<void> {
    const { scheduler, logger, limits } = this.#components
    const late = Promise.withResolvers<'late'>()
    const inTime = scheduler.after(limits.recordGraceMs, () => late.resolve('late'))
    const outcome = await Promise.race([work, late.promise])
    inTime()
    const { size } = this.#pending
    if (outcome === 'late' && size > 0) logger.log('error', 'call-ends-unrecorded', { calls: size })
  }

  #begin(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#pending.add(promise)
    return () => {
      this.#pending.delete(promise)
      resolve()
    }
  }
}

/** Runs a wait for which nobody else has to wait. */
export type Pause = <Value>(wait: () => Promise<Value>) => Promise<Value>

async function verdictOf(call: AllowedCall, end: CallEnd): Promise<EndVerdict> {
  try {
    return await call.ended(end)
  } catch {
    // Fail closed. What broke is the gate's own affair and in its own log.
    return NOT_RECORDED
  }
}
