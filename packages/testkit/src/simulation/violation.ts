/** What an invariant says that is not as it must be. */
export interface Finding {
  readonly message: string
  /** The nodes concerned: the diagram is drawn around them. */
  readonly nodes: readonly number[]
}

/** A run that went wrong, with all that is needed to see it again. */
export interface Violation {
  readonly seed: number
  /** The step after which it was seen; the same seed gives the same one. */
  readonly step: number
  readonly atMs: number
  readonly message: string
  readonly diagram: string
}

/** A violation as a person reads it. */
export function formatViolation({ seed, step, atMs, message, diagram }: Violation): string {
  return `seed ${seed}, step ${step}, at ${atMs.toFixed(3)} ms: ${message}\n\n${diagram}\n`
}
