import { BoundedMap } from '@warren/core'
import { MembershipError } from '../membership-error.ts'
import { classOf } from '../records/mesh-record.ts'
import { isFatal, type RecordSet } from '../set/record-set.ts'
import { answerAsk, answerWant, headsOf } from './answer-neighbour.ts'
import { type Neighbour, PULL_ORDER } from './neighbour.ts'
import { type Arrival, Pull } from './pull.ts'
import type { Intake } from './record-intake.ts'
import type { SyncEffect } from './sync-effect.ts'
import type { SyncLimits } from './sync-limits.ts'
import { encodeSyncMessage, type RecordMessage, type SyncMessage } from './sync-message.ts'

/** What the exchange with neighbours needs from the node round it. */
export interface ExchangeHost {
  readonly limits: SyncLimits
  readonly set: RecordSet
  /** What neighbours are shown of it. */
  readonly durable: RecordSet
  readonly nowMs: number
  /** Takes up texts that came over a link, up to the first that nothing can mend. */
  accept(texts: readonly string[]): Intake
  emit(effect: SyncEffect): void
}

type Heard<Type extends SyncMessage['type']> = Extract<SyncMessage, { type: Type }>

/**
 * What two neighbours say to each other about records: each shows its heads, asks for what it lacks, part by
 * part, and answers the other.
 */
export class Exchange {
  readonly #host: ExchangeHost
  /** Grants for which there was no room; there never will be, and they are not asked for again. */
  readonly #leftOut: BoundedMap<string, true>

  constructor(host: ExchangeHost) {
    this.#host = host
    this.#leftOut = new BoundedMap(host.limits.leftOutMax)
  }

  /** Shows this node's heads to a neighbour that has just been connected, and waits for its own. */
  begin(neighbour: Neighbour): void {
    neighbour.owesByMs = this.#host.nowMs + this.#host.limits.answerMs
    this.#send(neighbour, { type: 'heads', heads: headsOf(this.#host.durable), reply: false })
  }

  /** Asks a neighbour for its heads, unless it has been asked already. */
  askHeads(neighbour: Neighbour): void {
    if (neighbour.owesHeads) return
    neighbour.owesHeads = true
    neighbour.owesByMs ??= this.#host.nowMs + this.#host.limits.answerMs
    this.#send(neighbour, { type: 'heads', heads: headsOf(this.#host.durable), reply: true })
  }

  /**
   * Takes one message.
   *
   * @throws MembershipError the reason for which this neighbour is not heard any further
   */
  hear(neighbour: Neighbour, message: RecordMessage): void {
    const { limits, set, durable } = this.#host
    switch (message.type) {
      case 'heads':
        this.#hearHeads(neighbour, message)
        break
      case 'ask':
        this.#send(neighbour, answerAsk(durable, message, limits))
        break
      case 'below':
        this.#hearBelow(neighbour, message)
        break
      case 'want':
        for (const answer of answerWant(durable, message, limits)) {
          this.#host.emit({ type: 'send', link: neighbour.link, bytes: answer })
        }
        neighbour.learnt(message.ids)
        break
      case 'records':
        if (message.answer === 'none') this.#hearPush(neighbour, message.texts)
        else this.#hearRecords(neighbour, message)
        break
      case 'have':
        neighbour.learnt(message.ids)
        // By comparison, so that what they rest on comes with them.
        if (!message.ids.every((id) => set.has(id))) this.askHeads(neighbour)
        break
    }
  }

