/** The messages of one window, made as they are sent. */
export type Messages = Iterable<Uint8Array>

/** A receiver that can be written to. */
export interface DeliverySession {
  /** Why the receiver was lost, where it goes on being reached after a delivery; what it had may be lost with it. */
  readonly failure: Error | undefined
  /**
   * Sends messages; resolves when the receiver has them, as far as its transport can tell.
   *
   * @throws ExportError
   */
  deliver(messages: Messages, signal: AbortSignal): Promise<void>
  /** Lets go of the receiver at once. */
  close(): void
}

/** A way to a receiver. */
export interface Delivery {
  /** Whether what it calls delivered is on a disk; else the last window counts only when the next one is delivered. */
  readonly isDurable: boolean
  /**
   * Reaches the receiver, without sending it anything of the log.
   *
   * @throws ExportError
   */
  open(signal: AbortSignal): Promise<DeliverySession>
}
