import type { Did } from '@warren/identity'
import { type Beacon, Freshness, type FreshnessState } from '@warren/membership'
import { beacon, HIDDEN, LIMITS, nonce, panel, ROOT, W1, W2, W3 } from './freshness-builders.ts'
import { NOW_MS } from '../builders.ts'

const BEFORE_MS = 600_000
const { beaconMs } = LIMITS

/** A message of a witness on its way: made at one time, and let through at these. */
export interface Passage {
  readonly kind: 'beacon' | 'answer'
  readonly madeMs: number
}

/** Two honest witnesses, a third that may be hostile, and somebody who carries every message. */
export interface Eclipse {
  /** When the revocation is made that the node never gets to know, after its boot. */
  readonly revokedMs: number
  readonly untilMs: number
  /** How far the clocks of the honest are ahead of true time. */
  readonly offsetsMs: readonly [number, number]
  /** How far the hostile one says that it is ahead; absent where nobody is hostile. */
  readonly lieMs?: number
  /** How long a challenge is on its way. */
  challengeMs(): number
  /** When a message is let through; never, once, or several times. */
  passes(passage: Passage): readonly number[]
}

interface Arrival {
  readonly atMs: number
  arrive(freshness: Freshness, nowMs: number): Freshness
}

/** What a node under eclipse says of itself, second after second. Its clock is the true time; it boots at 0. */
export function underEclipse(
  eclipse: Eclipse,
  see: (atMs: number, state: FreshnessState) => void,
): void {
  const queue: Arrival[] = [...honestBeacons(eclipse), ...hostileBeacons(eclipse)]
  queue.sort(byTime)
  let freshness = Freshness.boot({ panel: panel(), bounds: [], nowMs: 0 })
  let nonces = 0
  for (let atMs = 0; atMs <= eclipse.untilMs; atMs += 1_000) {
    if (freshness.challengeDueMs(atMs) <= atMs) {
      nonces += 1
      const text = nonce(nonces % 251)
      freshness = freshness.openNonce(text, atMs)
      queue.push(...answers(eclipse, text, atMs))
      queue.sort(byTime)
    }
    while (queue[0] !== undefined && queue[0].atMs <= atMs) {
      const [next] = queue.splice(0, 1)
      freshness = next!.arrive(freshness, atMs)
    }
    see(atMs, freshness.judge(atMs).state)
  }
}

function byTime(left: Arrival, right: Arrival): number {
  return left.atMs - right.atMs
}

/** The beacon that an honest witness has newest at a time. */
function honest(eclipse: Eclipse, witness: Did, atMs: number): Beacon {
  const { revokedMs } = eclipse
  const turn = Math.floor((atMs + BEFORE_MS) / beaconMs)
  const madeMs = turn * beaconMs - BEFORE_MS
  // One more, at once, when the revocation comes.
  const isNewer = atMs >= revokedMs && madeMs < revokedMs
  const saidMs = isNewer ? revokedMs : madeMs
  const timeMs = Math.floor((saidMs + offsetOf(eclipse, witness)) / 1_000) * 1_000
  const seq = turn * 2 + (isNewer ? 2 : 1)
  return beacon(witness, seq, { at: timeMs, root: atMs >= revokedMs ? HIDDEN : ROOT })
}

function offsetOf({ offsetsMs, lieMs = 0 }: Eclipse, witness: Did): number {
  if (witness === W3) return lieMs
  return witness === W1 ? offsetsMs[0] : offsetsMs[1]
}

function honestBeacons(eclipse: Eclipse): readonly Arrival[] {
  const times = [eclipse.revokedMs]
  for (let at = -BEFORE_MS; at <= eclipse.untilMs; at += beaconMs) times.push(at)
  return [W1, W2].flatMap((witness) =>
    times.flatMap((madeMs) => {
      const said = honest(eclipse, witness, madeMs)
      return eclipse
        .passes({ kind: 'beacon', madeMs })
        .map((atMs) => ({ atMs, arrive: heard(said) }))
    }),
  )
}

/** It says what it likes, and that nothing was revoked. */
function hostileBeacons({ lieMs, untilMs }: Eclipse): readonly Arrival[] {
  if (lieMs === undefined) return []
  return Array.from({ length: untilMs / 10_000 }, (_, turn) => ({
    atMs: turn * 10_000,
    arrive: heard(beacon(W3, turn + 1, { at: turn * 10_000 + lieMs })),
  }))
}

function heard(said: Beacon): Arrival['arrive'] {
  return (freshness, nowMs) => freshness.observeBeacon(said, nowMs).freshness
}

function answers(eclipse: Eclipse, text: string, sentMs: number): readonly Arrival[] {
  const witnesses = eclipse.lieMs === undefined ? [W1, W2] : [W1, W2, W3]
  return witnesses.flatMap((witness) => {
    const madeMs = witness === W3 ? sentMs : sentMs + eclipse.challengeMs()
    const timeMs = NOW_MS + madeMs + offsetOf(eclipse, witness)
    const said =
      witness === W3
        ? beacon(W3, sentMs / 10_000 + 1, { at: sentMs + (eclipse.lieMs ?? 0) })
        : honest(eclipse, witness, madeMs)
    const response = { nonce: text, witness, timeMs, beacon: said }
    const times = witness === W3 ? [madeMs] : eclipse.passes({ kind: 'answer', madeMs })
    return times.map((atMs) => ({
      atMs,
      arrive: (freshness: Freshness, nowMs: number) =>
        freshness.observeResponse(response, nowMs).freshness,
    }))
  })
}
