import type { MembershipError } from '../membership-error.ts'
import type { WitnessState } from '../freshness/witness-duty.ts'
import type { Beacon } from '../records/beacon.ts'
import type { MeshRecord } from '../records/mesh-record.ts'

/** What the node has to do, in this order. */
export type SyncEffect =
  /** What is said of these DIDs may have changed, or of anybody: enforcement hangs here, before anything is written or sent. */
  | { readonly type: 'changed'; readonly dids: readonly string[] | 'all' }
  /** Make these durable, all or none, and answer with `stored`. */
  | { readonly type: 'store'; readonly batch: number; readonly records: readonly MeshRecord[] }
  | { readonly type: 'send'; readonly link: string; readonly bytes: Uint8Array }
  | { readonly type: 'gossip'; readonly bytes: Uint8Array }
  /** What is to be done with bytes that came by gossip. */
  | { readonly type: 'verdict'; readonly ref: number; readonly verdict: GossipWord }
  /** What came of the texts of a `submit`. */
  | {
      readonly type: 'judged'
      readonly ref: number
      /** Those that are in the set now, or were before. */
      readonly ids: readonly string[]
      readonly refused: readonly MembershipError[]
    }
  /** Whether what was taken up of a `submit` is durable. */
  | { readonly type: 'submitted'; readonly ref: number; readonly durable: boolean }
  /** Make the number of a statement of this witness durable, and answer with `reserved`; nothing is signed before. */
  | {
      readonly type: 'reserve'
      readonly what: 'beacon' | 'checkpoint'
      readonly state: WitnessState
    }
  /** Keep these, so that nothing older is believed after a restart. */
  | { readonly type: 'keep'; readonly beacons: readonly Beacon[] }
  /** The connection may be used for everything now. */
  | { readonly type: 'settle'; readonly link: string }
  | { readonly type: 'cut'; readonly link: string; readonly code: string }
  /** Ask again at this monotonic time; replaces the one before. */
  | { readonly type: 'wake'; readonly atMs: number }
  | { readonly type: 'alarm'; readonly code: string; readonly message: string }

/** Pass it on, drop it, or hold it against who passed it on. */
export type GossipWord = 'accept' | 'ignore' | 'reject'
