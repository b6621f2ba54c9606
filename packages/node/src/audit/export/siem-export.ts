import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Product } from '@warren/audit'
import type { Clock } from '@warren/core'
import type { Report } from '../../node-event.ts'
import type { Delivery } from './delivery.ts'
import { ExportCursor } from './export-cursor.ts'
import type { ExportStatus } from './export-health.ts'
import { EXPORT_LIMITS, type ExportLimits } from './export-limits.ts'
import type { ExportTarget } from './export-target.ts'
import { FileDelivery } from './file-delivery.ts'
import { RelpDelivery } from './relp-delivery.ts'
import { StreamDelivery } from './stream-delivery.ts'
import { type ExportedLog, TargetExport } from './target-export.ts'

export interface SiemExportInit {
  readonly log: ExportedLog
  /** Where the positions of the receivers lie. */
  readonly directory: string
  readonly product: Product
  readonly clock: Clock
  readonly report: Report
  readonly limits?: Partial<ExportLimits>
}

/** Copies of the audit log, as it grows, to whoever is to have them; never at the expense of the log. */
export class SiemExport {
  readonly #init: SiemExportInit
  readonly #limits: ExportLimits
  #exports: readonly TargetExport[] = []
  #changing: Promise<void> = Promise.resolve()

  constructor(init: SiemExportInit) {
    this.#init = init
    this.#limits = { ...EXPORT_LIMITS, ...init.limits }
  }

  /** Begins with these receivers, or goes on with them, and ends with all others; paths are absolute. */
  async configure(targets: readonly ExportTarget[]): Promise<void> {
    // One change after another, or two could begin the same receiver.
    this.#changing = this.#changing.then(async () => this.#change(targets))
    await this.#changing
  }

  /** How far each receiver has come. */
  status(): readonly ExportStatus[] {
    return this.#exports.map((each) => each.status())
  }

  async stop(): Promise<void> {
    await this.configure([])
  }

  async #change(targets: readonly ExportTarget[]): Promise<void> {
    const staying = this.#exports.filter(({ target }) =>
      targets.some((wanted) => isDeepStrictEqual(wanted, target)),
    )
    const leaving = this.#exports.filter((each) => !staying.includes(each))
    this.#exports = staying
    await Promise.all(leaving.map(async (each) => each.stop()))
    const begun = targets
      .filter((wanted) => !staying.some(({ target }) => target.name === wanted.name))
      .map((target) => this.#create(target))
    this.#exports = [...staying, ...begun]
    for (const each of begun) each.start()
  }

  #create(target: ExportTarget): TargetExport {
    const { log, directory, product, clock, report } = this.#init
    return new TargetExport({
      target,
      delivery: deliveryOf(target, this.#limits),
      log,
      openCursor: async () => ExportCursor.open(join(directory, `${target.name}.json`), log.size),
      product,
      clock,
      report,
      limits: this.#limits,
      pause: async (ms, signal) => pause(ms, undefined, { signal }),
    })
  }
}

function deliveryOf(target: ExportTarget, { quietMs }: ExportLimits): Delivery {
  if (target.transport === 'file') return new FileDelivery(target.path)
  if (target.transport === 'relp' || target.transport === 'relp-tls') {
    return new RelpDelivery(target)
  }
  return new StreamDelivery(target, quietMs)
}
