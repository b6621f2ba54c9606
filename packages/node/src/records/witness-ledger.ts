import type { Clock } from '@warren/core'
import {
  type AdminSigner,
  type Beacon,
  decodeBeacon,
  MembershipError,
  type RecordSet,
  WitnessDuty,
  witnessContext,
  type WitnessState,
} from '@warren/membership'
import { StorageError, type Store } from '@warren/storage'
import { z } from 'zod'
import { NodeError } from '../node-error.ts'

const STATE = z.strictObject({
  seq: z.int().min(0),
  timeMs: z.number().min(0),
  checkpoint: z.strictObject({ epoch: z.int().min(1), text: z.string() }).nullable(),
})

export interface DutyWish {
  readonly signer: AdminSigner
  readonly set: RecordSet
  readonly clock: Clock
  /** Whether whoever starts the node has looked at its wall clock and vouches for it. */
  readonly trustClock: boolean
}

/** What a node writes down of freshness: the newest beacons that it has seen, and, as a witness, what it has said. */
export class WitnessLedger {
  readonly #store: Pick<Store, 'beacons' | 'witness' | 'witnessState'>

  constructor(store: Pick<Store, 'beacons' | 'witness' | 'witnessState'>) {
    this.#store = store
  }

  /** The newest beacons that were known when the node last ran, of witnesses that are witnesses still. */
  bounds(set: RecordSet): readonly Beacon[] {
    const context = witnessContext(set)
    return this.#store.beacons.all().flatMap(({ text }) => {
      try {
        return [decodeBeacon(context, text)]
      } catch (error) {
        // Of somebody who is no witness any more, or has other keys: it bounds nothing now.
        if (error instanceof MembershipError) return []
        throw error
      }
    })
  }

  /**
   * What this node has to do as a witness, where it is or may become one.
   *
   * The time of a witness that was off stands still, and others put it forward. Where there are no others its own
   * wall clock is all that there is; where too few are left, whoever starts it may vouch for that clock.
   */
  duty({ signer, set, clock, trustClock }: DutyWish): WitnessDuty {
    const nowMs = clock.monotonicMs()
    const from = this.#state() ?? { firstWallMs: clock.wallMs() }
    const { witnesses } = set.tree.tip
    const isAlone = witnesses.length === 1 && witnesses[0]?.did === signer.did
    const vouchedMs = isAlone || trustClock ? clock.wallMs() : 0
    return new WitnessDuty({ witness: signer, from, vouchedMs, nowMs })
  }

  /** Uses up the numbers of a statement; durable when this returns. */
  reserve(state: WitnessState): void {
    const { witness, witnessState } = this.#store
    if (state.seq > (witness.last() ?? 0)) witness.reserve(state.seq)
    const { seq, timeMs, checkpoint = null } = state
    witnessState.write(JSON.stringify({ seq, timeMs, checkpoint }))
  }

  /**
   * Keeps the newest beacons; one that is known already is left.
   *
   * Each by itself: a witness that has come back under other keys with an earlier time keeps nobody else's out, and
   * its own bound stays the one that it had.
   *
   * @throws StorageError the first of what kept one out, once all have been looked at
   */
  keep(beacons: readonly Beacon[]): void {
    const known = new Map(this.#store.beacons.all().map((each) => [each.witness, each.seq]))
    const errors: StorageError[] = []
    for (const { witness, seq, timeMs, text } of beacons) {
      if (seq <= (known.get(witness) ?? 0)) continue
      try {
        this.#store.beacons.advance({ witness, seq, timeMs, text })
      } catch (error) {
        if (!(error instanceof StorageError)) throw error
        errors.push(error)
      }
    }
    const [first] = errors
    if (first !== undefined) throw first
  }

  #state(): WitnessState | undefined {
    const text = this.#store.witnessState.read()
    if (text === undefined) return undefined
    const parsed = STATE.safeParse(jsonOf(text))
    if (!parsed.success) {
      throw new NodeError('records-altered', 'warren.db holds a witness state that is none')
    }
    const { timeMs, checkpoint } = parsed.data
    // The sequence is the one that was flushed first.
    const seq = Math.max(parsed.data.seq, this.#store.witness.last() ?? 0)
    return { seq, timeMs, checkpoint: checkpoint ?? undefined }
  }
}

/** Undefined where the text is no JSON: then it is no state either. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Whoever asks says what is wrong.
    return undefined
  }
}
