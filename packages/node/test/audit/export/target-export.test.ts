import { join } from 'node:path'
import { type EntryDraft, decodeEntry } from '@warren/audit'
import { type AuditStore, StorageError } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { ExportCursor, type ExportPosition } from '../../../src/audit/export/export-cursor.ts'
import { ExportError } from '../../../src/audit/export/export-error.ts'
import { EXPORT_LIMITS } from '../../../src/audit/export/export-limits.ts'
import type { Delivery, DeliverySession } from '../../../src/audit/export/delivery.ts'
import { TargetExport } from '../../../src/audit/export/target-export.ts'
import { auditDirectory, entriesOf, openTestLog } from '../test-log.ts'

const { idleMs, settleMs } = EXPORT_LIMITS
/** Pauses after which every loop here has done what it will do. */
const STEPS = 40

/** Time that passes when the export waits, and a test lets it go on. */
class HandTime {
  nowMs = 0
  #waitMs = 0
  #waits = Promise.withResolvers<void>()
  #go = Promise.withResolvers<void>()

  readonly pause = async (ms: number, signal: AbortSignal): Promise<void> => {
    this.#go = Promise.withResolvers()
    signal.addEventListener('abort', () => this.#go.resolve())
    this.#waitMs = ms
    this.#waits.resolve()
    await this.#go.promise
  }

  /** Waits until the export waits. */
  async reached(): Promise<void> {
    await this.#waits.promise
  }

  /** Lets the pass time for which the export waits, again and again; resolves when it waits once more. */
  async pass(steps: number = STEPS): Promise<void> {
    for (let step = 0; step < steps; step += 1) {
      await this.reached()
      this.#waits = Promise.withResolvers()
      this.nowMs += this.#waitMs
      this.#go.resolve()
    }
    await this.reached()
  }
}

/** A receiver that keeps its connection, acknowledges all, and can be killed with what it has not written down. */
class Receiver implements Delivery {
  readonly isDurable: boolean
  /** What has arrived, by place; `again` stands behind what was marked. */
  readonly got: string[] = []
  #failure: Error | undefined
  #session: DeliverySession | undefined

  constructor(isDurable: boolean) {
    this.isDurable = isDurable
  }

  async open(): Promise<DeliverySession> {
    if (this.#failure !== undefined) {
      const failure = this.#failure
      this.#failure = undefined
      this.#session = undefined
      throw failure
    }
    this.#session ??= this.#makeSession()
    return this.#session
  }

  die(): void {
    this.#failure = new ExportError('receiver-closed', 'killed')
    this.got.length = 0
  }

  #makeSession(): DeliverySession {
    const failure = (): Error | undefined => this.#failure
    return {
      get failure() {
        return failure()
      },
      deliver: async (messages) => {
        for (const message of messages) {
          const line = Buffer.from(message).toString('utf8').trimEnd()
          const again = line.includes('"resent":true') ? ' again' : ''
          const plain = Buffer.from(line.replace(',"resent":true', ''))
          this.got.push(`${decodeEntry(plain).seq}${again}`)
        }
      },
      close: () => {
        // It goes with the test.
      },
    }
  }
}

interface Exporting {
  readonly store: AuditStore
  readonly receiver: Receiver
  readonly time: HandTime
  readonly position: () => Promise<ExportPosition>
  readonly troubles: string[]
}

interface Wish {
  readonly isDurable: boolean
  /** How often the log refuses an `export` entry before it takes one. */
  readonly refusals?: number
  /** How often the position cannot be moved once it would pass a gap. */
  readonly stuck?: number
}

/** Copies a real log of three entries; where `refusals` is given each is a segment, and the first two were erased. */
async function exporting(wish: Wish): Promise<Exporting> {
  const directory = auditDirectory()
  const store = await openTestLog(directory, ...(wish.refusals === undefined ? [] : [1]))
  for (const sentence of ['a', 'b', 'c']) await store.append(alert(sentence))
  if (wish.refusals !== undefined) {
    for (const segment of [0, 1]) await store.erase({ segment, what: 'entries' })
  }
  const time = new HandTime()
  const receiver = new Receiver(wish.isDurable)
  const troubles: string[] = []
  const path = join(directory, 'export', 'siem.json')
  const each = new TargetExport({
    target: { name: 'siem', format: 'jsonl', transport: 'file', path: '/unused' },
    delivery: receiver,
    log: refusing(store, wish.refusals ?? 0),
    openCursor: async () => stuckCursor(await ExportCursor.open(path, store.size), wish.stuck ?? 0),
    product: { version: '1' },
    clock: { wallMs: () => 0, monotonicMs: () => time.nowMs },
    report: (event) => troubles.push(event.event),
    limits: EXPORT_LIMITS,
    pause: time.pause,
  })
  onTestFinished(async () => each.stop())
  each.start()
  await time.reached()
  const position = async (): Promise<ExportPosition> =>
    (await ExportCursor.open(path, store.size)).position
  return { store, receiver, time, position, troubles }
}

