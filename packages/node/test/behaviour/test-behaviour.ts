import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AlertBody } from '@warren/audit'
import type { Clock } from '@warren/core'
import { CALLS_MAX } from '@warren/policy'
import { openStore, type StoredCall } from '@warren/storage'
import { onTestFinished } from 'vitest'
import { BehaviourDesk } from '../../src/behaviour/behaviour-desk.ts'
import { VirtualTime } from '../approval/virtual-time.ts'

export const SELF = 'did:webvh:self'

interface Surroundings {
  /** The clock where it is not that of the timers. */
  readonly clock?: Clock
  /** Who cleans up after it. */
  readonly atEnd?: (clean: () => void) => void
}

/** A desk over a real store, on a virtual clock, and what it does. */
export class TestBehaviour {
  readonly alerts: Omit<AlertBody, 'kind'>[] = []
  /** Whose sessions were ended, and of which server. */
  readonly ended: (readonly [string, string | undefined])[] = []
  readonly path: string
  readonly clock: Clock
  readonly time: VirtualTime
  store: ReturnType<typeof openStore>
  desk: BehaviourDesk

  constructor(
    time: VirtualTime = new VirtualTime(),
    { clock = time, atEnd = onTestFinished }: Surroundings = {},
  ) {
    this.time = time
    this.clock = clock
    const directory = mkdtempSync(join(tmpdir(), 'warren-behaviour-'))
    this.path = join(directory, 'warren.db')
    this.store = openStore(this.path)
    this.desk = this.#open()
    atEnd(() => {
      this.desk.stop()
      this.store.close()
      rmSync(directory, { recursive: true })
    })
  }

  /** The node ends and starts again on the same store. */
  restart(): void {
    const { rules } = this.desk
    this.desk.stop()
    this.store.close()
    this.store = openStore(this.path)
    this.desk = this.#open()
    this.desk.configure(rules)
  }

  /** The calls that lie in the store. */
  stored(): readonly StoredCall[] {
    const calls: StoredCall[] = []
    this.store.callerCalls.newest(CALLS_MAX, (call) => calls.push(call))
    return calls
  }

  #open(): BehaviourDesk {
    return new BehaviourDesk({
      store: this.store.callerCalls,
      clock: this.clock,
      scheduler: this.time,
      report: () => {},
      alert: (alert) => this.alerts.push(alert),
      end: (did, server) => {
        this.ended.push([did, server])
        return Promise.resolve()
      },
      self: SELF,
    })
  }
}
