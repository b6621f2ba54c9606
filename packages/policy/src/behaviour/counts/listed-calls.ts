import type { AskedCall, SeenCall } from '../seen-call.ts'
import { CallList } from './call-list.ts'
import type { RememberedCall } from './remembered-call.ts'
import { SameCalls } from './same-calls.ts'
import { rowUpTo, goOn } from './to-and-fro.ts'
import { UsedTools } from './used-tools.ts'

/** The calls of one caller that a window may reach, with what finds those of one tool and those that ask for the same. */
export class ListedCalls {
  readonly list: CallList = new CallList()
  readonly tools: UsedTools = new UsedTools()
  readonly same: SameCalls = new SameCalls()

  /** Puts a call at the end. */
  add({ server, tool, digest, atMs, ...seen }: SeenCall): RememberedCall {
    const { list, tools, same } = this
    // One text for all calls of a tool, whatever text each of them came with.
    const used = tools.of({ server, tool })
    const sameness = samenessOf(used.number, digest)
    const call: RememberedCall = {
      ...seen,
      // Times rise, so that what is too old stands in front; a clock that was set back lets nothing go sooner.
      atMs: Math.max(atMs, list.at(list.end - 1)?.atMs ?? atMs),
      used,
      sameness,
      sameToolAt: used.lastAt,
      toAndFro: 1 + goOn(rowUpTo(list, list.end), used),
    }
    used.lastAt = list.end
    same.add(sameness, list.end)
    list.push(call)
    return call
  }

  /** Takes the oldest call away. */
  shift(): void {
    const { list, tools, same } = this
    const call = list.at(list.first)
    if (call === undefined) return
    same.forgetFirst(call.sameness)
    if (call.used.lastAt === list.first) tools.forget(call.used)
    list.shift()
  }

  /** What calls that ask for the same as this one have in common; undefined where no listed call is of its tool. */
  samenessOf(call: AskedCall): string | undefined {
    const used = this.tools.get(call)
    return used === undefined ? undefined : samenessOf(used.number, call.digest)
  }
}

/** A call as it was seen. */
export function seenAs({
  id,
  used,
  bytesIn,
  atMs,
  state,
  bytesOut,
  sameness,
}: RememberedCall): SeenCall {
  const { server, tool } = used
  const digest = sameness.slice(sameness.indexOf(' ') + 1)
  return { id, server, tool, digest, bytesIn, atMs, state, bytesOut }
}

function samenessOf(tool: number, digest: string): string {
  return [tool, digest].join(' ')
}
