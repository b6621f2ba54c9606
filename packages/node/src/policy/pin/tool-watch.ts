import { type Clock, isJsonObject, JsonError, type JsonObject, type JsonValue } from '@warren/core'
import type { AllowedCall, CallEnd, GateAnswer, GateQuestion } from '@warren/mcp'
import { objectAt } from '@warren/mcp'
import type { ToolState } from '@warren/policy'
import type { Report } from '../../node-event.ts'
import { listOf } from '../../tool-client.ts'
import { OwnLook, type ToolLooks } from './own-look.ts'
import { type PinnedDigests, toolDigest } from './tool-digest.ts'
import { ToolSights } from './tool-sights.ts'

/** Processes of servers run with the rights of the node: nothing confines them. */
const CONFINEMENT = 'none'
/** A definition that has no canonical form is none that was pinned. */
const UNREADABLE = ''

/** What the watch needs from the node. */
export interface ToolWatchInit {
  readonly report: Report
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** Lists the tools of a server for the node itself; absent, what callers are shown is all that is known. */
  readonly looks?: ToolLooks | undefined
}

/**
 * Whether tools are the ones that were pinned, by what their servers answer to `tools/list`.
 *
 * A server answers a caller by the handshake and the words of that caller, so that an answer counts for whoever got it
 * alone: for anybody else a tool is neither closed by it nor pinned. Where one differs, the node looks for itself, and
 * what it is shown then counts for all.
 *
 * A tool of which nothing was listed since the node started is not pinned. One that was listed otherwise stays changed
 * until the policies are loaded anew, whatever is listed meanwhile: a server may show its two faces in turn. What the node
 * itself was shown otherwise stays closed beyond that, until the node was shown it as it is pinned: a server that does not
 * answer opens nothing.
 */
export class ToolWatch {
  readonly #report: Report
  readonly #own: OwnLook | undefined
  readonly #sights = new ToolSights()
  #pins: PinnedDigests
  /** Tools that the node itself was shown otherwise: some of the pinned ones. */
  readonly #closed = new Map<string, Closed>()
  /** Tools that some caller was shown otherwise: some of the pinned ones. */
  readonly #shown = new Set<string>()

  constructor({ report, clock, looks }: ToolWatchInit, pins: PinnedDigests) {
    this.#report = report
    this.#pins = pins
    this.#own =
      looks === undefined
        ? undefined
        : new OwnLook({
            report,
            clock,
            ...looks,
            see: (server, tools) => this.#seeItself(server, tools),
          })
  }

