import type { Clock } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { type Did, isDid, type VerifiedLog, verifyLog } from '@warren/identity'
import {
  type AdmittedMember,
  authorityRecords,
  createHello,
  judgeHello,
  memberKeys,
  type Membership,
  MembershipError,
  type RecordSet,
  revocationsOfKeys,
  type Standing,
  standingRefusal,
  type VerifiedCharter,
  waitsForOthers,
} from '@warren/membership'
import type { AdmissionPort, AdmissionVerdict, Channel } from '@warren/network'
import type { Peers } from '@warren/storage'
import { channelKeys } from './channel-keys.ts'
import { logKeys } from './log-keys.ts'
import { readShown, type ShownRecords } from './shown-records.ts'

/** Members whose newest log is kept in memory; more are read from the store again. */
const MEMBERS_MAX = 10_000

/** What is known of the mesh, as far as admission asks it. */
export interface AdmissionRecords {
  readonly set: RecordSet
  /**
   * Takes up what somebody shows, and returns the ids of it.
   *
   * @throws MembershipError
   */
  offer(texts: readonly string[]): readonly string[]
  standingOf(did: Did): Standing
  /** How somebody stands by a set that is not, or not yet, what this node knows. */
  standingBy(set: RecordSet, did: Did): Standing
  /** How somebody stands who shows these keys, as multikeys; by such a set, where one is named. */
  standingWith(did: Did, keys: readonly string[], set?: RecordSet): Standing
}

export interface AdmissionDeskInit {
  readonly suite: CryptoSuite
  readonly clock: Clock
  readonly charter: VerifiedCharter
  /** This node's own key log, as it travels. */
  readonly log: string
  /** This node's own membership in force. */
  readonly membership: () => Membership
  readonly peers: Peers
  readonly records: AdmissionRecords
}

/** By what keys somebody is to be judged, and by which records. */
interface ShownKeys {
  readonly channel: Channel
  /** The one that was shown on that channel; absent where none was. */
  readonly log: VerifiedLog | undefined
  readonly set: RecordSet
}

/**
 * Judges who may speak to this node, by everything that it knows of the mesh now, and remembers the newest
 * key log of each member, so that a shorter or forked one is refused.
 */
export class AdmissionDesk implements AdmissionPort {
  readonly #init: AdmissionDeskInit
  readonly #members = new Map<string, AdmittedMember>()
  /** Logs never change, and writing a key of ML-DSA in base58 costs more than judging by it. */
  readonly #keys = new WeakMap<VerifiedLog, readonly string[]>()
  /** What was shown on each channel: a newer log, shown on another one, says nothing of it. */
  readonly #shown = new WeakMap<Channel, VerifiedLog>()

  constructor(init: AdmissionDeskInit) {
    this.#init = init
  }

  hello(): Uint8Array {
    const { charter, log, membership, records } = this.#init
    const { issuer, text } = membership()
    const supporting = authorityRecords(records.set, issuer)
    return createHello({ meshId: charter.meshId, log, membership: text, supporting })
  }

  // oxlint-disable-next-line require-await -- the port is asynchronous; judging needs no I/O but the store's
  async judge(hello: Uint8Array, channel: Channel): Promise<AdmissionVerdict> {
    const { suite, clock, charter, peers } = this.#init
    const nowMs = clock.wallMs()
    let shown: ShownRecords | undefined
    const member = judgeHello({
      suite,
      charter,
      bytes: hello,
      channel,
      nowMs,
      membershipInForce: (text, supporting) => {
        shown = readShown(this.#init.records.set, text, supporting)
        return this.#inForce(shown)
      },
      knownLog: (scid) => this.#knownLog(scid),
    })
    if (shown === undefined) throw new Error('whoever is admitted has shown a membership')
    const { set } = shown
    if (this.#keyObjection(member.did, { channel, log: member.log, set }) !== undefined) {
      throw new MembershipError('key-revoked', 'the admins have revoked a key of this machine')
    }
    this.#takeUp(shown)
    this.#shown.set(channel, member.log)
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

  /** The code for which whoever was admitted on a channel may not stay on it: as no member, or by the keys that it has shown there. */
  stillAdmitted(did: string, channel: Channel): string | undefined {
    const objection = this.objection(did)
    if (objection !== undefined || !isDid(did)) return objection
    const { set } = this.#init.records
    return this.#keyObjection(did, { channel, log: this.#shown.get(channel), set })
  }

  /** The code for which somebody is no member, or undefined where nothing speaks against it. */
  objection(did: string): string | undefined {
    if (!isDid(did)) return 'not-a-member'
    return standingRefusal(this.#init.records.standingOf(did))?.code
  }

  /** The keys that a member was last seen to have, as multikeys. */
  keysOf(did: string): readonly string[] {
    const log = this.#members.get(did)?.log
    return log === undefined ? [] : this.#keysIn(log)
  }

  /** Whether what a member signs by this state of its log counts: none of its keys was revoked, or is one from before it came back. */
  isCurrentLog(log: VerifiedLog): boolean {
    return this.#init.records.standingWith(log.did, logKeys(log)).status === 'member'
  }

  /** What is known of a member that was admitted, if it is one now. */
  memberOf(did: string): AdmittedMember | undefined {
    const member = this.#members.get(did)
    if (member === undefined) return undefined
    const standing = this.#init.records.standingOf(member.did)
    if (standing.status !== 'member') return undefined
    const { membership } = standing
    const { enclave, roles } = membership
    return { ...member, membership, enclave, roles }
  }

  /** The membership by which whoever shows these is a member now. */
  #inForce({ set, did }: ShownRecords): Membership {
    const standing = this.#init.records.standingBy(set, did)
    const refusal = standingRefusal(standing)
    if (refusal !== undefined) throw refusal
    if (standing.status === 'member') return standing.membership
    throw new MembershipError('not-a-member', 'this machine is not a member of the mesh')
  }

  /**
   * The code where the admins have taken away a key that the channel has proved, or that the log beside it lists; or
   * where the channel is on keys from before the member came back, which its own log may still hold.
   */
  #keyObjection(did: Did, { channel, log, set }: ShownKeys): string | undefined {
    const { records } = this.#init
    const isRevoked = records.standingWith(did, channelKeys(channel), set).status === 'revoked'
    const listed = log === undefined ? [] : this.#keysIn(log)
    return isRevoked || revocationsOfKeys(set, listed).length > 0 ? 'key-revoked' : undefined
  }

  #keysIn(log: VerifiedLog): readonly string[] {
    const known = this.#keys.get(log) ?? memberKeys(log)
    this.#keys.set(log, known)
    return known
  }

  /** Records are taken from members alone: of what somebody shows who is none nothing stays. */
  #takeUp({ texts }: ShownRecords): void {
    try {
      this.#init.records.offer(texts)
    } catch (error) {
      if (!(error instanceof MembershipError) || !waitsForOthers(error)) throw error
    }
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
