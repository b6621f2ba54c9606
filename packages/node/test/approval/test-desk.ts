import type { ApprovalBody } from '@warren/audit'
import { nodeSuite } from '@warren/crypto'
import { StorageError } from '@warren/storage'
import { ApprovalDesk } from '../../src/approval/approval-desk.ts'
import type { ApprovalLimits } from '../../src/approval/approval-limits.ts'
import { VirtualTime } from './virtual-time.ts'

export const WAIT_MS = 300_000
export const LIMITS: ApprovalLimits = { waitMs: WAIT_MS, waitingMax: 6, waitingPerCallerMax: 3 }

/** A desk on a virtual clock, and what it writes down. */
export class TestDesk {
  readonly time = new VirtualTime()
  readonly entries: ApprovalBody[] = []
  isDiskFull = false
  /** Done while an entry is written for which somebody waits. */
  writing: (entry: ApprovalBody) => void = () => {}
  readonly desk: ApprovalDesk

  constructor(limits: Partial<ApprovalLimits> = {}) {
    this.desk = new ApprovalDesk({
      clock: this.time,
      scheduler: this.time,
      random: nodeSuite,
      report: () => {},
      limits: { ...LIMITS, ...limits },
      audit: {
        append: async (entry) => this.#append(entry),
        note: (entry) => this.entries.push(entry),
      },
    })
  }

  get events(): readonly string[] {
    return this.entries.map(({ event }) => event)
  }

  async #append(entry: ApprovalBody): Promise<void> {
    await Promise.resolve()
    if (this.isDiskFull) throw new StorageError('audit-unavailable', 'the disk is full')
    this.entries.push(entry)
    this.writing(entry)
  }
}
