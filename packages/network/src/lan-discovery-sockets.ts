import { networkInterfaces } from 'node:os'
import type { Clock } from '@warren/core'
import { LanDiscoveryError } from './lan-discovery-error.ts'
import { ErrorReports } from './lan-discovery-error-reports.ts'
import {
  interfaceKey,
  type LanInterface,
  lanInterfaces,
  type NetworkInterfaces,
} from './lan-discovery-interface.ts'
import type { AnswerNames, LanAnnouncement } from './lan-discovery-message.ts'
import { LanSocket } from './lan-discovery-socket.ts'

const MDNS_PORT = 5353
const QUERY_INTERVAL_MS = 10_000
const RESCAN_INTERVAL_MS = 5_000
const INTERFACES_MAX = 64

export interface LanSocketsInit {
  readonly clock: Clock
  /** UDP port of the multicast group. Default 5353. */
  readonly port?: number
  /** Pause between two questions. Default 10,000 ms. */
  readonly queryIntervalMs?: number
  /** Pause between two looks at the interfaces. Default 5,000 ms. */
  readonly rescanIntervalMs?: number
  /** What interfaces there are. Default `os.networkInterfaces`. */
  readonly interfaces?: () => NetworkInterfaces
  /** Told what does not work, each thing at most once a minute. */
  onError(error: LanDiscoveryError): void
}

/** What the sockets say, and whom they tell what they hear. */
export interface LanSocketsOwner {
  readonly names: AnswerNames
  announcement(lan: LanInterface): LanAnnouncement
  onAnnouncement(announcement: LanAnnouncement, lan: LanInterface): void
}

/** One socket for each interface and family, kept in step with the interfaces that there are. */
export class LanSockets {
  readonly #init: LanSocketsInit
  readonly #owner: LanSocketsOwner
  readonly #reports: ErrorReports
  readonly #sockets = new Map<string, LanSocket>()
  readonly #closing = new Set<Promise<void>>()
  #timers: readonly NodeJS.Timeout[] = []

  constructor(init: LanSocketsInit, owner: LanSocketsOwner) {
    this.#init = init
    this.#owner = owner
    this.#reports = new ErrorReports(init.clock, (error) => init.onError(error))
  }

  /** Opens the sockets; each says who is here and asks who else is. Idempotent. */
  open(): void {
    if (this.#timers.length > 0) return
    const { queryIntervalMs = QUERY_INTERVAL_MS, rescanIntervalMs = RESCAN_INTERVAL_MS } =
      this.#init
    this.#timers = [
      setInterval(() => this.#query(), queryIntervalMs),
      setInterval(() => this.#rescan(), rescanIntervalMs),
    ]
    this.#rescan()
  }

  /** Resolves when all sockets are gone. Idempotent. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    this.#timers = []
    for (const key of this.#sockets.keys()) this.#drop(key)
    await Promise.all(this.#closing)
  }

  #query(): void {
    for (const socket of this.#sockets.values()) socket.query()
  }

  #rescan(): void {
    const present = new Map(this.#interfaces().map((lan) => [interfaceKey(lan), lan]))
    for (const [key, socket] of this.#sockets) {
      // A socket that failed is made anew: what it was bound to may have come back as another thing.
      if (socket.failed || !present.has(key)) this.#drop(key)
    }
    for (const [key, lan] of present) {
      const socket = this.#sockets.get(key)
      if (socket === undefined) this.#sockets.set(key, this.#open(lan))
      else socket.update(lan)
    }
  }

  #open(lan: LanInterface): LanSocket {
    return new LanSocket({
      lan,
      port: this.#init.port ?? MDNS_PORT,
      clock: this.#init.clock,
      owner: this.#owner,
      onError: (error) => this.#reports.report(error),
    })
  }

  #drop(key: string): void {
    const closing = this.#sockets.get(key)?.close()
    this.#sockets.delete(key)
    if (closing === undefined) return
    this.#closing.add(closing)
    void closing.finally(() => this.#closing.delete(closing))
  }

  #interfaces(): readonly LanInterface[] {
    const list = this.#init.interfaces ?? (() => networkInterfaces())
    try {
      const all = lanInterfaces(list())
      if (all.length > INTERFACES_MAX) {
        const message = `LAN discovery uses ${INTERFACES_MAX} of ${all.length} interfaces`
        this.#reports.report(new LanDiscoveryError('lan-interfaces-many', message))
      }
      return all.slice(0, INTERFACES_MAX)
    } catch (cause) {
      const message = 'the network interfaces cannot be listed'
      this.#reports.report(new LanDiscoveryError('lan-interfaces-unreadable', message, { cause }))
      return []
    }
  }
}