function alert(sentence: string): EntryDraft {
  return { kind: 'alert', code: 'test', severity: 'info', sentence }
}

/** A log whose disk is full for a while. */
function refusing(
  store: AuditStore,
  refusals: number,
): Pick<AuditStore, 'size' | 'slices' | 'append'> {
  let left = refusals
  return {
    get size() {
      return store.size
    },
    slices: (from) => store.slices(from),
    append: async (draft) => {
      if (draft.kind === 'export' && left > 0) {
        left -= 1
        throw new StorageError('audit-unavailable', 'the disk is full')
      }
      return store.append(draft)
    },
  }
}

/** A position that cannot be moved past a gap so often. */
function stuckCursor(cursor: ExportCursor, stuck: number): ExportCursor {
  let left = stuck
  const move = cursor.move.bind(cursor)
  cursor.move = async (position) => {
    if (position.settled > 0 && left > 0) {
      left -= 1
      throw new StorageError('file-unwritable', 'the disk is full')
    }
    await move(position)
  }
  return cursor
}

async function gapsOf(store: AuditStore): Promise<readonly unknown[]> {
  return (await entriesOf(store)).flatMap((entry) => (entry.kind === 'export' ? [entry.gap] : []))
}

test.for([
  { refusals: 0, stuck: 0 },
  { refusals: 1, stuck: 0 },
  { refusals: 7, stuck: 0 },
  { refusals: 0, stuck: 1 },
  { refusals: 2, stuck: 3 },
])(
  'a gap is told, once, before anything behind it is sent, though the log refused $refusals times and the position $stuck',
  { tags: ['AEX-4', 'AEX-1'] },
  async (wish) => {
    const { store, receiver, time, position } = await exporting({ isDurable: true, ...wish })
    await time.pass()
    expect(await gapsOf(store)).toEqual([[0, 2]])
    const places = Array.from({ length: store.size - 2 }, (_, at) => `${at + 2}`)
    expect(receiver.got).toEqual(places)
    expect(await position()).toEqual({ settled: store.size, sent: store.size })
  },
)

test(
  'while the log takes no entry a gap is not passed, and nothing behind it leaves',
  { tags: ['AEX-4'] },
  async () => {
    const { store, receiver, time, position } = await exporting({
      isDurable: true,
      refusals: Number.MAX_SAFE_INTEGER,
    })
    await time.pass()
    expect(await gapsOf(store)).toEqual([])
    expect(receiver.got).toEqual([])
    expect(await position()).toEqual({ settled: 0, sent: 0 })
  },
)

test.for([
  { name: 'at once', waits: 0, again: true },
  { name: 'a moment before it would count', waits: settleMs / idleMs - 1, again: true },
  { name: 'when it has counted', waits: settleMs / idleMs, again: false },
])(
  'what a receiver that is lost $name had acknowledged comes again, marked: $again',
  { tags: ['AEX-1', 'AEX-2', 'THR-38'] },
  async ({ waits, again }) => {
    const { store, receiver, time, position, troubles } = await exporting({ isDurable: false })
    await time.pass(waits)
    const places = Array.from({ length: store.size }, (_, at) => `${at}`)
    expect(receiver.got).toEqual(places)
    receiver.die()
    await time.pass()
    expect(receiver.got).toEqual(again ? places.map((place) => `${place} again`) : [])
    expect(troubles).toEqual(again ? ['export-failing', 'export-recovered'] : [])
    expect(await position()).toEqual({ settled: store.size, sent: store.size })
  },
)

test(
  'a receiver that ends each connection that is idle has the last window again once, and with the next one',
  { tags: ['AEX-1', 'AEX-2'] },
  async () => {
    const { store, receiver, time, position } = await exporting({ isDurable: false })
    await time.pass(0)
    receiver.die()
    await time.pass(5)
    expect(receiver.got).toEqual(['0 again', '1 again', '2 again'])
    receiver.die()
    await time.pass()
    // It is not settled: of a receiver that died, nobody knows what it has kept.
    expect(receiver.got).toEqual([])
    expect(await position()).toEqual({ settled: 0, sent: store.size })
    await store.append(alert('d'))
    await time.pass(5)
    expect(receiver.got).toEqual(['0 again', '1 again', '2 again', '3'])
    receiver.die()
    await time.pass()
    expect(receiver.got).toEqual(['3 again'])
    expect(await position()).toEqual({ settled: store.size, sent: store.size })
  },
)
