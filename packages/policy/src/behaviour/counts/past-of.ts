import type { PastFact } from '../past-fact.ts'
import type { ListedCalls } from './listed-calls.ts'
import { PreviousCall } from './previous-call.ts'
import type { RunningCount } from './running-count.ts'
import { Since } from './since.ts'
import { WEIGHTS, type Weight, WindowSum } from './window-sum.ts'

/** The call that is asked for is none of those before it. */
const PAST_WEIGHTS: Readonly<Record<'calls' | 'bytesIn' | 'bytesOut', Weight>> = {
  calls: { ...WEIGHTS.calls, now: () => 0 },
  bytesIn: { ...WEIGHTS.bytesIn, now: () => 0 },
  bytesOut: { ...WEIGHTS.bytesOut, now: () => 0 },
}

/** The answer to what a fact asks of the calls of one caller before this one. */
export function pastOf(fact: PastFact, { list }: ListedCalls): RunningCount {
  switch (fact.ask) {
    case 'previous':
      return new PreviousCall(list, fact)
    case 'since':
      return new Since(list, fact)
    case 'sum':
      return new WindowSum(list, fact, PAST_WEIGHTS[fact.what])
    case 'count':
    case 'formerly':
      return new WindowSum(list, fact, PAST_WEIGHTS.calls)
    default:
      throw new Error('a fact asks for nothing')
  }
}
