import type { CallFacts } from './call-facts.ts'

/** What a limit is looked for with. */
export interface OfferLimitComponents {
  /** The call with every SELECT bounded to so many rows; undefined where it then has no facts. */
  readonly bounded: (rows: number) => Promise<CallFacts | undefined>
  readonly allows: (call: CallFacts) => boolean
}

/** A rule that allows more rows than these is offered these. */
const ROWS_MAX = 1024

/**
 * Finds the highest limit, up to 1,024 rows, with which a call that is refused would be allowed; undefined where none
 * helps. What is found has been asked about, so it is right also for rules that do not simply say "at most".
 */
export async function offerLimit({
  bounded,
  allows,
}: OfferLimitComponents): Promise<CallFacts | undefined> {
  let passing: CallFacts | undefined
  let rows = 0
  // One step for each power of two, downwards: every step either keeps to the rule or is taken back.
  for (let step = ROWS_MAX; step >= 1; step /= 2) {
    if (rows + step > ROWS_MAX) continue
    const call = await bounded(rows + step)
    if (call === undefined || call.reading.rewrites.length === 0) continue
    if (!allows(call)) continue
    passing = call
    rows += step
  }
  return passing
}
