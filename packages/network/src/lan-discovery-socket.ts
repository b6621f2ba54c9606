import type { Clock } from '@warren/core'
import multicastDns, {
  type MulticastDNS,
  type QueryPacket,
  type ResponsePacket,
} from 'multicast-dns'
import { Allowance } from './lan-discovery-allowance.ts'
import { LanDiscoveryError, type LanDiscoveryErrorCode } from './lan-discovery-error.ts'
import { isFromInterface, type LanInterface } from './lan-discovery-interface.ts'
import { answer, isQueryFor, parseAnswer } from './lan-discovery-message.ts'
import type { LanSocketsOwner } from './lan-discovery-sockets.ts'

const IPV4_GROUP = '224.0.0.251'
const IPV6_GROUP = 'ff02::fb'
/** Queries and answers that are looked at; the rest of a flood is dropped unread. */
const PACKETS_PER_SECOND_MAX = 64
/** RFC 6762 §6: a record goes out at most once a second. */
const ANSWER_PAUSE_MS = 1_000
/** The packet stays on the link. */
const HOPS = 1

export interface LanSocketInit {
  readonly lan: LanInterface
  readonly port: number
  readonly clock: Clock
  readonly owner: LanSocketsOwner
  onError(error: LanDiscoveryError): void
}

/** The multicast socket of one interface and family: asks, answers, and reads what others answer. */
export class LanSocket {
  readonly #init: LanSocketInit
  readonly #mdns: MulticastDNS
  readonly #packets: Allowance
  #lan: LanInterface
  #answeredMs = -Infinity
  #answerTimer: NodeJS.Timeout | undefined
  #failed = false
  #closed = false

  constructor(init: LanSocketInit) {
    this.#lan = init.lan
    this.#init = init
    this.#packets = new Allowance(init.clock, PACKETS_PER_SECOND_MAX)
    this.#mdns = multicastDns(socketOptions(init.lan, init.port))
    this.#mdns.on('error', (error) => this.#report('lan-socket-failed', error))
    this.#mdns.on('warning', (error) => this.#onWarning(error))
    this.#mdns.on('query', (packet, { address }) => this.#onQuery(packet, address))
    this.#mdns.on('response', (packet, { address }) => this.#onResponse(packet, address))
    this.#mdns.once('ready', () => this.introduce())
  }

  /** True when the last thing that was tried on the socket failed. */
  get failed(): boolean {
    return this.#failed
  }

  /** Takes note of what the interface is like now; says who is here anew when its addresses changed. */
  update(lan: LanInterface): void {
    const changed = lan.addresses.join() !== this.#lan.addresses.join()
    this.#lan = lan
    if (changed) this.introduce()
  }

  /** Says who is here and asks who else is. */
  introduce(): void {
    this.announce()
    this.query()
  }

  /** Asks for the nodes of this mesh. */
  query(): void {
    if (this.#closed) return
    const question = { name: this.#init.owner.names.serviceTag, type: 'PTR' as const }
    this.#mdns.query({ questions: [question] }, (error) => this.#onSent(error))
  }

  /** Says who is here, at most once a second; within that second, once at its end. */
  announce(): void {
    if (this.#closed || this.#answerTimer !== undefined) return
    const waitMs = this.#answeredMs + ANSWER_PAUSE_MS - this.#init.clock.monotonicMs()
    if (waitMs <= 0) this.#sendAnswer()
    else this.#answerTimer = setTimeout(() => this.#sendAnswer(), waitMs)
  }

  /** Resolves when the socket is gone. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#answerTimer)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#mdns.destroy(resolve)
    await promise
  }

  #sendAnswer(): void {
    this.#answerTimer = undefined
    const announcement = this.#init.owner.announcement(this.#lan)
    // Listeners that are not up yet, or none on this family: there is nothing to say.
    if (announcement.addresses.length === 0) return
    this.#answeredMs = this.#init.clock.monotonicMs()
    this.#mdns.respond(answer(this.#init.owner.names, announcement), (error) => this.#onSent(error))
  }

  #onSent(error: Error | null | undefined): void {
    if (this.#closed) return
    if (error === null || error === undefined) this.#failed = false
    else this.#report('lan-send-failed', error)
  }

  #onWarning(error: Error): void {
    // What is no system error is a packet that cannot be decoded, which says nothing about us.
    if ('syscall' in error) this.#report('lan-socket-failed', error)
  }

  #onQuery(packet: QueryPacket, source: string): void {
    if (!isQueryFor(this.#init.owner.names.serviceTag, packet)) return
    if (isFromInterface(source, this.#lan) && this.#packets.take()) this.announce()
  }

  #onResponse(packet: ResponsePacket, source: string): void {
    if (!isFromInterface(source, this.#lan) || !this.#packets.take()) return
    const announcement = parseAnswer(this.#init.owner.names.serviceTag, packet)
    if (announcement !== undefined) this.#init.owner.onAnnouncement(announcement, this.#lan)
  }

  #report(code: LanDiscoveryErrorCode, cause: Error): void {
    if (this.#closed) return
    this.#failed = true
    const { device, family } = this.#lan
    const verb = code === 'lan-send-failed' ? 'send on' : 'use'
    const message = `LAN discovery cannot ${verb} ${device} (${family})`
    this.#init.onError(new LanDiscoveryError(code, message, { cause }))
  }
}

function socketOptions(lan: LanInterface, port: number): multicastDns.Options {
  const shared = { port, ttl: HOPS, loopback: true, reuseAddr: true }
  // The interface is named always: without a default route the system would find none by itself.
  return lan.family === 'ipv4'
    ? { ...shared, type: 'udp4', ip: IPV4_GROUP, bind: '0.0.0.0', interface: lan.addresses[0] }
    : { ...shared, type: 'udp6', ip: IPV6_GROUP, bind: '::', interface: `::%${lan.device}` }
}
