import type { Actor, ActorEffect, ActorEvent, ActorTime, Life } from '@warren/testkit'

/** What a probe saw. */
export interface Sight {
  readonly node: number
  readonly boot: number
  readonly event: ActorEvent<string>
  readonly now: ActorTime
}

/** What a probe does about an event. */
export type React = (
  event: ActorEvent<string>,
  life: Life<string>,
  now: ActorTime,
) => readonly ActorEffect<string>[]

/** Writes down all that happens, and does what the test wants. */
export class ProbeActor implements Actor<string, string> {
  readonly #life: Life<string>
  readonly #sights: Sight[]
  readonly #react: React

  constructor(life: Life<string>, sights: Sight[], react: React) {
    this.#life = life
    this.#sights = sights
    this.#react = react
  }

  handle(event: ActorEvent<string>, now: ActorTime): readonly ActorEffect<string>[] {
    this.#sights.push({ node: this.#life.node, boot: this.#life.boot, event, now })
    return this.#react(event, this.#life, now)
  }
}
