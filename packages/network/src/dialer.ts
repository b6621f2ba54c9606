import type { Clock, RandomSource } from '@warren/core'
import { type AddressSource, DialTarget } from './dial-target.ts'
import { dialPauseMs, fraction } from './dial-backoff.ts'
import type { NetworkLimits } from './network-limits.ts'
import type { NetworkLogger } from './network-logger.ts'

/** A little time in which the other node's dial may come first. */
const FIRST_DIAL_SPREAD_MS = 100

export interface DialerComponents {
  readonly clock: Clock
  readonly random: RandomSource
  readonly limits: NetworkLimits
  readonly logger: NetworkLogger
  /** Dials one address up to admission; returns the peer id that answered. */
  connect(address: string, signal: AbortSignal): Promise<string>
  isConnected(peerId: string): boolean
}

/** Dials that are kept free for peers that were only heard of, and for those that are known: neither shuts the other out. */
const DIALS_RESERVED = 2

/**
 * Keeps trying to reach the peers that are written down or were discovered, with pauses that grow.
 *
 * Works at its own pace: one timer, `dialsParallelMax` dials at once, `targetsMax` targets.
 */
export class Dialer {
  readonly #components: DialerComponents
  readonly #targets = new Map<string, DialTarget>()
  readonly #stopping = new AbortController()
  readonly #dials = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | undefined

  constructor(components: DialerComponents) {
    this.#components = components
  }

  addStatic(address: string, peerId: string | undefined): void {
    this.#add(peerId ?? address, { source: 'static', peerId, addresses: [address] })
  }

  /** What LAN discovery has heard, unauthenticated. */
  addDiscovered(peerId: string, addresses: readonly string[]): void {
    this.#add(peerId, { source: 'lan', peerId, addresses })
    for (const target of this.#targets.values()) {
      if (target.peerId === peerId && target.isTrusted) this.#hasten(target)
    }
    this.#wake()
  }

  /** A member that this node has chosen to dial, at addresses that others gave for it. */
  addChosen(peerId: string, addresses: readonly string[]): void {
    this.#add(peerId, { source: 'walk', peerId, addresses })
    const target = this.#targets.get(peerId)
    if (target !== undefined) target.unanswered ??= 0
  }

