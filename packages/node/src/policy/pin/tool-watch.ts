import { isJsonObject, JsonError, type JsonObject, type JsonValue } from '@warren/core'
import type { AllowedCall, CallEnd, GateAnswer, GateQuestion } from '@warren/mcp'
import { objectAt } from '@warren/mcp'
import type { ToolState } from '@warren/policy'
import type { Report } from '../../node-event.ts'
import { toolDigest } from './tool-digest.ts'

/** By `<server>/<tool>`, what is pinned of it. */
export type PinnedDigests = ReadonlyMap<string, string>

/** Processes of servers run with the rights of the node: nothing confines them. */
const CONFINEMENT = 'none'
/** A definition that has no canonical form is none that was pinned. */
const UNREADABLE = ''

/**
 * Whether tools are the ones that were pinned, by what their servers answer to `tools/list`.
 *
 * A tool of which nothing was listed since the node started is not pinned. One that was listed otherwise stays changed
 * until the policies are loaded anew, whatever is listed meanwhile: a server may show its two faces in turn.
 */
export class ToolWatch {
  readonly #report: Report
  #pins: PinnedDigests
  /** Of pinned tools alone, so that there are no more of them than pins. */
  readonly #listed = new Map<string, string>()
  readonly #changed = new Set<string>()

  constructor(report: Report, pins: PinnedDigests) {
    this.#report = report
    this.#pins = pins
  }

  /** Takes over other pins; what was listed last is compared with them at once. */
  expect(pins: PinnedDigests): void {
    this.#pins = pins
    this.#changed.clear()
    for (const [id, digest] of this.#listed) {
      if (!pins.has(id)) this.#listed.delete(id)
      else this.#compare(id, digest)
    }
  }

  /** A tool as it stands now, for policy. */
  stateOf(server: string, tool: string | undefined): ToolState {
    const id = `${server}/${tool ?? ''}`
    const pin = this.#pins.get(id)
    const pinned = pin !== undefined && this.#listed.get(id) === pin && !this.#changed.has(id)
    return { pinned, confinement: CONFINEMENT }
  }

  /** Tools that are not the ones that were pinned: `<server>/<tool>`. */
  changed(): readonly string[] {
    return [...this.#changed]
  }

  /** Lets the answer to `tools/list` be seen before it leaves; everything else goes as it was. */
  watched({ server, message }: GateQuestion, answer: GateAnswer): GateAnswer {
    if (!answer.allowed || message.method !== 'tools/list') return answer
    const { call } = answer
    return { ...answer, call: this.#watching(server, call) }
  }

  #watching(server: string, call: AllowedCall | undefined): AllowedCall {
    return {
      ended: async (end: CallEnd) => {
        if (end.outcome === 'answered') this.#see(server, objectAt(end.answer.message, 'result'))
        return call === undefined ? { allowed: true } : call.ended(end)
      },
    }
  }

  #see(server: string, result: JsonObject): void {
    const { tools } = result
    const list: readonly JsonValue[] = Array.isArray(tools) ? tools : []
    for (const tool of list) {
      if (!isJsonObject(tool) || typeof tool['name'] !== 'string') continue
      const id = `${server}/${tool['name']}`
      if (!this.#pins.has(id)) continue
      const digest = digestOf(tool)
      this.#listed.set(id, digest)
      this.#compare(id, digest)
    }
  }

  #compare(id: string, digest: string): void {
    if (digest === this.#pins.get(id) || this.#changed.has(id)) return
    this.#changed.add(id)
    const message = `The tool ${JSON.stringify(id.slice(0, ID_SHOWN_MAX))} is not the one that was pinned: its definition has changed.`
    this.#report({ event: 'tool-changed', level: 'error', code: 'tool-changed', message })
  }
}

const ID_SHOWN_MAX = 200

function digestOf(tool: JsonObject): string {
  try {
    return toolDigest(tool)
  } catch (error) {
    if (error instanceof JsonError) return UNREADABLE
    throw error
  }
}