  #hearHeads(neighbour: Neighbour, { heads, reply }: Heard<'heads'>): void {
    if (reply)
      this.#send(neighbour, { type: 'heads', heads: headsOf(this.#host.durable), reply: false })
    neighbour.hasShown(heads)
    this.#nextRound(neighbour)
  }

  /** Starts comparing with the newest heads, unless older ones are still being compared. */
  #nextRound(neighbour: Neighbour): void {
    if (neighbour.round !== undefined || neighbour.shown === undefined) return
    neighbour.round = neighbour.shown
    neighbour.shown = undefined
    neighbour.queue.splice(0, Number.POSITIVE_INFINITY, ...PULL_ORDER)
    this.#nextPart(neighbour, neighbour.round)
  }

  /** Goes through the parts in their order; what differs is fetched before the next is looked at. */
  #nextPart(neighbour: Neighbour, round: NonNullable<Neighbour['round']>): void {
    const { set, limits } = this.#host
    for (;;) {
      const part = neighbour.queue.shift()
      if (part === undefined) break
      // What a connection waits for is there.
      if (part === 'grant') neighbour.readyMs ??= this.#host.nowMs
      const { root, count } = round.heads[part]
      if (root === set.trie(part).root) continue
      const isStrict = !neighbour.queue.includes(part)
      neighbour.pull = new Pull({ part, count, isStrict }, limits)
      this.#advance(neighbour, neighbour.pull)
      return
    }
    this.#endRound(neighbour, round)
  }

  #endRound(neighbour: Neighbour, { due }: NonNullable<Neighbour['round']>): void {
    if (!due.every((id) => this.#host.set.has(id))) {
      throw new MembershipError('record-unproved', 'the neighbour has pushed what proves nothing')
    }
    neighbour.round = undefined
    neighbour.owesByMs = neighbour.owesHeads
      ? this.#host.nowMs + this.#host.limits.answerMs
      : undefined
    if (neighbour.waiting.length > 0) this.askHeads(neighbour)
    this.#nextRound(neighbour)
  }

  /** Asks on, or goes to the next part when this one is there. */
  #advance(neighbour: Neighbour, pull: Pull): void {
    for (const message of pull.next()) this.#send(neighbour, message)
    const { outcome } = pull
    if (outcome === 'unproved') {
      throw new MembershipError('record-unproved', 'the neighbour has records that prove nothing')
    }
    if (outcome === 'open') {
      neighbour.owesByMs = this.#host.nowMs + this.#host.limits.answerMs
      return
    }
    neighbour.pull = undefined
    if (neighbour.round !== undefined) this.#nextPart(neighbour, neighbour.round)
  }

  #hearBelow(neighbour: Neighbour, answer: Heard<'below'>): void {
    const { pull } = neighbour
    const { set } = this.#host
    const isMissing = (id: string): boolean => {
      const known = set.get(id)
      const isInPart = known !== undefined && classOf(known.type) === answer.part
      return !isInPart && !this.#leftOut.has(id)
    }
    if (pull?.part !== answer.part || !pull.below(answer, set.trie(answer.part), isMissing)) {
      throw new MembershipError('sync-malformed', 'an answer that does not fit what was asked')
    }
    neighbour.learnt(answer.ids.filter((id) => set.has(id)))
    this.#advance(neighbour, pull)
  }

  #hearRecords(neighbour: Neighbour, { texts, answer }: Heard<'records'>): void {
    const { pull } = neighbour
    const arrival = this.#take(neighbour, texts)
    const ids = [...arrival.ids, ...arrival.openIds]
    const isEmptyEnd = answer === 'last' && texts.length === 0
    if (pull === undefined || !(isEmptyEnd || pull.expects(ids))) {
      throw new MembershipError('sync-malformed', 'records that were not asked for')
    }
    if (!pull.received(arrival, answer)) {
      throw new MembershipError('records-withheld', 'the neighbour does not give what it has named')
    }
    if (pull.isOverfull) {
      throw new MembershipError(
        'record-unproved',
        'too many records of the neighbour prove nothing',
      )
    }
    this.#advance(neighbour, pull)
  }

  /** New records, unasked. Those that rest on what this node does not know yet are fetched with it. */
  #hearPush(neighbour: Neighbour, texts: readonly string[]): void {
    const { openIds } = this.#take(neighbour, texts)
    if (openIds.length === 0) return
    if (neighbour.waitsFor(openIds) > this.#host.limits.openPushedMax) {
      throw new MembershipError(
        'record-unproved',
        'too much that the neighbour pushes proves nothing',
      )
    }
    this.askHeads(neighbour)
  }

  #take(neighbour: Neighbour, texts: readonly string[]): Arrival {
    const { ids, added, refused } = this.#host.accept(texts)
    neighbour.learnt(ids)
    const fatal = refused.find(isFatal)
    if (fatal !== undefined) throw fatal.error
    const idsWhere = (isOpen: boolean): readonly string[] =>
      refused.flatMap((each) => (each.isOpen === isOpen && each.id !== undefined ? [each.id] : []))
    // For what there is no room here, nobody else is to blame.
    const fullIds = idsWhere(false)
    for (const id of fullIds) this.#leftOut.set(id, true)
    const openIds = idsWhere(true)
    return { ids: [...ids, ...fullIds], openIds, addedCount: added.length }
  }

  #send(neighbour: Neighbour, message: SyncMessage): void {
    this.#host.emit({ type: 'send', link: neighbour.link, bytes: encodeSyncMessage(message) })
  }
}
