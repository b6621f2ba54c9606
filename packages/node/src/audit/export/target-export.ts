import type { EntryDraft, Product } from '@warren/audit'
import type { Clock } from '@warren/core'
import type { Report } from '../../node-event.ts'
import type { Delivery, DeliverySession } from './delivery.ts'
import { encodeCopy } from './encode-copy.ts'
import type { ExportCursor } from './export-cursor.ts'
import { ExportHealth } from './export-health.ts'
import type { ExportLimits } from './export-limits.ts'
import type { ExportTarget } from './export-target.ts'
import { type EntrySource, type Gap, type Window, WindowReader } from './window-reader.ts'

/** What copying needs of the audit log. */
export interface ExportedLog extends EntrySource {
  readonly size: number
  append(draft: EntryDraft): Promise<unknown>
}

export interface TargetExportInit {
  readonly target: ExportTarget
  readonly delivery: Delivery
  readonly log: ExportedLog
  readonly openCursor: () => Promise<ExportCursor>
  readonly product: Product
  readonly clock: Clock
  readonly report: Report
  readonly limits: ExportLimits
  /** Waits, in milliseconds; rejects when the signal ends it. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>
}

interface Held {
  readonly window: Window
  readonly sinceMs: number
}

interface HeldGap extends Gap {
  /** Whether the log says it already. */
  readonly isTold: boolean
}

interface Reading {
  readonly cursor: ExportCursor
  readonly reader: WindowReader
}

/**
 * Copies the log to one receiver, in windows: what is not known to have arrived is sent again, and marked.
 *
 * The log is the queue. All that is kept beside it is a position on the disk, moved before a window is sent (so that after a
 * crash everything that may have been sent is marked) and after it has arrived. Where the receiver cannot show that it
 * has written something down, the last window is held back until the next has arrived too.
 */
export class TargetExport {
  readonly #init: TargetExportInit
  readonly #stopping = new AbortController()
  readonly #health: ExportHealth
  #reading: Reading | undefined
  /** Read, and not delivered yet. */
  #current: Window | undefined
  /** Read, and not passed yet: held until the log has said it and the position is behind it. */
  #gap: HeldGap | undefined
  /** Delivered, and sent again if the receiver is in trouble before the next one has arrived. */
  #held: Held | undefined
  /** The last one that was sent again with nothing behind it. */
  #takenBack: Window | undefined
  #delivered = 0
  #session: DeliverySession | undefined
  #running: Promise<void> | undefined

  constructor(init: TargetExportInit) {
    this.#init = init
    this.#health = new ExportHealth(init)
  }

  get target(): ExportTarget {
    return this.#init.target
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Ends what is under way; it is sent again, marked, after the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    this.#session?.close()
  }

  /** How far the receiver has come. */
  status(): ReturnType<ExportHealth['status']> {
    const waiting = this.#current?.entries[0]
    return this.#health.status({ behind: this.#init.log.size - this.#delivered, waiting })
  }

