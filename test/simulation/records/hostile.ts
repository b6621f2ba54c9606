import {
  type CreateBehaviour,
  duplicating,
  hiding,
  replaying,
  type SeededRandom,
  silent,
} from '@warren/testkit'
import { type Cast } from './cast.ts'
import { type KeptRecord, type Submit } from './record-actor.ts'
import { type Listener } from './spoken.ts'

export type HostileBehaviour = CreateBehaviour<KeptRecord, Submit>

/** Hears, answers when it is asked, and passes nothing on. */
export function idle(listener: Listener): HostileBehaviour {
  return hiding((bytes) => listener.spoken(bytes).isUnasked)
}

/** Says nothing that has to do with one record. */
export function hidingRecord(listener: Listener, id: string): HostileBehaviour {
  return hiding((bytes) => listener.spoken(bytes).ids.includes(id))
}

const PRESENTED = 0.2

/** Shows an old membership to its neighbours again and again. */
export function presenting({ membership }: Cast): HostileBehaviour {
  const message = { answer: 'none', texts: [membership], type: 'records' }
  const bytes = new TextEncoder().encode(JSON.stringify(message))
  return (random) => ({
    react: (event, effects) => {
      const isDue = 'link' in event && event.type !== 'disconnected' && random.chance(PRESENTED)
      return isDue ? [...effects, { type: 'send', link: event.link, bytes }] : effects
    },
  })
}

/** What a share of all nodes does instead of what it should. */
export interface HostileShares {
  /** Nodes that say nothing, or pass nothing on. */
  readonly dropping: number
  /** Nodes that hide the revocation, say everything twice, replay what they heard, or show old memberships. */
  readonly lying: number
}

export interface HostileDraw extends HostileShares {
  readonly nodes: number
  readonly cast: Cast
  readonly listener: Listener
  /** The id of the record that some hide. */
  readonly hidden: string
}

/** Draws who is hostile, and how; node 0 never is. */
export function drawHostile(
  random: SeededRandom,
  { nodes, dropping, lying, cast, listener, hidden }: HostileDraw,
): ReadonlyMap<number, HostileBehaviour> {
  const drops = [silent<KeptRecord, Submit>(), idle(listener)]
  const lies = [
    hidingRecord(listener, hidden),
    duplicating<KeptRecord, Submit>(),
    replaying<KeptRecord, Submit>(),
    presenting(cast),
  ]
  const drawn = random.shuffled(Array.from({ length: nodes - 1 }, (_, index) => index + 1))
  const droppers = Math.round(nodes * dropping)
  const [dropped, lied] = [
    drawn.slice(0, droppers),
    drawn.slice(droppers, droppers + Math.round(nodes * lying)),
  ]
  return new Map([...assign(random, dropped, drops), ...assign(random, lied, lies)])
}

function assign(
  random: SeededRandom,
  nodes: readonly number[],
  behaviours: readonly HostileBehaviour[],
): [number, HostileBehaviour][] {
  return nodes.flatMap((node): [number, HostileBehaviour][] => {
    const behaviour = random.pick(behaviours)
    return behaviour === undefined ? [] : [[node, behaviour]]
  })
}
