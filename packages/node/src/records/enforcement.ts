import { BoundedMap, type Clock } from '@warren/core'
import { type Did, isDid } from '@warren/identity'
import type { Provider } from '@warren/mcp'
import type { Network } from '@warren/network'
import type { AdmissionDesk } from '../admission-desk.ts'
import type { MeshCatalog } from '../mesh-catalog.ts'
import type { Report } from '../node-event.ts'

/** Members who were shut out and may come back; others are judged at the door anyway. */
const SHUT_OUT_MAX = 4_096
/** Pause between two looks at those who come back by themselves: what takes them away has an end, and no record says so. */
const LOOK_MS = 1_000
const WITH_AN_END = 'membership-quarantined'
/** What a record has taken away: whoever it is about has nothing to show against it. */
const TAKEN_AWAY: ReadonlySet<string> = new Set(['membership-revoked', WITH_AN_END])

export interface EnforcementInit {
  readonly self: Did
  readonly network: Pick<Network, 'members' | 'expel' | 'pardon' | 'drop' | 'rejudge'>
  readonly provider: Pick<Provider, 'dropCaller'>
  readonly catalog: Pick<MeshCatalog, 'forget'>
  readonly admission: Pick<AdmissionDesk, 'objection'>
  readonly report: Report
  readonly clock: Pick<Clock, 'monotonicMs'>
}

interface CutOff {
  readonly did: Did
  readonly code: string
  /** When that for which it is cut off came to this node, on the monotonic clock. */
  readonly sinceMs: number
  /** What is left to do of cutting its connections. */
  readonly ending: Promise<void>
  /** What its calls are told. */
  readonly why: string
}

/**
 * The one place where a record that takes something away takes effect: everything of a member who is none
 * any more ends here, at once and together.
 *
 * Its connections and the streams on them, in both directions; its calls under way and the server processes that
 * were started for it; its place in gossip, DHT, dialler and catalogue. Whoever comes later is judged at the door.
 *
 * A member stands on its keys as well: a connection on one that was taken away, or that it had before it came back, ends
 * alone, and so do all calls and processes of the member, since nobody can tell who began which. Its other connections stay.
 */
export class Enforcement {
  readonly #init: EnforcementInit
  readonly #shutOut = new BoundedMap<Did, string>(SHUT_OUT_MAX)
  readonly #ending = new Set<Promise<unknown>>()
  #isSelfOut = false
  #timer: NodeJS.Timeout | undefined

  constructor(init: EnforcementInit) {
    this.#init = init
  }

  /** Begins to look for what no record says: quarantines that have come to their end, and memberships that have begun to count. */
  start(): void {
    this.#timer = setInterval(() => this.#lookAgain(), LOOK_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /**
   * Looks again at these members, or at all that are connected or were shut out.
   *
   * `arrivedMs`: when that for which it looks came to this node, on the monotonic clock; now, when absent.
   */
  enforce(dids: readonly string[] | 'all', arrivedMs?: number): void {
    const { self, network, clock } = this.#init
    const sinceMs = arrivedMs ?? clock.monotonicMs()
    const shutOut = [...this.#shutOut.entries()].map(([did]) => did)
    const known = new Set([...network.members(), ...shutOut])
    const concerned = dids === 'all' ? [...known] : dids
    for (const did of concerned.filter(isDid)) {
      if (did === self) continue
      const code = this.#init.admission.objection(did)
      if (code === undefined) {
        this.#letIn(did)
        this.#cutLinks(did, sinceMs)
      } else if (known.has(did)) this.#cutOff(did, code, sinceMs)
    }
    if (dids === 'all' || dids.includes(self)) this.#judgeSelf()
  }

  /** Waits until everything that was cut off has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#ending)
  }

  #lookAgain(): void {
    const quarantined = [...this.#shutOut.entries()].filter(([, code]) => code === WITH_AN_END)
    this.enforce(quarantined.map(([did]) => did))
    const nowMs = this.#init.clock.monotonicMs()
    for (const did of this.#init.network.members().filter(isDid)) this.#cutLinks(did, nowMs)
    this.#judgeSelf()
  }

  #cutOff(did: Did, code: string, sinceMs: number): void {
    if (this.#shutOut.get(did) === code) return
    const ending = this.#cutConnections(did, code)
    this.#end({ did, code, sinceMs, ending, why: 'the caller is no member any more' })
    this.#init.catalog.forget(did)
  }

  /** Cuts the connections of a member that are on keys which count no more. */
  #cutLinks(did: Did, sinceMs: number): void {
    const [code] = this.#init.network.rejudge(did)
    if (code === undefined) return
    const why = 'the connection of the caller counts no more'
    this.#end({ did, code, sinceMs, ending: Promise.resolve(), why })
  }

  /** Ends what a caller has running whose connections have been cut, and tells how long it took. */
  #end({ did, code, sinceMs, ending: cut, why }: CutOff): void {
    const { provider, report, clock } = this.#init
    const afterMs = (): number => Math.round(clock.monotonicMs() - sinceMs)
    const ending = Promise.all([cut, provider.dropCaller(did, `${why}: ${code}`)]).then(
      () => report({ event: 'cut-off-done', level: 'info', did, code, afterMs: afterMs() }),
      (error: unknown) => {
        report({ event: 'defect', level: 'error', did, message: String(error) })
      },
    )
    this.#ending.add(ending)
    void ending.finally(() => this.#ending.delete(ending))
    report({ event: 'cut-off', level: 'warn', did, code, afterMs: afterMs() })
  }

  /** Cuts before it returns; what is waited for is the rest of the traces of somebody who is shut out. */
  async #cutConnections(did: Did, code: string): Promise<void> {
    const { network } = this.#init
    if (TAKEN_AWAY.has(code)) {
      this.#shutOut.set(did, code)
      await network.expel(did, code)
      return
    }
    // Whose membership has run out, or does not count any more, may come back with another that nobody here knows yet.
    if (this.#shutOut.delete(did)) network.pardon(did)
    network.drop(did, code)
  }

  #letIn(did: Did): void {
    if (!this.#shutOut.delete(did)) return
    const { network, report } = this.#init
    network.pardon(did)
    report({ event: 'let-in', level: 'info', did })
  }

  #judgeSelf(): void {
    const { self, admission, report } = this.#init
    const code = admission.objection(self)
    if ((code !== undefined) === this.#isSelfOut) return
    this.#isSelfOut = code !== undefined
    report(
      code === undefined
        ? { event: 'self-let-in', level: 'info', did: self }
        : {
            event: 'self-cut-off',
            level: 'error',
            did: self,
            code,
            message: 'this node is no member any more; others refuse it',
          },
    )
  }
}
