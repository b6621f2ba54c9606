import { canonicalJson, type JsonObject } from '@warren/core'
import {
  type RecordSet,
  RecordSync,
  type SyncEffect,
  type SyncLimits,
  type WitnessDuty,
} from '@warren/membership'
import { suite, utf8, utf8Text } from './builders.ts'

/** Limits of a node, and what it has to say where it is a witness. */
interface NodeShape extends Partial<SyncLimits> {
  readonly duty?: WitnessDuty
}

/** A node as far as its records are concerned: whatever is to be stored is stored at once, unless its disk is full. */
export class SyncNode {
  readonly name: string
  readonly sync: RecordSync
  readonly settled: string[] = []
  readonly cuts: string[] = []
  readonly changed: (readonly string[] | 'all')[] = []
  readonly notes: SyncEffect[] = []
  /** Every effect by its type, in order. */
  readonly steps: SyncEffect['type'][] = []
  isDiskFull = false
  sentBytes = 0
  sentMessages = 0
  largestMessage = 0
  wakeAtMs: number | undefined

  constructor(name: string, set: RecordSet, { duty, ...limits }: NodeShape = {}) {
    this.name = name
    // No witness answers here, and so none is waited for.
    this.sync = new RecordSync({
      set,
      random: suite,
      nowMs: 0,
      duty,
      limits: { bootPatienceMs: 0, ...limits },
    })
  }

  get set(): RecordSet {
    return this.sync.set
  }
}

/** A neighbour that says what the test says, and nothing of its own accord. */
export class Impostor {
  readonly name: string
  readonly heard: JsonObject[] = []

  constructor(name: string) {
    this.name = name
  }

  /** What it has been told last, of one type. */
  last(type: string): JsonObject | undefined {
    return this.heard.findLast((message) => message['type'] === type)
  }

  /** How often it was told something of one type. */
  count(type: string): number {
    return this.heard.filter((message) => message['type'] === type).length
  }
}

type End = SyncNode | Impostor

/** Some nodes and the wires between them: what is sent is delivered in order, until nothing is left. */
export class SyncLab {
  readonly #wires = new Map<string, readonly [End, End]>()
  #queue: { to: End; link: string; bytes: Uint8Array }[] = []
  nowMs = 0

  connect(left: SyncNode, right: End): string {
    const link = `${left.name}-${right.name}`
    this.#wires.set(link, [left, right])
    this.do(left, left.sync.handle({ type: 'connected', link, did: right.name }, this.nowMs))
    if (right instanceof SyncNode) {
      this.do(right, right.sync.handle({ type: 'connected', link, did: left.name }, this.nowMs))
    }
    return link
  }

  /** A node with an impostor for a neighbour. */
  static against(set: RecordSet, limits: Partial<SyncLimits> = {}): Siege {
    const [lab, node, impostor] = [
      new SyncLab(),
      new SyncNode('node', set, limits),
      new Impostor('impostor'),
    ]
    const link = lab.connect(node, impostor)
    lab.settle()
    const tell = (message: JsonObject | Uint8Array): void => {
      const bytes = message instanceof Uint8Array ? message : utf8(canonicalJson(message))
      lab.do(node, node.sync.handle({ type: 'message', link, bytes }, lab.nowMs))
      lab.settle()
    }
    return { lab, node, impostor, link, tell }
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
      this.#deliver(next)
    }
  }

  /** Delivers in another order, the order on each link being kept, and some of it twice where links allow that: gossip. */
  settleShuffled(pick: (below: number) => number): void {
    while (this.#queue.length > 0) {
      const links = [...new Set(this.#queue.map(({ link, to }) => `${link} ${to.name}`))]
      const chosen = links[pick(links.length)]
      const at = this.#queue.findIndex(({ link, to }) => `${link} ${to.name}` === chosen)
      const [next] = this.#queue.splice(at, 1)
      if (next !== undefined) this.#deliver(next)
    }
  }

  /** Loses whatever is on the wires, and the connections with it. */
  breakAll(): void {
    this.#queue = []
    for (const link of this.#wires.keys()) this.#cut(link)
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

  /** Does what a node says; what it stores is durable, or is not, when everything else has been done. */
  do(node: SyncNode, effects: readonly SyncEffect[]): void {
    const type = node.isDiskFull ? 'store-failed' : 'stored'
    this.#do(node, effects)
    for (const effect of effects) {
      if (effect.type !== 'store') continue
      this.do(node, node.sync.handle({ type, batch: effect.batch }, this.nowMs))
    }
  }

  #do(node: SyncNode, effects: readonly SyncEffect[]): void {
    for (const effect of effects) {
      node.steps.push(effect.type)
      if (effect.type === 'send') {
        this.#send(node, effect.link, effect.bytes)
      } else if (effect.type === 'cut') {
        node.cuts.push(effect.code)
        this.#cut(effect.link)
      } else if (effect.type !== 'store') {
        note(node, effect)
      }
    }
  }

  #deliver({ to, link, bytes }: { to: End; link: string; bytes: Uint8Array }): void {
    if (to instanceof SyncNode) {
      this.do(to, to.sync.handle({ type: 'message', link, bytes }, this.nowMs))
    } else {
      to.heard.push(JSON.parse(utf8Text(bytes)) as JsonObject)
    }
  }

  #send(from: SyncNode, link: string, bytes: Uint8Array): void {
    const ends = this.#wires.get(link)
    if (ends === undefined) return
    from.sentBytes += bytes.length
    from.sentMessages += 1
    from.largestMessage = Math.max(from.largestMessage, bytes.length)
    this.#queue.push({ to: ends[0] === from ? ends[1] : ends[0], link, bytes })
  }

  #cut(link: string): void {
    const ends = this.#wires.get(link) ?? []
    this.#wires.delete(link)
    for (const node of ends) {
      if (node instanceof SyncNode) {
        this.do(node, node.sync.handle({ type: 'disconnected', link }, this.nowMs))
      }
    }
  }
}

/** A node under attack by one neighbour. */
export interface Siege {
  readonly lab: SyncLab
  readonly node: SyncNode
  readonly impostor: Impostor
  readonly link: string
  readonly tell: (message: JsonObject | Uint8Array) => void
}

function note(node: SyncNode, effect: SyncEffect): void {
  if (effect.type === 'settle') node.settled.push(effect.link)
  else if (effect.type === 'changed') node.changed.push(effect.dids)
  else if (effect.type === 'wake') node.wakeAtMs = effect.atMs
  else node.notes.push(effect)
}
