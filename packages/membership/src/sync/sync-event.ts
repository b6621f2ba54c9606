import type { WitnessState } from '../freshness/witness-duty.ts'

/** Something that happened to a node, as far as its records are concerned. */
export type SyncEvent =
  /** A neighbour is connected and admitted, and nothing but records passes yet. */
  | { readonly type: 'connected'; readonly link: string; readonly did: string }
  | { readonly type: 'disconnected'; readonly link: string }
  /** Bytes from the records channel of a connection, in order. */
  | { readonly type: 'message'; readonly link: string; readonly bytes: Uint8Array }
  /** Bytes that came by gossip; `ref` names them in the verdict. */
  | { readonly type: 'gossip'; readonly ref: number; readonly bytes: Uint8Array }
  /** What the `store` effect with this number asked for is durable. */
  | { readonly type: 'stored'; readonly batch: number }
  | { readonly type: 'store-failed'; readonly batch: number }
  /** Records made on this machine; `ref` names them in the answers. */
  | { readonly type: 'submit'; readonly ref: number; readonly texts: readonly string[] }
  /** Records that somebody shows to be admitted by: judged, kept, and passed on like those of a neighbour. */
  | { readonly type: 'offer'; readonly ref: number; readonly texts: readonly string[] }
  /** The number that a `reserve` effect asked for is durable. */
  | {
      readonly type: 'reserved'
      readonly what: 'beacon' | 'checkpoint'
      readonly state: WitnessState
    }
  /** The time that the last `wake` effect asked for has come. */
  | { readonly type: 'wake' }