  /** Takes over other pins; what was listed last is compared with them at once, and what was closed is looked at again. */
  expect(pins: PinnedDigests): void {
    this.#pins = pins
    const servers = new Set([...this.#closed.keys()].map(serverOf))
    for (const [id, { digest }] of this.#closed) {
      const pin = pins.get(id)
      if (pin === undefined || pin === digest) this.#closed.delete(id)
      else this.#closed.set(id, { digest, isOpenable: true })
    }
    this.#shown.clear()
    for (const id of this.#sights.expect(pins)) this.#shown.add(id)
    for (const id of this.changed()) this.#tell(id)
    for (const server of servers) void this.#own?.again(server)
  }

  /**
   * Forgets what callers were shown by the servers that had these names until now. What the node itself was shown
   * otherwise stays closed.
   */
  forget(servers: ReadonlySet<string>): void {
    const isTheirs = (id: string): boolean => servers.has(serverOf(id))
    this.#sights.forget(isTheirs)
    for (const id of this.#shown) if (isTheirs(id)) this.#shown.delete(id)
  }

  /** A tool as it stands now for a caller, for policy. */
  stateOf(did: string, server: string, tool: string | undefined): ToolState {
    const id = `${server}/${tool ?? ''}`
    const pin = this.#pins.get(id)
    const pinned = pin !== undefined && this.#sights.isPinned(did, id, pin) && !this.#closed.has(id)
    return { pinned, confinement: CONFINEMENT }
  }

  /** Tools that are not, for all or for some callers, the ones that were pinned: `<server>/<tool>`. */
  changed(): readonly string[] {
    return [...new Set([...this.#closed.keys(), ...this.#shown])]
  }

  /** Ends what the node looks at itself. */
  stop(): void {
    this.#own?.stop()
  }

  /** Lets the answer to `tools/list` be seen before it leaves; everything else goes as it was. */
  watched(question: GateQuestion, answer: GateAnswer): GateAnswer {
    if (!answer.allowed || question.message.method !== 'tools/list') return answer
    const { call } = answer
    return { ...answer, call: this.#watching(question, call) }
  }

  #watching({ caller, server }: GateQuestion, call: AllowedCall | undefined): AllowedCall {
    return {
      ended: async (end: CallEnd) => {
        if (end.outcome === 'answered') {
          const { tools } = objectAt(end.answer.message, 'result')
          const isAsPinned = this.#see(caller.did, server, listOf(tools))
          // Not waited for: the caller's answer does not depend on it.
          if (!isAsPinned || this.#isToBeSeen(server)) void this.#own?.at(server)
        }
        return call === undefined ? { allowed: true } : call.ended(end)
      },
    }
  }

  /** Says whether a caller is shown all that is pinned as it is pinned. */
  #see(did: string, server: string, tools: readonly JsonValue[]): boolean {
    let isAsPinned = true
    for (const { id, digest, pin } of this.#pinnedOf(server, tools)) {
      const wasOpen = !this.#sights.isClosed(id)
      this.#sights.take(did, id, { digest, pin })
      if (digest === pin) continue
      isAsPinned = false
      const isKnown = this.#shown.has(id) || this.#closed.has(id)
      this.#shown.add(id)
      if (!isKnown || (wasOpen && this.#sights.isClosed(id))) this.#tell(id)
    }
    return isAsPinned
  }

  /** Whether a look could open a tool of a server. */
  #isToBeSeen(server: string): boolean {
    return this.#closed
      .entries()
      .some(([id, { isOpenable }]) => isOpenable && serverOf(id) === server)
  }

  #seeItself(server: string, tools: readonly JsonValue[]): void {
    for (const { id, digest, pin } of this.#pinnedOf(server, tools)) {
      const closed = this.#closed.get(id)
      if (digest === pin) {
        if (closed?.isOpenable === true) this.#closed.delete(id)
        continue
      }
      this.#closed.set(id, { digest, isOpenable: false })
      if (closed === undefined) this.#tell(id)
    }
  }

  #pinnedOf(server: string, tools: readonly JsonValue[]): readonly Listed[] {
    return tools.filter(isJsonObject).flatMap((tool) => {
      const id = `${server}/${typeof tool['name'] === 'string' ? tool['name'] : ''}`
      const pin = this.#pins.get(id)
      return pin === undefined ? [] : [{ id, digest: digestOf(tool), pin }]
    })
  }

  #tell(id: string): void {
    const name = JSON.stringify(id.slice(0, ID_SHOWN_MAX))
    const message = `The tool ${name} is not the one that was pinned${this.#howOf(id)}`
    this.#report({ event: 'tool-changed', level: 'error', code: 'tool-changed', message })
  }

  #howOf(id: string): string {
    const closed = this.#closed.get(id)
    if (closed?.isOpenable === true)
      return ', as the node was shown it last: it stays closed to all callers until the node has seen it as it is pinned.'
    if (closed !== undefined) return ': its definition has changed, for all callers.'
    if (this.#sights.isClosed(id))
      return ', as its server shows it to more callers than can be remembered: it is closed to all.'
    return ', as its server shows it to a caller: it is closed to that caller.'
  }
}

/** A tool that the node itself was shown otherwise than it is pinned. */
interface Closed {
  /** As it was shown last. */
  readonly digest: string
  /** Whether it was shown so before the policies were loaded, and one look that shows it as it is pinned opens it. */
  readonly isOpenable: boolean
}

/** A tool as it was listed, and as it is pinned. */
interface Listed {
  readonly id: string
  readonly digest: string
  readonly pin: string
}

const ID_SHOWN_MAX = 200

/** No name of a server has a slash. */
function serverOf(id: string): string {
  return id.slice(0, id.indexOf('/'))
}

function digestOf(tool: JsonObject): string {
  try {
    return toolDigest(tool)
  } catch (error) {
    if (error instanceof JsonError) return UNREADABLE
    throw error
  }
}