  async #run(): Promise<void> {
    const { idleMs } = this.#init.limits
    const { signal } = this.#stopping
    while (!signal.aborted) {
      let waitMs: number
      try {
        waitMs = (await this.#step(signal)) ? 0 : idleMs
      } catch (error) {
        if (signal.aborted) return
        waitMs = await this.#health.fail(error)
      }
      await this.#init.pause(waitMs, signal).catch(() => {
        // Stopping ends the pause, and the loop with it.
      })
    }
  }

  /** Whether there is more to do at once. */
  async #step(signal: AbortSignal): Promise<boolean> {
    const reading = await this.#read()
    const { cursor, reader } = reading
    if (this.#gap === undefined && this.#current === undefined) {
      const next = await reader.next()
      if (next === undefined) return this.#rest(cursor)
      if ('gap' in next) this.#gap = { ...next, isTold: false }
      else this.#current = next
    }
    if (this.#gap !== undefined) {
      await this.#tellGap(cursor, this.#gap)
      return true
    }
    if (this.#current === undefined) return false
    await this.#deliver(cursor, this.#current, signal)
    const { log, limits } = this.#init
    return reader.hasMore || log.size - this.#delivered >= limits.windowEntriesMax
  }

  async #read(): Promise<Reading> {
    if (this.#reading !== undefined) return this.#reading
    const { log, openCursor, limits } = this.#init
    const cursor = await openCursor()
    const { size } = log
    if (cursor.position.sent > size) await this.#tellShorterLog(cursor, size)
    const { settled } = cursor.position
    const { windowEntriesMax: entriesMax, windowBytesMax: bytesMax } = limits
    this.#delivered = settled
    this.#reading = { cursor, reader: new WindowReader(log, settled, { entriesMax, bytesMax }) }
    return this.#reading
  }

  async #deliver(cursor: ExportCursor, window: Window, signal: AbortSignal): Promise<void> {
    const { delivery, limits } = this.#init
    const bound = AbortSignal.any([signal, AbortSignal.timeout(limits.windowMs)])
    const session = await delivery.open(bound)
    this.#session = session
    try {
      await this.#send({ cursor, window, session, signal: bound })
    } catch (error) {
      session.close()
      throw error
    }
    if (delivery.isDurable) await cursor.move({ settled: window.to, sent: window.to })
    else this.#held = { window, sinceMs: this.#init.clock.monotonicMs() }
    if (this.#takenBack !== window) this.#takenBack = undefined
    this.#current = undefined
    this.#delivered = window.to
    this.#health.succeed()
  }

  async #send(input: {
    readonly cursor: ExportCursor
    readonly window: Window
    readonly session: DeliverySession
    readonly signal: AbortSignal
  }): Promise<void> {
    const { cursor, window, session, signal } = input
    const { isFailing } = this.#health
    const again = isFailing ? (this.#held?.window.entries ?? []) : []
    const { settled, sent } = cursor.position
    // While nothing is wrong the window before the last counts once this one is under way.
    const from = isFailing ? settled : (this.#held?.window.from ?? settled)
    await cursor.move({ settled: from, sent: Math.max(sent, window.to) })
    await session.deliver(this.#messages([...again, ...window.entries], sent), signal)
  }

  *#messages(entries: Window['entries'], sent: number): Generator<Uint8Array> {
    for (const entry of entries) yield encodeCopy(this.#init, entry, entry.seq < sent)
  }

  /** With nothing to send: settles what has arrived, or sends it again where its receiver was lost since. */
  async #rest(cursor: ExportCursor): Promise<boolean> {
    if (this.#held === undefined) return false
    const { window, sinceMs } = this.#held
    if (this.#session?.failure !== undefined) {
      // Twice in a row it would go to a receiver that ends each connection that is idle, without end. It stays unsettled,
      // and goes once more with the next window.
      if (this.#takenBack === window) return false
      this.#takenBack = window
      this.#held = undefined
      this.#current = window
      this.#delivered = window.from
      return true
    }
    if (this.#init.clock.monotonicMs() - sinceMs < this.#init.limits.settleMs) return false
    await cursor.move({ ...cursor.position, settled: this.#delivered })
    this.#held = undefined
    return false
  }

  /** The log says first what the receiver will never have. What came before is held on, and is not settled by it. */
  async #tellGap(cursor: ExportCursor, { gap, isTold }: HeldGap): Promise<void> {
    if (!isTold) {
      await this.#init.log.append({ kind: 'export', target: this.target.name, gap })
      this.#gap = { gap, isTold: true }
    }
    const [, to] = gap
    const settled = this.#held?.window.from ?? to
    await cursor.move({ settled, sent: Math.max(cursor.position.sent, to) })
    this.#gap = undefined
    this.#delivered = to
  }

  /** A log never shrinks: somebody has put an older copy in its place, and the receiver has what is gone. */
  async #tellShorterLog(cursor: ExportCursor, size: number): Promise<void> {
    const { sent } = cursor.position
    await this.#init.log.append({
      kind: 'alert',
      code: 'export-ahead',
      severity: 'error',
      about: this.target.name,
      sentence: `the receiver was sent entries up to ${sent - 1}, and the log has ${size}: it was cut back or replaced; compare it with what the receiver has`,
    })
    await cursor.move({ settled: Math.min(cursor.position.settled, size), sent: size })
  }
}