  /** From now on these peers, and no others, are tried first and without end, however many others there are. */
  pin(contacts: readonly PinnedPeer[]): void {
    for (const target of this.#targets.values()) target.isPinned = false
    for (const { peerId, addresses, heard } of contacts) {
      this.#add(peerId, { source: 'static', peerId, addresses, isPinned: true })
      this.#add(peerId, { source: 'walk', peerId, addresses: heard, isPinned: true })
    }
    this.#wake()
  }

  /**
   * How often in a row a chosen or pinned peer has not answered; negative for any other. Anybody can announce a peer
   * where it is not: that it was tried there says nothing of where it was chosen.
   */
  failuresOf(peerId: string): number {
    const target = this.#targets.get(peerId)
    if (target?.isPinned === true) return target.failures
    return target?.unanswered ?? -1
  }

  /** Lets go of a chosen peer; one that is known otherwise is tried on like others. */
  giveUp(peerId: string): void {
    const target = this.#targets.get(peerId)
    if (target === undefined) return
    target.unanswered = undefined
    if (target.source !== 'walk' || target.isTrusted || target.isPinned) return
    this.#targets.delete(peerId)
  }

  sourceOf(peerId: string): AddressSource | undefined {
    const targets = [...this.#targets.values()]
    return targets.find((target) => target.peerId === peerId)?.source
  }

  /** A connection has ended: tries again soon. */
  redial(peerId: string): void {
    for (const target of this.#targets.values()) {
      if (target.peerId === peerId) this.#postpone(target, 1)
    }
    this.#wake()
  }

  forget(peerId: string): void {
    for (const [key, target] of this.#targets) {
      if (target.peerId === peerId) this.#targets.delete(key)
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the dialler has been stopped'))
    clearTimeout(this.#timer)
    await Promise.all(this.#dials)
  }

  #add(key: string, { source, peerId, addresses, isPinned = false }: News): void {
    if (isPinned && addresses.length === 0 && !this.#targets.has(key)) return
    const { limits, random, clock } = this.#components
    const soonMs = clock.monotonicMs() + FIRST_DIAL_SPREAD_MS * fraction(random)
    const known = this.#targets.get(key)
    if (known !== undefined) {
      known.isPinned ||= isPinned
      if (!known.add(source, addresses)) return
      known.dueAtMs = Math.min(known.dueAtMs, soonMs)
    } else {
      // Whoever is heard or remembered, and be it by hundreds, leaves room for those that this node chooses.
      const sizeMax = limits.targetsMax + (source === 'walk' ? limits.connectionsReserved : 0)
      const isFull = this.#targets.size >= sizeMax
      if (isFull && !this.#dropHopeless() && !isPinned) return
      const at = { dueAtMs: soonMs, addressesMax: limits.addressesPerTargetMax }
      const target = new DialTarget(source, peerId, at)
      target.isPinned = isPinned
      target.add(source, addresses)
      this.#targets.set(key, target)
    }
    this.#wake()
  }

  /**
   * A known peer says that it is there: the pause was for one that is not. Anybody can say so in its
   * name, so that what is tried again at once is what is known, and at a bounded rate.
   */
  #hasten(target: DialTarget): void {
    target.isHeardAgain = target.isDialling
    const { clock, limits } = this.#components
    const earliestMs = Math.max(clock.monotonicMs(), target.triedAtMs + limits.dialHeardPauseMs)
    target.dueAtMs = Math.min(target.dueAtMs, earliestMs)
  }

  /** Anybody on the LAN can announce peers that are not there: those that never answered go first, and chosen ones stay. */
  #dropHopeless(): boolean {
    const hopeless = [...this.#targets]
      .filter(([, { isTrusted, source, failures }]) => {
        return !isTrusted && source === 'lan' && failures > 0
      })
      .toSorted(([, a], [, b]) => b.failures - a.failures)[0]
    return hopeless !== undefined && this.#targets.delete(hopeless[0])
  }

  #wake(): void {
    if (this.#stopping.signal.aborted) return
    clearTimeout(this.#timer)
    const kinds = new Set([true, false].filter((isTrusted) => this.#hasRoom(isTrusted)))
    const waiting = [...this.#targets.values()].filter(
      (target) => (target.isPinned || kinds.has(target.isTrusted)) && this.#isOpen(target),
    )
    if (waiting.length === 0) return
    const nextMs = Math.min(...waiting.map(({ dueAtMs }) => dueAtMs))
    this.#timer = setTimeout(
      () => this.#dialDue(),
      Math.max(0, nextMs - this.#components.clock.monotonicMs()),
    )
  }

  #isOpen(target: DialTarget): boolean {
    return !target.isDialling && this.#isOpenNow(target)
  }

  #hasRoom(isTrusted: boolean): boolean {
    const { dialsParallelMax } = this.#components.limits
    const dialling = [...this.#targets.values()].filter((target) => target.isDialling)
    const ofKind = dialling.filter((target) => target.isTrusted === isTrusted)
    const shareMax = Math.max(1, dialsParallelMax - DIALS_RESERVED)
    return this.#dials.size < dialsParallelMax && ofKind.length < shareMax
  }

  #dialDue(): void {
    const nowMs = this.#components.clock.monotonicMs()
    const due = [...this.#targets.values()]
      .filter((target) => this.#isOpen(target) && target.dueAtMs <= nowMs)
      .toSorted((a, b) => b.rank - a.rank || a.dueAtMs - b.dueAtMs)
    for (const target of due) {
      if (!target.isPinned && !this.#hasRoom(target.isTrusted)) continue
      const dial = this.#dial(target).finally(() => {
        this.#dials.delete(dial)
        this.#wake()
      })
      this.#dials.add(dial)
    }
    this.#wake()
  }

  async #dial(target: DialTarget): Promise<void> {
    target.isDialling = true
    let isAnswered = false
    const { clock, limits } = this.#components
    const { dialTimeoutMs } = limits
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(dialTimeoutMs)])
    for (const address of target.inOrder()) {
      if (signal.aborted || !this.#isOpenNow(target)) break
      try {
        target.answered(address, await this.#components.connect(address, signal))
        isAnswered = true
        break
      } catch (error) {
        // The next address may be good; the pause after the last one is what a failure costs.
        target.failed(address)
        this.#components.logger.log('debug', 'dial-failed', { address, reason: String(error) })
      }
    }
    target.ended(isAnswered, clock.monotonicMs())
    this.#postpone(target, target.failures + 1)
    if (target.isHeardAgain) this.#hasten(target)
  }

  #isOpenNow({ peerId }: DialTarget): boolean {
    return peerId === undefined || !this.#components.isConnected(peerId)
  }

  #postpone(target: DialTarget, failures: number): void {
    const { clock, limits, random } = this.#components
    const backoff = { minMs: limits.dialBackoffMinMs, maxMs: limits.dialBackoffMaxMs }
    target.failures = failures
    target.dueAtMs = clock.monotonicMs() + dialPauseMs(failures, backoff, random)
  }
}

/** One peer of the contact that is never given up. */
export interface PinnedPeer {
  readonly peerId: string
  /** Where it was reached before. */
  readonly addresses: readonly string[]
  /** Where others say that it is. */
  readonly heard: readonly string[]
}

interface News {
  readonly source: AddressSource
  readonly peerId: string | undefined
  readonly addresses: readonly string[]
  readonly isPinned?: boolean
}
