import type { Clock } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { type VerifiedLog, verifyLog } from '@warren/identity'
import {
  type AdmittedMember,
  createHello,
  judgeHello,
  type VerifiedCharter,
} from '@warren/membership'
import type { AdmissionPort, AdmissionVerdict, Channel } from '@warren/network'
import type { Peers } from '@warren/storage'

/** Members whose newest log and membership are kept in memory; more are read from the store again. */
const MEMBERS_MAX = 10_000

export interface AdmissionDeskInit {
  readonly suite: CryptoSuite
  readonly clock: Clock
  readonly charter: VerifiedCharter
  /** This node's own key log and membership, as they travel. */
  readonly log: string
  readonly membership: string
  readonly peers: Peers
}

/**
 * Judges who may speak to this node, and remembers what it has seen of each member: the newest key
 * log, so that a shorter or forked one is refused, and the membership in force.
 */
export class AdmissionDesk implements AdmissionPort {
  readonly #init: AdmissionDeskInit
  readonly #hello: Uint8Array
  readonly #members = new Map<string, AdmittedMember>()

  constructor(init: AdmissionDeskInit) {
    this.#init = init
    const { charter, log, membership } = init
    this.#hello = createHello({ meshId: charter.meshId, log, membership })
  }

  hello(): Uint8Array {
    return this.#hello
  }

  // oxlint-disable-next-line require-await -- the port is asynchronous; judging needs no I/O but the store's
  async judge(hello: Uint8Array, channel: Channel): Promise<AdmissionVerdict> {
    const { suite, clock, charter, peers } = this.#init
    const nowMs = clock.wallMs()
    const member = judgeHello({
      suite,
      charter,
      bytes: hello,
      channel,
      nowMs,
      knownLog: (scid) => this.#knownLog(scid),
    })
    const known = peers.get(member.did)
    peers.remember({
      did: member.did,
      log: member.log.text,
      addresses: withAddress(known?.addresses ?? [], channel),
      seenMs: Math.max(nowMs, known?.seenMs ?? 0),
    })
    this.#remember(member)
    return { admitted: true, did: member.did }
  }

  /** What is known of a member that was admitted, if its membership is in force now. */
  memberOf(did: string): AdmittedMember | undefined {
    const member = this.#members.get(did)
    if (member === undefined) return undefined
    const { clock, charter } = this.#init
    const lastMs = member.membership.notAfterMs + charter.freshness.skewMs
    return clock.wallMs() <= lastMs ? member : undefined
  }

  #remember(member: AdmittedMember): void {
    this.#members.delete(member.did)
    this.#members.set(member.did, member)
    for (const [oldest] of this.#members) {
      if (this.#members.size <= MEMBERS_MAX) break
      this.#members.delete(oldest)
    }
  }

  #knownLog(scid: string): VerifiedLog | undefined {
    const did = `did:webvh:${scid}:warren.internal`
    const inMemory = this.#members.get(did)
    if (inMemory !== undefined) return inMemory.log
    const { suite, clock, peers } = this.#init
    const stored = peers.get(did)
    if (stored === undefined) return undefined
    // Verified again, since a file can be altered; but what was in force when it was stored stays so, although
    // the clock may stand earlier now: time that seems to run back must not bring a replaced key back.
    return verifyLog({ suite, text: stored.log, nowMs: Math.max(clock.wallMs(), stored.seenMs) })
  }
}

const ADDRESSES_MAX = 8

/** Addresses at which a member was reached, the newest first; where it called from is none. */
function withAddress(
  known: readonly string[],
  { direction, remoteAddress }: Channel,
): readonly string[] {
  if (direction === 'inbound') return known
  return [remoteAddress, ...known.filter((address) => address !== remoteAddress)].slice(
    0,
    ADDRESSES_MAX,
  )
}
