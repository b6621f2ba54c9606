import type { Actor, ActorEffect, ActorEvent, ActorTime, Life } from '@warren/testkit'

/** What a node is told to make known. */
export interface Publish {
  readonly bytes: Uint8Array
}

export type Way = 'links' | 'gossip' | 'both'

/** Passes what is new to it on to all its links, or to gossip, and remembers nothing over a crash. */
export class FloodActor implements Actor<never, Publish> {
  readonly known = new Set<string>()
  readonly #way: Way
  readonly #links = new Set<string>()

  constructor(_life: Life<never>, way: Way = 'links') {
    this.#way = way
  }

  handle(event: ActorEvent<Publish>, _now: ActorTime): readonly ActorEffect<never>[] {
    switch (event.type) {
      case 'connected':
        this.#links.add(event.link)
        return [{ type: 'settle', link: event.link }]
      case 'disconnected':
        this.#links.delete(event.link)
        return []
      case 'message':
        return this.#learn(event.bytes, event.link)
      case 'gossip':
        return this.#learn(event.bytes, undefined)
      case 'command':
        return this.#publish(event.command.bytes)
      case 'started':
      case 'stored':
      case 'wake':
        return []
      default:
        return event satisfies never
    }
  }

  #publish(bytes: Uint8Array): readonly ActorEffect<never>[] {
    const effects = this.#learn(bytes, undefined)
    return this.#way === 'links' ? effects : [...effects, { type: 'gossip', bytes }]
  }

  #learn(bytes: Uint8Array, from: string | undefined): readonly ActorEffect<never>[] {
    const text = textOf(bytes)
    if (this.known.has(text)) return []
    this.known.add(text)
    const links = this.#way === 'gossip' ? [] : [...this.#links]
    return [
      { type: 'note', text: `learnt ${text}` },
      ...links
        .filter((link) => link !== from)
        .map((link) => ({ type: 'send', link, bytes }) as const),
    ]
  }
}

const decoder = new TextDecoder()
const encoder = new TextEncoder()

export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text)
}
