import { type RecordSet, RecordSync, type SyncEffect, type SyncLimits } from '@warren/membership'
import { suite } from './builders.ts'

/** A node as far as its records are concerned: whatever is to be stored is stored at once. */
export class SyncNode {
  readonly name: string
  readonly sync: RecordSync
  readonly settled: string[] = []
  readonly cuts: string[] = []
  readonly changed: (readonly string[] | 'all')[] = []
  readonly notes: SyncEffect[] = []
  sentBytes = 0
  sentMessages = 0
  wakeAtMs: number | undefined

  constructor(name: string, set: RecordSet, limits: Partial<SyncLimits> = {}) {
    this.name = name
    this.sync = new RecordSync({ set, random: suite, nowMs: 0, limits })
  }
}

/** Some nodes and the wires between them: what is sent is delivered in order, until nothing is left. */
export class SyncLab {
  readonly #wires = new Map<string, readonly [SyncNode, SyncNode]>()
  readonly #queue: { to: SyncNode; link: string; bytes: Uint8Array }[] = []
  nowMs = 0

  connect(left: SyncNode, right: SyncNode): string {
    const link = `${left.name}-${right.name}`
    this.#wires.set(link, [left, right])
    this.do(left, left.sync.handle({ type: 'connected', link, did: right.name }, this.nowMs))
    this.do(right, right.sync.handle({ type: 'connected', link, did: left.name }, this.nowMs))
    return link
  }

  submit(node: SyncNode, ...texts: readonly string[]): void {
    this.do(node, node.sync.handle({ type: 'submit', ref: 1, texts }, this.nowMs))
  }

  /** Delivers whatever is on the wires; returns how many messages that were. */
  settle(): number {
    let count = 0
    for (;;) {
      const next = this.#queue.shift()
      if (next === undefined) return count
      count += 1
      const { to, link, bytes } = next
      this.do(to, to.sync.handle({ type: 'message', link, bytes }, this.nowMs))
    }
  }

  /** Lets the clock of all nodes stand later, and wakes who asked for it. */
  pass(ms: number, ...nodes: readonly SyncNode[]): void {
    this.nowMs += ms
    for (const node of nodes) {
      if (node.wakeAtMs === undefined || node.wakeAtMs > this.nowMs) continue
      node.wakeAtMs = undefined
      this.do(node, node.sync.handle({ type: 'wake' }, this.nowMs))
    }
  }

  do(node: SyncNode, effects: readonly SyncEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'send') {
        this.#send(node, effect.link, effect.bytes)
      } else if (effect.type === 'store') {
        this.do(node, node.sync.handle({ type: 'stored', batch: effect.batch }, this.nowMs))
      } else if (effect.type === 'cut') {
        node.cuts.push(effect.code)
        this.#cut(effect.link)
      } else {
        note(node, effect)
      }
    }
  }

  #send(from: SyncNode, link: string, bytes: Uint8Array): void {
    const ends = this.#wires.get(link)
    if (ends === undefined) return
    from.sentBytes += bytes.length
    from.sentMessages += 1
    this.#queue.push({ to: ends[0] === from ? ends[1] : ends[0], link, bytes })
  }

  #cut(link: string): void {
    const ends = this.#wires.get(link) ?? []
    this.#wires.delete(link)
    for (const node of ends) {
      this.do(node, node.sync.handle({ type: 'disconnected', link }, this.nowMs))
    }
  }
}

function note(node: SyncNode, effect: SyncEffect): void {
  if (effect.type === 'settle') node.settled.push(effect.link)
  else if (effect.type === 'changed') node.changed.push(effect.dids)
  else if (effect.type === 'wake') node.wakeAtMs = effect.atMs
  else node.notes.push(effect)
}
