/**
 * A duplex byte stream made for one call, with an explicit end: the port through which this
 * package reaches another node. The network's call stream satisfies it.
 */
export interface MeshStream {
  /** Resolves when more may be written, so that waiting for it is back-pressure; rejects when the stream is gone. */
  write(bytes: Uint8Array): Promise<void>
  /** Writes the last bytes, if there are any, as `write` does, and says that nothing more comes from this side. */
  end(last?: Uint8Array): Promise<void>
  /**
   * What the other side writes. Ends after its explicit end and throws on anything else
   * (truncation, reset, error). One consumer; not reading it is back-pressure to the other side.
   */
  readonly bytes: AsyncIterable<Uint8Array>
  /** Ends both directions now. May be called again, without effect. */
  abort(reason: Error): void
  /**
   * Aborted when the stream is over in any way. A coded reason that is neither `call-ended-by-peer`
   * nor `stream-reset` says that the other side has been lost, not that it has given the stream up.
   */
  readonly signal: AbortSignal
  /** Names the call session, on both sides and nowhere else, where the transport agrees one. */
  readonly transcriptHash?: Uint8Array
}

/** Opens one stream to the node that owns the server. */
export type OpenStream = (signal: AbortSignal) => Promise<MeshStream>
