import { type ActorEffect, type ActorEvent, type ActorTime } from './actor.ts'
import { type SeededRandom } from './seeded-random.ts'

/** What a hostile node does instead of what its actor wants. */
export interface Behaviour<Durable, Command> {
  react(
    event: ActorEvent<Command>,
    effects: readonly ActorEffect<Durable>[],
    now: ActorTime,
  ): readonly ActorEffect<Durable>[]
  /** Whether the gossip of others is passed on; it is, where nothing is said. */
  relays?(bytes: Uint8Array): boolean
}

/** Makes the behaviour for one life of a node. */
export type CreateBehaviour<Durable, Command> = (
  random: SeededRandom,
) => Behaviour<Durable, Command>

/** Hears everything, keeps its links and says nothing. */
export function silent<Durable, Command>(): CreateBehaviour<Durable, Command> {
  return hiding(() => true)
}

/** Says nothing that matches, and passes nothing on that matches. */
export function hiding<Durable, Command>(
  matches: (bytes: Uint8Array) => boolean,
): CreateBehaviour<Durable, Command> {
  return () => ({
    react: (_event, effects) =>
      effects.filter((effect) => !('bytes' in effect && matches(effect.bytes))),
    relays: (bytes) => !matches(bytes),
  })
}

/** Says everything twice. */
export function duplicating<Durable, Command>(): CreateBehaviour<Durable, Command> {
  return () => ({
    react: (_event, effects) =>
      effects.flatMap((effect): readonly ActorEffect<Durable>[] =>
        'bytes' in effect ? [effect, effect] : [effect],
      ),
  })
}

const REPLAYED_MAX = 256

/** After what it hears it sometimes says, to anybody, something that it once heard or said. */
export function replaying<Durable, Command>(probability = 0.5): CreateBehaviour<Durable, Command> {
  return (random) => {
    const links = new Set<string>()
    const heard: Uint8Array[] = []
    const remember = (bytes: Uint8Array): void => {
      if (heard.length < REPLAYED_MAX) heard.push(bytes)
      else heard[random.below(REPLAYED_MAX)] = bytes
    }
    return {
      react: (event, effects) => {
        if (event.type === 'connected') links.add(event.link)
        if (event.type === 'disconnected') links.delete(event.link)
        if ('bytes' in event) remember(event.bytes)
        for (const effect of effects) if ('bytes' in effect) remember(effect.bytes)
        const link = random.pick([...links])
        const bytes = random.pick(heard)
        if (link === undefined || bytes === undefined || !('bytes' in event)) return effects
        return random.chance(probability) ? [...effects, { type: 'send', link, bytes }] : effects
      },
    }
  }
}
