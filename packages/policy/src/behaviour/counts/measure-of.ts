import type { Measure } from '../measures.ts'
import type { CallPattern } from '../seen-call.ts'
import { DistinctTools } from './distinct-tools.ts'
import type { ListedCalls } from './listed-calls.ts'
import { OpenCalls } from './open-calls.ts'
import type { RunningCount } from './running-count.ts'
import { SameCallCount } from './same-call-count.ts'
import { AnyToAndFro, ToAndFro } from './to-and-fro.ts'
import { WEIGHTS, type Window, WindowSum } from './window-sum.ts'

/** A measure of the calls of one caller within a window. Each is what it comes to with the call that is asked for. */
export function measureOf(measure: Measure, window: Window, calls: ListedCalls): RunningCount {
  const { list, tools } = calls
  switch (measure) {
    case 'sameCall':
      // Calls that ask for the same are of one tool, so that a limit means all of them or none.
      return new SameCallCount(calls, window.withinMs)
    case 'pingPong':
      return isAny(window.of) ? new AnyToAndFro(list, window.withinMs) : new ToAndFro(list, window)
    case 'fanOut':
      return new DistinctTools(list, tools, window)
    case 'concurrent':
      return new OpenCalls(window.of)
    case 'calls':
    case 'bytesIn':
    case 'bytesOut':
    case 'errors':
      return new WindowSum(list, window, WEIGHTS[measure])
    default:
      throw new Error('a limit counts nothing')
  }
}

function isAny({ server, tool }: CallPattern): boolean {
  return server === undefined && tool === undefined
}
