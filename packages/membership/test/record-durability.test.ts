import {
  type RecordSet,
  RecordSync,
  standingOf,
  type SyncEffect,
  type SyncEvent,
} from '@warren/membership'
import { expect, test } from 'vitest'
import { NOW_MS, suite } from './builders.ts'
import { grant, person, quarantine, revoked, witnessedMesh } from './record-builders.ts'

const LINK = 'a-b'

/** One node with one neighbour, whose disk answers when the test says so. */
class SlowDisk {
  readonly sync: RecordSync
  readonly batches: number[] = []

  constructor(set: RecordSet) {
    this.sync = new RecordSync({ set, random: suite, nowMs: 0 })
    this.do({ type: 'connected', link: LINK, did: 'b' })
  }

  do(event: SyncEvent): readonly SyncEffect[] {
    const effects = this.sync.handle(event, 0)
    for (const effect of effects) if (effect.type === 'store') this.batches.push(effect.batch)
    return effects
  }

  submit(text: string): number {
    this.do({ type: 'submit', ref: 1, texts: [text] })
    return this.batches.at(-1) ?? 0
  }

  /** The removals that the neighbour is shown, and what it gets when it wants all of them. */
  shown(ids: readonly string[]): { readonly count: number; readonly texts: readonly string[] } {
    const heads = this.#ask({ type: 'heads', heads: this.#nothing(), reply: true })
    const { texts } = this.#ask({ type: 'want', ids, bare: false })
    return { count: heads.heads.removal.count, texts }
  }

  #nothing(): object {
    const { root, count } = this.sync.set.trie('removal')
    const head = { root, count }
    return { checkpoint: head, removal: head, grant: head }
  }

  #ask(message: object): { heads: { removal: { count: number } }; texts: string[] } {
    const bytes = new TextEncoder().encode(JSON.stringify(message))
    const answer = this.do({ type: 'message', link: LINK, bytes }).find(
      (effect) => effect.type === 'send',
    )
    return JSON.parse(new TextDecoder().decode(answer?.bytes))
  }
}

test(
  'a removal is in force at once, and no neighbour is shown it before it is durable',
  {
    tags: ['SYN-3'],
  },
  () => {
    const mesh = witnessedMesh()
    const node = new SlowDisk(mesh.empty)
    const text = revoked(mesh, person(0))
    node.do({ type: 'submit', ref: 1, texts: [text] })
    const ids = node.sync.set.trie('removal').idsBelow('')
    expect(ids).toHaveLength(1)
    expect(standingOf(node.sync.set, person(0).did, NOW_MS).status).toBe('revoked')
    expect(node.shown(ids)).toEqual({ count: 0, texts: [] })

    node.do({ type: 'stored', batch: node.batches[0] ?? 0 })
    expect(node.shown(ids)).toEqual({ count: 1, texts: [text] })
  },
)

test(
  'a removal is shown although something before it cannot be written',
  { tags: ['SYN-3'] },
  () => {
    const mesh = witnessedMesh()
    const node = new SlowDisk(mesh.empty)
    const [first, second] = [revoked(mesh, person(0)), quarantine(mesh, person(1))]
    node.do({ type: 'submit', ref: 1, texts: [first] })
    node.do({ type: 'submit', ref: 2, texts: [second] })
    const [failing = 0, written = 0] = node.batches
    node.do({ type: 'store-failed', batch: failing })
    node.do({ type: 'stored', batch: written })
    const ids = node.sync.set.trie('removal').idsBelow('')
    expect(ids).toHaveLength(2)
    expect(node.shown(ids)).toEqual({ count: 1, texts: [second] })
  },
)

test(
  'what gives is passed on when all that came before it is durable too',
  {
    tags: ['SYN-3'],
  },
  () => {
    const mesh = witnessedMesh()
    const node = new SlowDisk(mesh.empty)
    const [first, second, third] = [person(0), person(1), person(2)].map((member) => {
      const { text } = grant(mesh, member)
      return { text, batch: node.submit(text) }
    })
    const passedOn = (batch: number | undefined): readonly string[] =>
      node.do({ type: 'stored', batch: batch ?? 0 }).flatMap((effect): readonly string[] => {
        if (effect.type !== 'send') return []
        const { texts } = JSON.parse(new TextDecoder().decode(effect.bytes))
        return texts
      })
    expect(passedOn(second?.batch)).toEqual([])
    expect(passedOn(first?.batch)).toEqual([second?.text, first?.text])
    expect(passedOn(third?.batch)).toEqual([third?.text])
  },
)
