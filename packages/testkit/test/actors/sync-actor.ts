import type { Actor, ActorEffect, ActorEvent, ActorTime, Life } from '@warren/testkit'
import { bytesOf, type Publish, textOf } from './flood-actor.ts'

type Effects = readonly ActorEffect<string>[]

/** How carefully an actor treats its disk. */
export interface SyncOptions {
  /** Passes on, and acknowledges with a note, only what is durable. */
  readonly careful: boolean
  readonly periodMs: number
}

/** Words that are stored, pushed when they are durable, and compared with a random peer every few seconds. */
export class SyncActor implements Actor<string, Publish> {
  readonly known: Set<string>
  /** Words that were promised to be kept for ever. */
  readonly acknowledged: Set<string>
  readonly #life: Life<string>
  readonly #options: SyncOptions
  readonly #links = new Set<string>()
  readonly #waiting = new Map<number, readonly string[]>()
  #batches = 0

  constructor(life: Life<string>, options: SyncOptions) {
    this.#life = life
    this.#options = options
    this.known = new Set(life.durable)
    this.acknowledged = new Set(life.durable)
  }

  handle(event: ActorEvent<Publish>, now: ActorTime): Effects {
    switch (event.type) {
      case 'connected':
        this.#links.add(event.link)
        return [{ type: 'settle', link: event.link }, ...this.#tell(event.link)]
      case 'disconnected':
        this.#links.delete(event.link)
        return []
      case 'message':
      case 'gossip':
        return this.#learn(textOf(event.bytes).split(' '))
      case 'command':
        return this.#learn(textOf(event.command.bytes).split(' '))
      case 'stored':
        return this.#acknowledge(this.#waiting.get(event.batch) ?? [])
      case 'started':
      case 'wake': {
        const link = this.#life.random.pick([...this.#links])
        const period = this.#options.periodMs * this.#life.random.between(0.5, 1.5)
        const told = link === undefined ? [] : this.#tell(link)
        return [...told, { type: 'wake', atMs: now.monotonicMs + period }]
      }
      default:
        return event satisfies never
    }
  }

  #learn(words: readonly string[]): Effects {
    const fresh = words.filter((word) => word !== '' && !this.known.has(word))
    if (fresh.length === 0) return []
    for (const word of fresh) this.known.add(word)
    this.#batches += 1
    this.#waiting.set(this.#batches, fresh)
    const store = { type: 'store', batch: this.#batches, write: fresh } as const
    return this.#options.careful ? [store] : [store, ...this.#acknowledge(fresh)]
  }

  #acknowledge(words: readonly string[]): Effects {
    const fresh = words.filter((word) => !this.acknowledged.has(word))
    if (fresh.length === 0) return []
    for (const word of fresh) this.acknowledged.add(word)
    const bytes = bytesOf(fresh.join(' '))
    return [
      ...fresh.map((word) => ({ type: 'note', text: `keeps ${word}` }) as const),
      ...[...this.#links].map((link) => ({ type: 'send', link, bytes }) as const),
    ]
  }

  #tell(link: string): Effects {
    if (this.acknowledged.size === 0) return []
    return [{ type: 'send', link, bytes: bytesOf([...this.acknowledged].join(' ')) }]
  }
}
